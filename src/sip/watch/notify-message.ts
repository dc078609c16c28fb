import { granted, type Outcome, refused } from '../../model/outcome.ts';
import type { SipRequest } from '../engine.ts';
import type { HeardNotify } from '../front.ts';
import { isEncoded, isToken, readContact, readEvent, splitLines } from '../headers.ts';
import { parseNameAddr } from '../message/name-addr.ts';
import { trimmed } from '../message/wire-text.ts';
import type { Addressing } from '../subscribe-message.ts';

/** Everything a NOTIFY says, its grammar checked; nothing about whether anybody asked for it. */
export interface NotifyMessageIn extends HeardNotify {
  readonly addressing: Addressing;
  /** Where the notifier wants further requests; null: it does not say. */
  readonly remoteTarget: string | null;
  readonly recordRoute: readonly string[];
  /** Its body is compressed. */
  readonly encoded: boolean;
  /** Option tags that the notifier insists on. */
  readonly require: readonly string[];
}

/** RFC 6665 3.2.1, 4.1.3, 8.2.3. A refusal carries the SIP status: 400, or 489 where there is no Event. */
export function readNotify(request: SipRequest, addressing: Addressing): Outcome<NotifyMessageIn> {
  const event = readEvent(request.headers('Event'));
  if (!event.ok) return event;
  const state = readState(request.headers('Subscription-State'));
  if (state === null) return refused('state-malformed', 'Malformed Subscription-State Header', 400);
  const contacts = request.headers('Contact');
  // COMPAT(small phones): a NOTIFY without Contact; the one of the 2xx, or the URI asked, stands.
  const contact = contacts.length === 0 ? null : readContact(contacts);
  if (contact !== null && !contact.ok) return contact;
  const recordRoute = splitLines(request.headers('Record-Route'));
  if (!recordRoute?.every((route) => parseNameAddr(route) !== null)) {
    return refused('record-route-malformed', 'Malformed Record-Route Header', 400);
  }
  const require = splitLines(request.headers('Require'));
  if (!require?.every(isToken)) return refused('require-malformed', 'Malformed Require Header', 400);
  return granted({
    addressing,
    event: event.value.event,
    eventId: event.value.id,
    ...state,
    contentType: request.header('Content-Type') ?? null,
    body: request.body,
    remoteTarget: contact === null ? null : contact.value.remoteTarget,
    recordRoute,
    encoded: isEncoded(request),
    require,
  });
}

type State = Pick<HeardNotify, 'state' | 'expires' | 'reason' | 'retryAfter'>;

/** RFC 6665 8.4: exactly one, its parameters in any order; null: it is none. An unknown state is one that goes on. */
function readState(lines: readonly string[]): State | null {
  const [line, ...others] = splitLines(lines) ?? [];
  if (line === undefined || others.length > 0) return null;
  const [value = '', ...params] = line.split(';').map(trimmed);
  if (!isToken(value)) return null;
  const given = new Map<string, string>();
  for (const param of params) {
    const [, name, text] = /^([^\s=]+)[ \t]*=[ \t]*(\S+)$/.exec(param) ?? [];
    if (name !== undefined && text !== undefined) given.set(name.toLowerCase(), text);
  }
  const word = value.toLowerCase();
  return {
    state: word === 'terminated' || word === 'pending' ? word : 'active',
    expires: seconds(given.get('expires')),
    reason: given.get('reason')?.toLowerCase() ?? null,
    retryAfter: seconds(given.get('retry-after')),
  };
}

function seconds(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) ? Math.min(Number(text), 2 ** 31 - 1) : null;
}
