import { type DialogId, isSameFlow } from '../dialog.ts';
import { type Flow, isStream, type SipAnswer, type SipRequest } from '../engine.ts';
import { isToken, readEvent, splitLines } from '../headers.ts';
import { readParty } from '../message/party.ts';
import { parseUri, type SipUri } from '../message/uri.ts';
import { parseVia } from '../message/via.ts';
import { contactUser } from '../own-contact.ts';
import type { Places } from '../places.ts';
import type { OwnPlaces } from './own-places.ts';
import type { LearntPhone, Registrations } from './ports.ts';
import { type Arrived, toTagOf, withoutOurs } from './preprocess.ts';
import type { DialogTokens } from './tokens.ts';
import { unclear } from './unclear.ts';

/** Who a source is: the upstream of this index, and whether nobody else can be there; null: a phone. */
export type WhoseSource = { readonly index: number; readonly certain: boolean } | null;

/** What a decision is made of. All of it answers at once. */
export interface Facts {
  readonly own: Pick<OwnPlaces, 'has'>;
  readonly upstreams: { whose(flow: Flow): WhoseSource; isNamed(uri: SipUri): boolean };
  readonly places: Pick<Places, 'aorFor' | 'isThisMachine'>;
  readonly registrations: Pick<Registrations, 'forToken'>;
  readonly tokens: Pick<DialogTokens, 'open'>;
  /** Event packages served here: to be subscribed to, and to be published. */
  readonly subscribes: ReadonlySet<string>;
  readonly publishes: ReadonlySet<string>;
  /** Whether a NOTIFY of the PBX outside of any dialog may reach a phone. */
  readonly unsolicited: 'pbx' | 'never';
  /** True: a dialog of ours. */
  readonly ownsDialog: (id: DialogId) => boolean;
}

export interface ToPbx {
  readonly kind: 'to-pbx';
  readonly uri: string;
  /** Route values that are left. */
  readonly routes: readonly string[];
  /** Where the dialog lives; null: a new one, any will do. */
  readonly upstream: number | null;
}

export interface ToPhone {
  readonly kind: 'to-phone';
  readonly uri: string;
  readonly routes: readonly string[];
  /** In order of preference. */
  readonly flows: readonly Flow[];
  /** The registration, where it is known. */
  readonly phone: LearntPhone | null;
  /** Whose request it is. */
  readonly upstream: number;
}

export type Decision =
  | { readonly kind: 'serve' }
  /** Of an ACK: it is dropped. `unless`: a registration of this name is under way. */
  | { readonly kind: 'answer'; readonly answer: SipAnswer; readonly unless?: string | null }
  | ToPbx
  | ToPhone;

/** A token of ours that a request showed, and where it leads. */
interface Shown {
  readonly phone: LearntPhone | null;
  readonly flows: readonly Flow[];
}

const serve: Decision = { kind: 'serve' };

/** RFC 3261 16.3 to 16.5, but for loops: who is served here, who goes on, and where to. Keeps nothing. */
export function decide(request: SipRequest, facts: Facts): Decision {
  const { method } = request;
  // COMPAT(pjsip): it reads `notify` as NOTIFY, which RFC 3261 7.1 does not
  if (/[a-z]/.test(method)) return answer(501);
  const target = request.parts?.target ?? parseUri(request.uri);
  if (target === null) return answer(400, 'Bad Request-URI');
  const source = facts.upstreams.whose(request.flow);
  const arrived = withoutOurs(request, target, source?.certain !== true, facts);
  if (arrived === null) return answer(400, 'Bad Route');
  const shown = shownBy(arrived, facts);
  if (source !== null && (source.certain || isElsewhere(shown, request.flow))) {
    return ofPbx(request, arrived, shown, source.index, facts);
  }
  // of the PBX as well, for what would a phone want with it? Sent on it would be back at once.
  if (source !== null && arrived.stale !== null) {
    const status = toTagOf(request) === null ? 404 : 481;
    return { kind: 'answer', answer: { status }, unless: arrived.stale };
  }
  return ofPhone(request, arrived, facts);
}

function ofPhone(request: SipRequest, arrived: Arrived, facts: Facts): Decision {
  const { method } = request;
  const { way } = arrived;
  if (way === null && isServed(request, arrived, facts)) return serve;
  // security: a NOTIFY from outside of any dialog goes nowhere, or a PBX that is a proxy would bring it to a phone
  if (method === 'NOTIFY' && (way === null || toTagOf(request) === null)) return answer(481);
  const refusal = refusalOf(request, arrived) ?? unclear(request) ?? straying(request, arrived, facts);
  if (refusal !== null) return refusal === 'serve' ? serve : { kind: 'answer', answer: refusal };
  return { kind: 'to-pbx', uri: arrived.uri, routes: arrived.routes, upstream: way?.upstream ?? null };
}

function ofPbx(request: SipRequest, arrived: Arrived, shown: Shown, index: number, facts: Facts): Decision {
  if (shown.flows.length === 0) {
    if (isServed(request, arrived, facts)) return serve;
    // nothing of ours says who is meant: a stray, or a PBX that was given an address by hand
    const status = toTagOf(request) !== null || request.method === 'NOTIFY' ? 481 : 404;
    return { kind: 'answer', answer: { status }, unless: arrived.stale };
  }
  const inDialog = arrived.way !== null && toTagOf(request) !== null;
  if (request.method === 'NOTIFY' && !inDialog) {
    // one that came from a phone, and comes back by a PBX that is a proxy, is not the PBX's own
    if (facts.unsolicited === 'never' || arrived.phone === null || hasPassed(request, facts)) return answer(481);
  }
  const refusal = refusalOf(request, arrived);
  if (refusal !== null) return refusal === 'serve' ? serve : { kind: 'answer', answer: refusal };
  // a Contact of ours, or an address of ours that the PBX made of the source of a request, stands for the phone's own
  const isHere = arrived.isContact || facts.own.has(arrived.target);
  const uri = shown.phone !== null && isHere ? shown.phone.contact : arrived.uri;
  return { kind: 'to-phone', uri, routes: arrived.routes, ...shown, upstream: index };
}

/** Where the tokens lead: to where the phone has registered last, else to where it was when the dialog passed. */
function shownBy({ way, phone }: Arrived, { registrations }: Facts): Shown {
  if (way === null) return phone === null ? { phone, flows: [] } : { phone, flows: [phone.flow] };
  const registered = way.phone === null ? null : registrations.forToken(way.phone);
  if (registered === null || isSameFlow(registered.flow, way.flow)) return { phone: registered, flows: [way.flow] };
  // a phone that called by TCP what was too large for the UDP of its registration: by that, once the connection is gone
  const isOther = isStream(way.flow.transport) && registered.flow.transport !== way.flow.transport;
  return { phone: registered, flows: isOther ? [way.flow, registered.flow] : [registered.flow, way.flow] };
}

/** Its phone is not the sender: so a PBX on the sender's host is. */
function isElsewhere({ flows }: Shown, flow: Flow): boolean {
  return flows.length > 0 && !flows.some((one) => isSamePeer(one, flow));
}

function isSamePeer(a: Flow, b: Flow): boolean {
  return a.transport === b.transport && a.remote.address === b.remote.address && a.remote.port === b.remote.port;
}

/** Ours: our own dialogs, what is asked of ourselves, and the packages of our domains where no foreign Route is in the way. */
function isServed(request: SipRequest, arrived: Arrived, facts: Facts): boolean {
  const { method } = request;
  const { target, routes, foreign } = arrived;
  const isHere = facts.own.has(target);
  if (isHere && target.user === contactUser) return true;
  if (method === 'CANCEL') return true; // the engine found nothing that it could mean
  const toTag = toTagOf(request);
  if (toTag !== null) return ownsDialog(request, toTag, facts);
  if (method === 'OPTIONS') return isHere && target.user === null;
  if (method !== 'SUBSCRIBE' && method !== 'PUBLISH') return false;
  if (foreign && routes.length > 0) return false;
  const event = readEvent(request.headers('Event'));
  const served = method === 'SUBSCRIBE' ? facts.subscribes : facts.publishes;
  return event.ok && served.has(event.value.event) && facts.places.aorFor(target) !== null;
}

/** It has been here before: one of its Via is ours. */
function hasPassed(request: SipRequest, { own }: Facts): boolean {
  const hops = splitLines(request.headers('Via')) ?? [];
  return hops.some((hop) => {
    const via = parseVia(hop);
    return via === null || own.has({ scheme: via.transport === 'TLS' ? 'sips' : 'sip', ...via });
  });
}

function ownsDialog(request: SipRequest, localTag: string, facts: Facts): boolean {
  const callId = request.header('Call-ID');
  const remoteTag = request.parts?.from.tag ?? readParty(request.header('From') ?? '')?.tag ?? null;
  return callId !== undefined && remoteTag !== null && facts.ownsDialog({ callId, localTag, remoteTag });
}

/** RFC 3261 16.3; `serve`: it is answered as one to ourselves. */
function refusalOf(request: SipRequest, { target }: Arrived): SipAnswer | 'serve' | null {
  const { scheme } = target;
  // step 2; RFC 5630 5.1.1.2: what was to be encrypted on every hop is not sent on in the clear
  if (scheme === 'sips') return { status: 480, headers: [['Warning', '380 lamplighter "SIPS Not Allowed"']] };
  if (scheme !== 'sip' && scheme !== 'tel') return { status: 416 };
  if (Number(request.header('Max-Forwards') ?? 70) === 0) {
    return request.method === 'OPTIONS' ? 'serve' : { status: 483 }; // step 3
  }
  const required = splitLines(request.headers('Proxy-Require'));
  if (required?.every(isToken) !== true) return { status: 400, reason: 'Malformed Proxy-Require' };
  // RFC 3261 8.2.2.3: of no meaning in an ACK
  if (required.length === 0 || request.method === 'ACK') return null;
  return { status: 420, headers: [['Unsupported', required.join(', ')]] }; // step 5
}

/** RFC 3261 16.5: `maddr` would be the next hop; nobody is sent there but the upstream. */
function straying(request: SipRequest, { target, way }: Arrived, { upstreams, places }: Facts): SipAnswer | null {
  const maddr = target.params.get('maddr');
  if (maddr === undefined || (way !== null && toTagOf(request) !== null)) return null;
  const host = maddr?.replace(/^\[(.*)\]$/, '$1') ?? '';
  return upstreams.isNamed({ ...target, host }) || places.isThisMachine(host) ? null : { status: 403 };
}

function answer(status: number, reason?: string): Decision {
  return { kind: 'answer', answer: reason === undefined ? { status } : { status, reason } };
}
