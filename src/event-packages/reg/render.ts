import { createHash } from 'node:crypto';
import type { ResourceView } from '../../model/views.ts';
import { XmlWriter } from '../../xml/write.ts';
import { accountUri } from '../account-uri.ts';
import type { Rendered, RenderRequest } from '../event-package.ts';

export const mediaType = 'application/reginfo+xml';
export const namespace = 'urn:ietf:params:xml:ns:reginfo';

/** The one registration of a document. */
const registrationId = 'r';
/** Contacts come from the network. */
const mostContacts = 50;
const longestUri = 500;

/**
 * RFC 3680 5, always a full document. Of contacts that the PBX only counts the document says no more than that there is one.
 * What ended, a contact or the registration, is said once, then it is missing or `init` (RFC 3680 4.7.1): as expired, for
 * the PBX does not tell why, and a phone that reads so of itself registers again.
 */
export function renderRegistration(view: ResourceView, request: RenderRequest): Rendered {
  const active = view.contacts > 0;
  const xml = new XmlWriter('UTF-8');
  xml.open('reginfo', { xmlns: namespace, version: String(request.version), state: 'full' });
  const state = active ? 'active' : request.shown.length > 0 ? 'terminated' : 'init';
  xml.open('registration', { aor: accountUri(view.aor), id: registrationId, state });
  const uris = active ? usable(view.contactUris ?? []) : [];
  // What was shown are the registration and its contacts. Where the PBX only counts them now, it does not say that one is gone.
  const known = active && uris.length === 0 ? [] : usable(request.shown);
  for (const uri of known.filter((one) => !uris.includes(one))) writeContact(xml, uri, 'terminated', 'expired');
  for (const uri of uris) writeContact(xml, uri, 'active', 'registered');
  const shown = active ? [registrationId, ...uris] : [];
  return { bodies: [{ contentType: mediaType, content: xml.end(), covers: 'full' }], shown };
}

function writeContact(xml: XmlWriter, uri: string, state: 'active' | 'terminated', event: string): void {
  xml
    .open('contact', { id: contactId(uri), state, event })
    .leaf('uri', {}, uri)
    .close();
}

/** RFC 3261 25.1, as far as it tells a URI from what would break a reader's. */
const sipUri =
  /^sips?:(?:(?:[\w.!~*'()&=+$,;?/:-]|%[\da-f]{2})+@)?(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?(?:[;?](?:[\w.!~*'()&=+$,;?/:@[\]-]|%[\da-f]{2})*)?$/i;

/** Without what is no URI that a reader could use. */
function usable(uris: readonly string[]): readonly string[] {
  const fitting = uris.filter((uri) => uri.length <= longestUri && sipUri.test(uri));
  return [...new Set(fitting)].slice(0, mostContacts);
}

/** The same contact has the same id in every document. */
function contactId(uri: string): string {
  return createHash('sha256').update(uri).digest('base64url').slice(0, 16);
}
