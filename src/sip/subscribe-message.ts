import { granted, type Outcome, refused } from '../model/outcome.ts';
import type { SipRequest } from './engine.ts';
import {
  type ContactHeader,
  type EventHeader,
  isToken,
  readAccept,
  readContact,
  readContentType,
  readEvent,
  readExpires,
  readSupported,
  readSuppressIfMatch,
  splitLines,
} from './headers.ts';
import { digitBit, endOf } from './message/char-classes.ts';
import { parseNameAddr } from './message/name-addr.ts';
import { readParty } from './message/party.ts';
import { parseUri, type SipUri } from './message/uri.ts';

/** Who talks to whom, in which order: what names a request within a dialog. */
export interface Addressing {
  readonly callId: string;
  readonly cseq: number;
  /** Header values, tags included. */
  readonly from: string;
  readonly to: string;
  /** null: From is no SIP URI (`tel:` and the like are allowed there). */
  readonly fromUri: SipUri | null;
  readonly fromTag: string;
  /** null: To is no SIP URI. */
  readonly toUri: SipUri | null;
  /** null: the request is outside of any dialog. */
  readonly toTag: string | null;
}

/** Everything a SUBSCRIBE says, its grammar checked; nothing about whether it may. */
export interface SubscribeMessage extends Addressing, EventHeader, ContactHeader {
  readonly uri: SipUri;
  /** Seconds; null where absent. */
  readonly expires: number | null;
  readonly accept: readonly string[] | null;
  readonly contentType: string | null;
  readonly recordRoute: readonly string[];
  /** Option tags. */
  readonly require: readonly string[];
  /** In lower case. */
  readonly supported: readonly string[];
  /** RFC 5839: an entity tag or `*`; null where absent. */
  readonly suppressIfMatch: string | null;
}

/** A refusal carries the SIP status: 400, or 489 where there is no Event at all. */
export function readSubscribe(request: SipRequest): Outcome<SubscribeMessage> {
  const uri = request.parts?.target ?? parseUri(request.uri);
  if (uri === null) return refused('uri-malformed', 'Malformed Request-URI', 400);
  const addressing = readAddressing(request);
  if (!addressing.ok) return addressing;
  const contact = readContact(request.headers('Contact'));
  if (!contact.ok) return contact;
  const event = readEvent(request.headers('Event'));
  if (!event.ok) return event;
  const expires = readExpires(request.headers('Expires'));
  if (!expires.ok) return expires;
  const accept = readAccept(request.headers('Accept'));
  if (!accept.ok) return accept;
  const contentType = readContentType(request.headers('Content-Type'));
  if (!contentType.ok) return contentType;
  const recordRoute = splitLines(request.headers('Record-Route'));
  if (!recordRoute?.every((route) => parseNameAddr(route) !== null)) {
    return refused('record-route-malformed', 'Malformed Record-Route Header', 400);
  }
  const require = splitLines(request.headers('Require'));
  if (!require?.every(isToken)) return refused('require-malformed', 'Malformed Require Header', 400);
  const { callId, cseq, from, to, fromUri, fromTag, toUri, toTag } = addressing.value;
  const suppressIfMatch = readSuppressIfMatch(request.header('Suppress-If-Match'));
  if (!suppressIfMatch.ok) return suppressIfMatch;
  // Field by field: spreading three objects costs more than all of the reading above.
  return granted({
    callId,
    cseq,
    from,
    to,
    fromUri,
    fromTag,
    toUri,
    toTag,
    remoteTarget: contact.value.remoteTarget,
    device: contact.value.device,
    event: event.value.event,
    id: event.value.id,
    params: event.value.params,
    uri,
    expires: expires.value,
    accept: accept.value,
    contentType: contentType.value,
    recordRoute,
    require,
    supported: withRequired(readSupported(request.headers('Supported')), require),
    suppressIfMatch: suppressIfMatch.value,
  });
}

/** RFC 3261 20.32: what a phone insists on, it supports. */
function withRequired(supported: readonly string[], required: readonly string[]): readonly string[] {
  return required.length === 0 ? supported : [...supported, ...required.map((tag) => tag.toLowerCase())];
}

/** RFC 3261 8.1.1: From with a tag, To, Call-ID, CSeq. */
export function readAddressing(request: SipRequest): Outcome<Addressing> {
  const from = request.header('From') ?? '';
  const to = request.header('To') ?? '';
  const { parts } = request;
  const fromParty = parts?.from ?? readParty(from);
  const toParty = parts?.to ?? readParty(to);
  if (fromParty === null || fromParty.tag === null) return refused('from-malformed', 'Malformed From Header', 400);
  if (toParty === null) return refused('to-malformed', 'Malformed To Header', 400);
  const callId = request.header('Call-ID');
  const cseq = numberOfCseq(request.header('CSeq') ?? '');
  if (!callId || cseq === null) return refused('header-missing', 'Call-ID And CSeq Are Needed', 400);
  const { uri: fromUri, tag: fromTag } = fromParty;
  return granted({ callId, cseq, from, to, fromUri, fromTag, toUri: toParty.uri, toTag: toParty.tag });
}

/** One to ten digits with white space behind them. */
function numberOfCseq(line: string): number | null {
  const end = endOf(line, digitBit, 0, line.length);
  const isNumber = end > 0 && end <= 10 && (line.charAt(end) === ' ' || line.charAt(end) === '\t');
  return isNumber ? Number(line.slice(0, end)) : null;
}
