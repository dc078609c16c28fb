import { createHash } from 'node:crypto';
import type { ResourceView } from '../../model/views.ts';
import { XmlWriter } from '../../xml.ts';
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
 * RFC 3680 5, always a full document: a contact that is not in it any more is gone. Of contacts that the PBX only counts
 * the document says no more than that there is one. What ended is said once, then `init` (RFC 3680 4.7.1).
 */
export function renderRegistration(view: ResourceView, request: RenderRequest): Rendered {
  const active = view.contacts > 0;
  const xml = new XmlWriter('UTF-8');
  xml.open('reginfo', { xmlns: namespace, version: String(request.version), state: 'full' });
  const state = active ? 'active' : request.shown.length > 0 ? 'terminated' : 'init';
  xml.open('registration', { aor: accountUri(view.aor), id: registrationId, state });
  for (const uri of active ? urisOf(view) : []) {
    xml.open('contact', { id: contactId(uri), state: 'active', event: 'registered' });
    xml.leaf('uri', {}, uri).close();
  }
  const shown = active ? [registrationId] : [];
  return { bodies: [{ contentType: mediaType, content: xml.end(), covers: 'full' }], shown };
}

/** Without what is no URI that a reader could use. */
function urisOf({ contactUris = [] }: ResourceView): readonly string[] {
  const usable = contactUris.filter((uri) => uri.length <= longestUri && /^sips?:[!-~]+$/i.test(uri));
  return [...new Set(usable)].slice(0, mostContacts);
}

/** The same contact has the same id in every document. */
function contactId(uri: string): string {
  return createHash('sha256').update(uri).digest('base64url').slice(0, 16);
}
