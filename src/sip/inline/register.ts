import { type Aor, aorOf } from '../../model/aor.ts';
import { granted, type Outcome, refused } from '../../model/outcome.ts';
import type { HeaderEdits, RelayedResponse, SipRequest } from '../engine.ts';
import { readExpires, readSupported, splitLines } from '../headers.ts';
import { type NameAddr, parseNameAddr } from '../message/name-addr.ts';
import { readParty } from '../message/party.ts';
import { parseUri, type SipUri } from '../message/uri.ts';
import type { Places } from '../places.ts';
import { isSameUri, tokenOf } from './contact-uri.ts';

/*
 * What is changed in a REGISTER on its way to the PBX and in its answer on the way back; pure. The PBX gets a Contact that
 * leads to us and names the phone's registration, or (RFC 3327) a Path that does; the phone gets back what it wrote.
 */

export interface RegisterTerms {
  /**
   * `path`: by Path, where the phone has said that it knows of such things (RFC 3327 5.2: else a proxy should add none;
   * Asterisk answers 420 to a Path without `Supported: path`, FreeSWITCH takes it). Every other phone: by Contact.
   */
  readonly reach: 'contact' | 'path';
  readonly places: Pick<Places, 'aorFor'>;
  /** As `LearntPhones.idOf`. */
  readonly idOf: (aor: Aor, device: string) => string;
}

export interface AskedContact {
  /** The header value as it came. */
  readonly value: string;
  /** As the phone wrote it, without angle brackets; null: no SIP URI, it goes on as it is. */
  readonly uri: string | null;
  /** Of the registration that it is, or would be; empty where `uri` is null. */
  readonly id: string;
  /** As asked for; null: the registrar chooses. */
  readonly seconds: number | null;
  /** `expires=0`, or Expires: 0. */
  readonly removed: boolean;
}

export interface AskedRegister {
  /** Whom the PBX will have accepted with a 2xx: To. */
  readonly aor: Aor;
  /** `Contact: *` */
  readonly everything: boolean;
  readonly contacts: readonly AskedContact[];
  readonly byPath: boolean;
  /** RFC 5626 5.1: the phone keeps its flow open, and asks for it to be used. */
  readonly outbound: boolean;
  /** It is for nobody but its sender (From is To), and came from the phone itself (one Via). */
  readonly proven: boolean;
  /** The user part of To, for a Contact that has none. */
  readonly user: string;
}

const mostContacts = 10;
const longestContact = 1024;
/** RFC 3261 10.2.1.1. */
const usualSeconds = 3600;
const longest = 2 ** 31 - 1;

/** Takes a REGISTER apart (RFC 3261 10.3). Refusals are answered: what is not understood must not reach the PBX. */
export function readRegister(request: SipRequest, terms: RegisterTerms): Outcome<AskedRegister> {
  const to = (request.parts?.to ?? readParty(request.header('To') ?? ''))?.uri ?? null;
  const expires = readExpires(request.headers('Expires'));
  const values = splitLines(request.headers('Contact'));
  if (to === null || (to.scheme !== 'sip' && to.scheme !== 'sips')) return malformed('To Is No SIP URI');
  if (!to.rawUser) return refused('user-missing', 'To Names No User', 404);
  if (!expires.ok) return expires;
  if (values === null) return malformed('Malformed Contact');
  if (values.length > mostContacts) return malformed('Too Many Contacts');
  const aor = aorFor(to, terms);
  const supported = readSupported(request.headers('Supported'));
  const common = { aor, user: to.rawUser, proven: isHisOwn(request, aor, terms) };
  if (values.includes('*')) {
    // RFC 3261 10.3 step 6
    if (values.length > 1 || expires.value !== 0) return malformed('Contact * Not Alone, Or Not To Remove');
    return granted({ ...common, everything: true, contacts: [], byPath: false, outbound: false });
  }
  const contacts = readContacts(values, aor, expires.value, terms.idOf);
  if (!contacts.ok) return contacts;
  const wantsPath = terms.reach === 'path' || request.headers('Path').length > 0;
  // a Contact that pretends to be one of ours is made one that is
  const pretends = contacts.value.some(({ uri }) => uri !== null && tokenOf(uri) !== null);
  return granted({
    ...common,
    everything: false,
    contacts: contacts.value,
    byPath: wantsPath && supported.includes('path') && !pretends,
    outbound: supported.includes('outbound') && values.some((value) => /;[ \t]*reg-id[ \t]*=/i.test(value)),
  });
}

function readContacts(
  values: readonly string[],
  aor: Aor,
  expires: number | null,
  idOf: RegisterTerms['idOf'],
): Outcome<readonly AskedContact[]> {
  const read: { value: string; named: NameAddr; isSip: boolean; seconds: number | null; removed: boolean }[] = [];
  for (const value of values) {
    const named = parseNameAddr(value);
    const uri = named === null ? null : parseUri(named.uri);
    const own = named?.params.get('expires');
    if (named === null || uri === null || named.uri.length > longestContact) return malformed('Unusable Contact');
    if (own !== undefined && !/^\d+$/.test(own ?? '')) return malformed('Malformed Contact Expires');
    const seconds = own === undefined ? expires : Number(own);
    read.push({ value, named, isSip: uri.scheme === 'sip' || uri.scheme === 'sips', seconds, removed: seconds === 0 });
  }
  // What stays comes first: a phone that changes its Contact removes the old one of the same instance in the same breath.
  const ids = new Map<object, string>();
  const taken = new Set<string>();
  for (const one of [...read].sort((a, b) => Number(a.removed) - Number(b.removed))) {
    const first = idOf(aor, deviceOf(one.named));
    const id = taken.has(first) && !one.removed ? idOf(aor, `${deviceOf(one.named)}\n${one.named.uri}`) : first;
    if (one.isSip) ids.set(one, id);
    if (one.isSip) taken.add(id);
  }
  return granted(
    read.map((one) => ({
      value: one.value,
      uri: one.isSip ? one.named.uri : null,
      id: ids.get(one) ?? '',
      seconds: one.seconds,
      removed: one.removed,
    })),
  );
}

/** RFC 5626 4.2: instance and flow number name a registration, whatever Contact it has at the moment. */
function deviceOf({ params, uri }: NameAddr): string {
  const instance = params.get('+sip.instance');
  return instance ? `${instance}\n${params.get('reg-id') ?? ''}` : uri;
}

function aorFor(uri: SipUri, { places }: RegisterTerms): Aor {
  return places.aorFor(uri) ?? aorOf(uri.user ?? '', uri.host);
}

/** RFC 3261 10.2: who registers for another (From is not To) is not that other, whatever the PBX allows him. */
function isHisOwn(request: SipRequest, aor: Aor, terms: RegisterTerms): boolean {
  const from = (request.parts?.from ?? readParty(request.header('From') ?? ''))?.uri ?? null;
  const isDirect = splitLines(request.headers('Via'))?.length === 1;
  const isHis = from !== null && from.user !== null && aorFor(from, terms) === aor;
  return isDirect && isHis;
}

/**
 * The headers as the PBX sees them.
 *
 * @param here where the PBX reaches us, as it stands in a URI: `192.0.2.1:5060;transport=tcp`
 */
export function outgoingEdits(request: SipRequest, asked: AskedRegister, here: string): HeaderEdits {
  const { contacts, user } = asked;
  const stays = contacts.filter(({ uri, removed }) => uri !== null && !removed);
  if (contacts.length === 0) return none; // a question, or `*`
  if (asked.byPath) {
    const [first] = stays;
    if (first === undefined) return none;
    // RFC 3327 5.2: ours is the last hop so far, and stands first
    const path = `<sip:${first.id}@${here};lr${asked.outbound ? ';ob' : ''}>`;
    return new Map([['Path', [path, ...request.headers('Path')]]]);
  }
  const alive = new Set(stays.map(({ id }) => id));
  const lines = contacts.flatMap(({ value, uri, id, removed }) => {
    if (uri === null) return [value];
    // of two that the PBX would take for one the living counts
    if (removed && alive.has(id)) return [];
    return [withUri(value, `sip:${parseUri(uri)?.rawUser ?? user}@${here};lamp=${id}`)];
  });
  // a Path that we do not lead would have the PBX send to wherever it says, past us
  const unled: HeaderEdits = request.headers('Path').length > 0 ? new Map([['Path', []]]) : none;
  return new Map([['Contact', lines], ...unled]);
}

const none: HeaderEdits = new Map();

/** False: the PBX does not say, as RFC 3327 5.3 wants it, that it took our Path: it will send past us. Of a 2xx. */
export function heedsPath({ contacts }: AskedRegister, response: RelayedResponse): boolean {
  const paths = response.headers('Path').join();
  return contacts.some(({ id }) => id !== '' && paths.includes(id));
}

/** A Contact of a 2xx, and for how many seconds it stands; null: the PBX does not say. */
interface Listed {
  readonly uri: string;
  readonly seconds: number | null;
}

/** For how long the PBX has granted each Contact that was to stay; 0: it does not list it. Of a 2xx. */
export function grantedSeconds(asked: AskedRegister, response: RelayedResponse): ReadonlyMap<AskedContact, number> {
  const listed = listedIn(response);
  const stays = asked.contacts.filter(({ uri, removed }) => uri !== null && !removed);
  return new Map(
    stays.map((contact) => {
      const found = listed.find(({ uri }) => isThat(contact, uri));
      // COMPAT(FreeSWITCH before 1.10): it gives Contacts back as they came, and no Expires
      return [contact, found === undefined ? 0 : Math.min(found.seconds ?? contact.seconds ?? usualSeconds, longest)];
    }),
  );
}

function listedIn(response: RelayedResponse): readonly Listed[] {
  const common = readExpires(response.headers('Expires'));
  const fallback = common.ok ? common.value : null;
  return (splitLines(response.headers('Contact')) ?? []).flatMap((value) => {
    const named = parseNameAddr(value);
    if (named === null) return [];
    const own = named.params.get('expires') ?? '';
    return [{ uri: named.uri, seconds: /^\d+$/.test(own) ? Number(own) : fallback }];
  });
}

function isThat({ id, uri: own }: AskedContact, uri: string): boolean {
  const token = tokenOf(uri);
  return token === null ? own !== null && isSameUri(own, uri) : token === id;
}

/**
 * The Contacts as the phone sees them: what it wrote itself, and those of the user's other phones as these wrote them, each
 * with the parameters the PBX gave it. null: as they came.
 *
 * @param contactOf the Contact of a registration of this user by its id; null: it is not known.
 */
export function incomingEdits(
  asked: AskedRegister,
  response: RelayedResponse,
  contactOf: (id: string) => string | null,
): HeaderEdits | null {
  const values = splitLines(response.headers('Contact'));
  if (values === null) return null;
  const own = new Map(asked.contacts.map(({ id, uri }) => [id, uri]));
  for (const { id, uri, removed } of asked.contacts) if (!removed) own.set(id, uri);
  let changed = false;
  const lines = values.map((value) => {
    const id = tokenOf(parseNameAddr(value)?.uri ?? '');
    const uri = id === null ? null : (own.get(id) ?? contactOf(id));
    if (uri === null) return value;
    changed = true;
    return withUri(value, uri);
  });
  return changed ? new Map([['Contact', lines]]) : null;
}

/** A Contact value with another URI; its name and its parameters stay as they were written. */
function withUri(value: string, uri: string): string {
  const bracketed = /^((?:"(?:[^"\\]|\\[\s\S])*"[ \t]*|[^"<;]*)<)[^>]*(>[\s\S]*)$/.exec(value);
  if (bracketed !== null) return `${bracketed[1]}${uri}${bracketed[2]}`;
  const params = value.indexOf(';');
  return params < 0 ? `<${uri}>` : `<${uri}>${value.slice(params)}`;
}

function malformed(message: string): Outcome<never> {
  return refused('register-malformed', message, 400);
}
