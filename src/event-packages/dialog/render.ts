import { type Aor, aorOf, domainOf, userOf } from '../../model/aor.ts';
import type { Party } from '../../model/dialog-state.ts';
import type { PhoneProfile } from '../../model/profile.ts';
import type { ResourceView } from '../../model/views.ts';
import { type Markup, XmlWriter } from '../../xml/write.ts';
import { accountUri } from '../account-uri.ts';
import type { Rendered, RenderRequest } from '../event-package.ts';
import { type LampDialog, lampOf, type SipKeys } from './lamp.ts';
import { anonymousName, anonymousUri, mediaType, namespace } from './words.ts';

/** Names come from the network; a lamp has room for no longer ones, and a datagram neither. */
const maxNameLength = 128;
const maxNumberLength = 64;

/** RFC 4235 4: always a full document, valid but for `display`, which the text of 4.1.6.1 names and phones read. */
export function renderDialogs(view: ResourceView, request: RenderRequest): Rendered {
  const { document, shown } = written(view, request);
  const content = `${document.before}${request.version}${document.after}`;
  return { bodies: [{ contentType: mediaType, content, covers: 'full' }], shown };
}

/** What stands before the version and after it: the same for all watchers who subscribed by one name. */
interface Document {
  readonly entity: string;
  readonly before: string;
  readonly after: string;
  /** The dialogs in it, for a document by another name: cut out, so that no second copy lives as long. */
  readonly dialogs: Markup;
}

function documentOf(entity: string, dialogs: Markup): Document {
  const xml = new XmlWriter('UTF-8'); // RFC 4235 4
  xml.open('dialog-info', {
    xmlns: namespace,
    version: '0',
    state: 'full', // RFC 4235 4.3: a lost document heals with the next one
    entity, // as subscribed: Snom compares the whole string
  });
  const text = xml.put(dialogs).end();
  const at = text.indexOf(versionStart) + versionStart.length;
  const end = text.length - documentEnd.length;
  const cut = text.slice(end - dialogs.length, end) as Markup;
  return { entity, before: text.slice(0, at), after: text.slice(at + 1), dialogs: cut };
}

const documentEnd = '</dialog-info>';

const versionStart = `${namespace}" version="`;

/** What the dialogs of a document depend on, beside the view. */
type Wanted = Pick<RenderRequest, 'profile' | 'occasion' | 'shown'> & {
  /** What this watcher is given to take a ringing call with. */
  readonly pickup: PhoneProfile['pickup'];
};

interface Written {
  /** For him who came last. */
  for: Wanted;
  shown: readonly string[];
  readonly dialogs: readonly LampDialog[];
  document: Document;
}

/**
 * What was written last for each view: the thousand watchers of an extension differ in nothing but the version, or in
 * the name they call it by (-5 us each). A view never changes; a new truth is a new view.
 */
const lastWritten = new WeakMap<ResourceView, Written>();

function written(view: ResourceView, request: RenderRequest): Pick<Written, 'document' | 'shown'> {
  const { profile, occasion, shown: before, entity } = request;
  const pickup = profile.pickup === 'none' || !request.mayPickUp ? 'none' : profile.pickup;
  const last = lastWritten.get(view);
  const isLike = last !== undefined && last.for.pickup === pickup && isAlike(last.for, request);
  const lamp = isLike ? last : lampOf(view, request);
  const wanted: Wanted = isLike ? last.for : { profile, occasion, shown: before, pickup };
  if (isLike || (last !== undefined && saysTheSame(last, wanted, lamp.dialogs))) {
    last.for = wanted;
    last.shown = lamp.shown;
    if (last.document.entity === entity) return last;
    const document = documentOf(entity, last.document.dialogs);
    // by this name it is called for its entity tag, and by no phone
    if (entity === view.aor) return { document, shown: lamp.shown };
    last.document = document;
    return last;
  }
  const xml = new XmlWriter('UTF-8', 'piece');
  for (const each of lamp.dialogs) writeDialog(xml, each, view, wanted);
  const { dialogs, shown } = lamp;
  const made = { for: wanted, shown, dialogs, document: documentOf(entity, xml.end()) };
  lastWritten.set(view, made);
  return made;
}

/** On another occasion, or to one who was shown something else, and all the same. */
function saysTheSame(last: Written, { profile, pickup }: Wanted, dialogs: readonly LampDialog[]): boolean {
  if (last.for.profile !== profile || last.for.pickup !== pickup || last.dialogs.length !== dialogs.length)
    return false;
  return dialogs.every((one, at) => {
    const other = last.dialogs[at];
    return other !== undefined && isSameDialog(one, other);
  });
}

/** Of one view, whose calls are always the same objects. */
function isSameDialog(one: LampDialog, other: LampDialog): boolean {
  if (one.id !== other.id || one.phase !== other.phase || one.direction !== other.direction) return false;
  return one.holding === other.holding && one.remote === other.remote && isSameSip(one.sip, other.sip);
}

function isSameSip(one: SipKeys | undefined, other: SipKeys | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.callId === other.callId && one.localTag === other.localTag && one.remoteTag === other.remoteTag;
}

function isAlike(a: Wanted, b: RenderRequest): boolean {
  if (a.profile !== b.profile || a.occasion !== b.occasion) return false;
  return a.shown === b.shown || (a.shown.length === b.shown.length && a.shown.every((id, at) => id === b.shown[at]));
}

/** Element order of the schema, RFC 4235 4.4. */
function writeDialog(xml: XmlWriter, dialog: LampDialog, view: ResourceView, { profile, pickup }: Wanted): void {
  const means = rings(dialog) ? pickup : 'none';
  xml.open('dialog', { id: dialog.id, ...(means === 'replaces' ? keysOf(dialog) : {}), direction: dialog.direction });
  xml.leaf('state', {}, dialog.phase);
  if (dialog.phase !== 'terminated') {
    writeLocal(xml, view, dialog.holding, profile);
    const identity = dialog.remote === undefined ? null : identify(dialog.remote, domainOf(view.aor), profile);
    writeRemote(xml, identity, pickupTarget(view.aor, means, profile) ?? identity?.uri);
  }
  xml.close();
}

/** Only what rings can be picked up: with the keys of an answered call it could be taken over. */
function rings({ phase, direction }: LampDialog): boolean {
  return direction === 'recipient' && (phase === 'early' || phase === 'proceeding');
}

/** The dialog between PBX and phone as RFC 4235 4.1.1 sees it, from the phone: our `local` is the PBX. All, or none. */
function keysOf({ sip }: LampDialog): Readonly<Record<string, string>> {
  if (sip === undefined) return {};
  return { 'call-id': sip.callId, 'local-tag': sip.remoteTag, 'remote-tag': sip.localTag };
}

/** An INVITE there must reach the PBX, whoever is calling (a caller at `anonymous.invalid` cannot be asked). */
function pickupTarget(aor: Aor, means: PhoneProfile['pickup'], { pickupCode }: PhoneProfile): string | undefined {
  if (means === 'none') return undefined;
  return accountUri(means === 'code' ? aorOf(`${pickupCode}${userOf(aor)}`, domainOf(aor)) : aor);
}

/** RFC 4235 5.2: `no` on the local target of the holder; without it again on resume, as no target means no change (4.1.6.2). */
function writeLocal(xml: XmlWriter, view: ResourceView, holding: boolean, profile: PhoneProfile): void {
  const uri = accountUri(view.aor);
  xml.open('local').leaf('identity', { display: displayOf(view.displayName) }, uri);
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

function writeRemote(xml: XmlWriter, identity: Identity | null, target: string | undefined): void {
  if (target === undefined) return;
  xml.open('remote');
  if (identity !== null) xml.leaf('identity', { display: identity.display }, identity.uri);
  xml.leaf('target', { uri: target }).close();
}

/** Who is at the other end, as far as this phone may know; null where nothing shall or can be said. */
function identify(party: Party, host: string, profile: PhoneProfile): Identity | null {
  if (profile.identities === 'none') return null;
  // Said, not left out: what was shown before a call became anonymous must go away (RFC 4235 4.1.6.2).
  if (profile.identities !== 'full' && !party.presentable) return { uri: anonymousUri, display: anonymousName };
  const display = displayOf(party.name);
  const number = printable(party.number ?? '').slice(0, maxNumberLength);
  if (number !== '') return { uri: accountUri(aorOf(number, host)), display };
  return display === undefined ? null : { uri: anonymousUri, display };
}

function displayOf(name: string | null): string | undefined {
  const display = printable(name ?? '')
    .trim()
    .slice(0, maxNameLength);
  return display === '' ? undefined : printable(display);
}

/** Without control characters and lone surrogates. */
function printable(text: string): string {
  return /^[ -~]*$/.test(text) ? text : text.replace(/[\p{Cc}\p{Cs}]/gu, '');
}
