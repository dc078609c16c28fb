import { domainOf, userOf } from '../../model/aor.ts';
import type { Party } from '../../model/dialog-state.ts';
import type { PhoneProfile } from '../../model/profile.ts';
import type { ResourceView } from '../../model/views.ts';
import { type Markup, XmlWriter } from '../../xml.ts';
import type { Rendered, RenderRequest } from '../event-package.ts';
import { type LampDialog, lampOf } from './lamp.ts';
import { anonymousName, anonymousUri, mediaType, namespace } from './words.ts';

/** Names come from the network; a lamp has room for no longer ones, and a datagram neither. */
const maxNameLength = 128;
const maxNumberLength = 64;

/** RFC 4235 4: always a full document, valid but for `display`, which the text of 4.1.6.1 names and phones read. */
export function renderDialogs(view: ResourceView, request: RenderRequest): Rendered {
  const { dialogs, shown } = writtenDialogs(view, request);
  const xml = new XmlWriter('UTF-8'); // RFC 4235 4
  xml.open('dialog-info', {
    xmlns: namespace,
    version: String(request.version),
    state: 'full', // RFC 4235 4.3: a lost document heals with the next one
    entity: request.entity, // as subscribed: Snom compares the whole string
  });
  return { bodies: [{ contentType: mediaType, content: xml.put(dialogs).end(), covers: 'full' }], shown };
}

/** The dialogs of a document, and what they were made from. */
interface Written {
  readonly for: Pick<RenderRequest, 'profile' | 'occasion' | 'shown'>;
  readonly dialogs: Markup;
  readonly shown: readonly string[];
}

/**
 * What was written last for each view: the thousand watchers of an extension differ in nothing but entity and version
 * (-4 us each). A view never changes; a new truth is a new view.
 */
const lastWritten = new WeakMap<ResourceView, Written>();

function writtenDialogs(view: ResourceView, request: RenderRequest): Written {
  const last = lastWritten.get(view);
  if (last !== undefined && isAlike(last.for, request)) return last;
  const { profile, occasion, shown: before } = request;
  const lamp = lampOf(view, request);
  const xml = new XmlWriter('UTF-8', 'piece');
  const local = { number: userOf(view.aor), name: view.displayName, host: domainOf(view.aor) };
  for (const each of lamp.dialogs) writeDialog(xml, each, local, profile);
  const written = { for: { profile, occasion, shown: before }, dialogs: xml.end(), shown: lamp.shown };
  lastWritten.set(view, written);
  return written;
}

function isAlike(a: Written['for'], b: Written['for']): boolean {
  if (a.profile !== b.profile || a.occasion !== b.occasion || a.shown.length !== b.shown.length) return false;
  return a.shown === b.shown || a.shown.every((id, index) => id === b.shown[index]);
}

interface Self {
  readonly number: string;
  readonly name: string | null;
  readonly host: string;
}

/** Element order of the schema, RFC 4235 4.4. No call-id and no tags: they are keys to take the call over. */
function writeDialog(xml: XmlWriter, dialog: LampDialog, self: Self, profile: PhoneProfile): void {
  xml.open('dialog', { id: dialog.id, direction: dialog.direction });
  xml.leaf('state', {}, dialog.phase);
  if (dialog.phase !== 'terminated') {
    writeLocal(xml, self, dialog.holding, profile);
    const remote = dialog.remote === undefined ? null : identify(dialog.remote, self.host, profile);
    if (remote !== null) writeRemote(xml, remote);
  }
  xml.close();
}

/** RFC 4235 5.2: `no` on the local target of the holder; without it again on resume, as no target means no change (4.1.6.2). */
function writeLocal(xml: XmlWriter, self: Self, holding: boolean, profile: PhoneProfile): void {
  const uri = sipUri(self.number, self.host);
  xml.open('local').leaf('identity', { display: displayOf(self.name) }, uri);
  if (holding) {
    xml.open('target', { uri });
    xml.leaf('param', { pname: '+sip.rendering', [profile.paramAttr]: 'no' });
    xml.close();
  } else {
    xml.leaf('target', { uri });
  }
  xml.close();
}

interface Identity {
  readonly uri: string;
  readonly display: string | undefined;
}

function writeRemote(xml: XmlWriter, { uri, display }: Identity): void {
  xml.open('remote').leaf('identity', { display }, uri).leaf('target', { uri }).close();
}

/** Who is at the other end, as far as this phone may know; null where nothing shall or can be said. */
function identify(party: Party, host: string, profile: PhoneProfile): Identity | null {
  if (profile.identities === 'none') return null;
  // Said, not left out: what was shown before a call became anonymous must go away (RFC 4235 4.1.6.2).
  if (profile.identities !== 'full' && !party.presentable) return { uri: anonymousUri, display: anonymousName };
  const display = displayOf(party.name);
  const number = printable(party.number ?? '').slice(0, maxNumberLength);
  if (number !== '') return { uri: sipUri(number, host), display };
  return display === undefined ? null : { uri: anonymousUri, display };
}

function displayOf(name: string | null): string | undefined {
  const display = printable(name ?? '')
    .trim()
    .slice(0, maxNameLength);
  return display === '' ? undefined : printable(display);
}

/** RFC 3261 25.1: everything but unreserved and user-unreserved characters is escaped. */
function sipUri(user: string, host: string): string {
  const escaped = /^[\w.!~*'()&=+$,;?/-]*$/.test(user)
    ? user
    : encodeURIComponent(printable(user)).replace(/%(?:26|3D|2B|24|2C|3B|3F|2F)/g, decodeURIComponent);
  return `sip:${escaped}@${host}`;
}

/** Without control characters and lone surrogates. */
function printable(text: string): string {
  return /^[ -~]*$/.test(text) ? text : text.replace(/[\p{Cc}\p{Cs}]/gu, '');
}
