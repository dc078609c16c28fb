import type { SipRequest } from '../engine.ts';
import { readParty } from '../message/party.ts';
import { parseUri, type SipUri } from '../message/uri.ts';
import { bracketed } from '../own-contact.ts';
import type { Places } from '../places.ts';
import type { OwnPlaces } from './own-places.ts';
import type { LearntPhone, Registrations } from './ports.ts';
import { type RouteValue, readRoutes } from './routes.ts';
import type { DialogTokens, DialogWay } from './tokens.ts';

/** A request after RFC 3261 16.4: as if it had come without what was only meant to bring it here. */
export interface Arrived {
  readonly uri: string;
  readonly target: SipUri;
  /** Route values that are left, top to bottom. */
  readonly routes: readonly string[];
  /** One of them leads to somebody who is not the upstream. */
  readonly foreign: boolean;
  /** From our Record-Route; null: none came back. */
  readonly way: DialogWay | null;
  /** From our Path, or from the Contact that we gave the PBX; null: none, or nobody's any more. */
  readonly phone: LearntPhone | null;
  /** The Request-URI is a Contact that we gave the PBX. */
  readonly isContact: boolean;
  /** The name of a phone or a dialog of ours that is nobody's: forged, ended, or not there yet; null: it has none. */
  readonly stale: string | null;
}

interface Knowledge {
  readonly own: Pick<OwnPlaces, 'has'>;
  readonly upstreams: { isNamed(uri: SipUri): boolean };
  readonly places: Pick<Places, 'isThisMachine'>;
  readonly registrations: Pick<Registrations, 'forToken'>;
  readonly tokens: Pick<DialogTokens, 'open'>;
}

interface Own {
  readonly way: DialogWay | null;
  readonly phone: LearntPhone | null;
}

/** The parameter of the Contacts that we give the PBX. */
const contactParam = 'lamp';

/**
 * Takes our own Routes off the top, undoes a strict router's work and an `maddr` that is ours; null: Route is malformed.
 *
 * @param fromPhone its first Route in a new dialog is how it came here, by whatever name it knows us
 */
export function withoutOurs(request: SipRequest, target: SipUri, fromPhone: boolean, facts: Knowledge): Arrived | null {
  const read = readRoutes(request.headers('Route'));
  if (read === null) return null;
  const callId = request.header('Call-ID') ?? '';
  const strict = afterStrictRouter(request.uri, target, read, callId, facts);
  const { way, phone, stale, left } = stripped(strict.routes, callId, facts);
  const first = left[0];
  const isArrival =
    fromPhone &&
    first !== undefined &&
    left.length === strict.routes.length &&
    strict.way === null &&
    toTagOf(request) === null &&
    !facts.upstreams.isNamed(first.uri);
  const routes = isArrival ? left.slice(1) : left;
  const plain = withoutOwnMaddr(strict.uri, strict.target, facts);
  const lamp = plain.target.params.get(contactParam);
  // COMPAT(Asterisk, rewrite_contact=yes): address and port may be those that a REGISTER came from, of a connection that we
  // dialled, say; nobody guesses the token
  const contacted = lamp ? facts.registrations.forToken(lamp) : null;
  return {
    ...plain,
    routes: routes.map(({ text }) => text),
    foreign: routes.some(({ uri }) => !facts.upstreams.isNamed(uri)),
    way: strict.way ?? way,
    phone: phone ?? contacted,
    isContact: contacted !== null,
    stale: stale ?? (lamp && contacted === null ? lamp : null),
  };
}

/** RFC 3261 16.4: our Record-Route as Request-URI is the work of a strict router, which has put the target last. */
function afterStrictRouter(
  uri: string,
  target: SipUri,
  routes: readonly RouteValue[],
  callId: string,
  { tokens }: Knowledge,
): { uri: string; target: SipUri; routes: readonly RouteValue[]; way: DialogWay | null } {
  const way = target.user === null ? null : tokens.open(target.user, callId);
  const last = routes.at(-1);
  if (way === null || last === undefined) return { uri, target, routes, way };
  return { uri: last.uriText, target: last.uri, routes: routes.slice(0, -1), way };
}

function stripped(routes: readonly RouteValue[], callId: string, facts: Knowledge) {
  let way: DialogWay | null = null;
  let phone: LearntPhone | null = null;
  let stale: string | null = null;
  let count = 0;
  for (const { uri } of routes) {
    const own = ownRoute(uri, callId, facts);
    if (own === null) break;
    way ??= own.way;
    phone ??= own.phone;
    if (own.way === null && own.phone === null) stale ??= uri.user;
    count += 1;
  }
  return { way, phone, stale, left: routes.slice(count) };
}

/** What a Route of ours says; null: it is not ours. One that is signed is, whatever name or address it has. */
function ownRoute(uri: SipUri, callId: string, { own, tokens, registrations }: Knowledge): Own | null {
  const { user } = uri;
  const way = user === null ? null : tokens.open(user, callId);
  if (way !== null) return { way, phone: null };
  if (!own.has(uri)) return null;
  return { way: null, phone: user === null ? null : registrations.forToken(user) };
}

/** RFC 3261 16.4: an `maddr` that is this machine goes, and port and transport with it. */
function withoutOwnMaddr(uri: string, target: SipUri, { own, places }: Knowledge): { uri: string; target: SipUri } {
  const maddr = target.params.get('maddr');
  const host = maddr?.replace(/^\[(.*)\]$/, '$1') ?? '';
  if (!maddr || !places.isThisMachine(host) || !own.has({ ...target, host })) return { uri, target };
  const params = [...target.params]
    .filter(([name]) => name !== 'maddr' && name !== 'transport')
    .map(([name, value]) => (value === null ? `;${name}` : `;${name}=${value}`));
  const user = target.rawUser === null ? '' : `${target.rawUser}@`;
  const text = `${target.scheme}:${user}${bracketed(target.host)}${params.join('')}`;
  return { uri: text, target: parseUri(text) ?? target };
}

/** Of To; null: the request is outside of any dialog. */
export function toTagOf(request: SipRequest): string | null {
  const to = request.parts === undefined ? readParty(request.header('To') ?? '') : request.parts.to;
  return to?.tag ?? null;
}
