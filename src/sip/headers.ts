import { notWanted, widthOf } from '../model/media-range.ts';
import { granted, type Outcome, refused } from '../model/outcome.ts';
import type { SipRequest } from './engine.ts';
import { digitBit, endOf } from './message/char-classes.ts';
import { parseNameAddr, splitList } from './message/name-addr.ts';
import { parseHostPort, withoutHeaders, withoutMethod } from './message/uri.ts';
import { detached, trimmed } from './message/wire-text.ts';

/*
 * Readers of single headers: all lines of one name in, a value or a refusal with a SIP status out. The message's own
 * framing has been judged before.
 */

const token = "[A-Za-z0-9\\-.!%*_+`'~]+";
const wholeToken = new RegExp(`^${token}$`);
const mediaRange = new RegExp(`^(${token})[ \\t]*/[ \\t]*(${token})$`);
const eventType = new RegExp(`^(${token})[ \\t]*`);
const eventParam = new RegExp(`;[ \\t]*(${token})[ \\t]*(?:=[ \\t]*("(?:[^"\\\\]|\\\\.)*"|[^\\s";,]+)[ \\t]*)?`, 'y');

/** Longer intervals than this are cut to it; every package grants far less. Seconds. */
const longestExpires = 2 ** 31 - 1;

export interface EventHeader {
  /** Byte by byte (RFC 6665 8.2.1). */
  readonly event: string;
  /** As written, a quoted one with its quotes; null where absent. */
  readonly id: string | null;
  /** The other parameters: names in lower case, values without quotes; of two with one name the first. */
  readonly params: EventParams;
}

export type EventParams = Readonly<Record<string, string>>;

const noParams: EventParams = {};

/** RFC 6665 8.2.1: exactly one Event with exactly one package. */
export function readEvent(lines: readonly string[]): Outcome<EventHeader> {
  const [line = ''] = lines;
  if (lines.length > 1) return refused('event-repeated', 'More Than One Event Header', 400);
  if (line === '') return refused('event-missing', 'Event Header Missing', 489); // RFC 6665 4.2.1.1
  return eventOf(line);
}

const eventOf = remembered((line: string): Outcome<EventHeader> => {
  const type = eventType.exec(line);
  const event = type?.[1];
  if (type === null || event === undefined) return refused('event-malformed', 'Malformed Event Header', 400);
  // COMPAT(several): `dialog;` has one semicolon too many for the grammar, and can mean nothing else.
  const end = withoutLast(line, ';').length;
  let id: string | null = null;
  const params: [name: string, value: string][] = [];
  eventParam.lastIndex = type[0].length;
  while (eventParam.lastIndex < end) {
    const param = eventParam.exec(line);
    if (param === null) return refused('event-malformed', 'Malformed Event Header', 400);
    const [, name = '', value] = param;
    if (name.toLowerCase() !== 'id') {
      params.push([name.toLowerCase(), unquoted(value ?? '')]);
      continue;
    }
    if (id !== null || value === undefined) return refused('event-malformed', 'Malformed Event Id', 400);
    id = value;
  }
  return granted({ event, id, params: params.length === 0 ? noParams : Object.fromEntries(params.reverse()) });
});

/** RFC 3261 20.19: seconds; null where absent. Any number of digits is a number and never wraps. */
export function readExpires(lines: readonly string[]): Outcome<number | null> {
  const [line] = lines;
  if (line === undefined) return granted(null);
  // Negative, decimal, the date of RFC 2543, something behind it, two of them.
  if (lines.length > 1 || line === '' || endOf(line, digitBit, 0, line.length) < line.length)
    return refused('expires-malformed', 'Malformed Expires Header', 400);
  return granted(Math.min(Number(line), longestExpires));
}

export interface ContactHeader {
  /** The URI without headers (RFC 3261 19.1.5: `?Route=` must not come along) and `method` (19.1.1). */
  readonly remoteTarget: string;
  /** `+sip.instance`, or the URI: tells the devices of one user apart. */
  readonly device: string;
}

/** RFC 3261 8.1.1.8, 12.1.1: exactly one, and one that a NOTIFY can be addressed to. */
export function readContact(lines: readonly string[]): Outcome<ContactHeader> {
  const values = splitLines(lines);
  const value = values?.length === 1 ? values[0] : undefined;
  if (value === undefined) return refused('contact-count', 'Exactly One Contact Is Needed', 400);
  const contact = parseNameAddr(value);
  // Parameters are the phone's own affair; without scheme, host and a port that exists, no NOTIFY can be written.
  if (contact === null || !hasHost(contact.uri)) {
    return refused('contact-unusable', 'Unusable Contact', 400);
  }
  const remoteTarget = withoutMethod(withoutHeaders(contact.uri));
  return granted({ remoteTarget, device: contact.params.get('+sip.instance') || remoteTarget });
}

/** A SIP URI with a host, and a port that exists where it has one. */
function hasHost(uri: string): boolean {
  const start = uri.startsWith('sip:') ? 4 : (/^sips?:/i.exec(uri)?.[0].length ?? 0);
  if (start === 0) return false;
  const at = uri.indexOf('@', start);
  const from = at < 0 ? start : at + 1;
  return parseHostPort(uri, from, Math.min(placeOf(';', uri, from), placeOf('?', uri, from))) !== null;
}

/** The end where there is none. */
function placeOf(character: string, text: string, from: number): number {
  const at = text.indexOf(character, from);
  return at < 0 ? text.length : at;
}

/**
 * RFC 3261 20.1: media ranges in lower case without parameters, the most wanted (`q`) first, of equal ones the narrowest; those
 * with `q=0` as `notWanted` writes them, last. null where there is no Accept. What is no media range is skipped: it can match
 * nothing.
 */
export function readAccept(lines: readonly string[]): Outcome<readonly string[] | null> {
  const [line] = lines;
  if (line === undefined) return granted(null);
  if (lines.length === 1) return acceptOf(line);
  const written = lines.map((one) => withoutLast(one, ',')).filter((one) => one.trim() !== '');
  return acceptOf(written.join(', '));
}

const acceptOf = remembered((line: string): Outcome<readonly string[]> => {
  // COMPAT(several): one comma too many at the end can mean nothing else.
  const values = splitList(withoutLast(line, ','));
  if (values === null) return refused('accept-malformed', 'Malformed Accept Header', 400);
  const ranges = values.flatMap((value) => {
    const [range = '', ...params] = value.split(';');
    const [type, q] = [mediaTypeOf(range), qualityOf(params)];
    return type === null ? [] : [{ type, q, width: widthOf(type) }];
  });
  ranges.sort((a, b) => b.q - a.q || a.width - b.width);
  return granted(ranges.map(({ type, q }) => (q === 0 ? notWanted(type) : type)));
});

/** RFC 3261 25.1 qvalue: 0 to 1, which it is where nothing is said, or nothing that could be read. */
function qualityOf(params: readonly string[]): number {
  for (const param of params) {
    const q = /^\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*$/i.exec(param)?.[1];
    if (q !== undefined) return Number(q);
  }
  return 1;
}

/** RFC 3261 20.15: the media type in lower case without parameters; null where absent. */
export function readContentType(lines: readonly string[]): Outcome<string | null> {
  const [line] = lines;
  if (line === undefined) return granted(null);
  const type = mediaTypeOf(line.split(';', 1)[0] ?? '');
  return type === null || lines.length > 1
    ? refused('content-type-malformed', 'Malformed Content-Type Header', 400)
    : granted(type);
}

/** RFC 3261 20.11 of Content-Disposition: only where it is said; phones send filters that nobody needs to understand. */
export function insistsOnBody(line: string | undefined): boolean {
  return line !== undefined && /;\s*handling\s*=\s*"?required\b/i.test(line);
}

/** The same where it is said that the body may be left alone, as it otherwise must not (RFC 3261 20.11). */
export function toleratesNoBody(line: string | undefined): boolean {
  return line !== undefined && /;\s*handling\s*=\s*"?optional\b/i.test(line);
}

/** RFC 3261 20.12: it has been compressed, or the like. A coding of no bytes says nothing. */
export function isEncoded(request: Pick<SipRequest, 'body' | 'headers'>): boolean {
  if (request.body.length === 0) return false;
  return request.headers('Content-Encoding').some((coding) => !/^(?:identity)?$/i.test(coding));
}

/** The option tags of Require, Record-Route values, or any list of the kind; null where it is no list. */
export function splitLines(lines: readonly string[]): readonly string[] | null {
  const [line] = lines;
  if (line === undefined) return lines;
  if (lines.length === 1) return splitList(line);
  const all: string[] = [];
  for (const line of lines) {
    const values = splitList(line);
    if (values === null) return null;
    all.push(...values);
  }
  return all;
}

/** Option tags, in lower case; empty where there are none, and where it is no list: nobody has to support anything. */
export function readSupported(lines: readonly string[]): readonly string[] {
  const [line] = lines;
  if (line === undefined) return none;
  return lines.length === 1 ? tagsOf(line) : lines.flatMap(tagsOf);
}

const none: readonly string[] = [];
const tagsOf = remembered((line: string): readonly string[] => {
  const tags = splitList(withoutLast(line, ',')) ?? none;
  return tags.length === 0 ? none : tags.map((tag) => tag.toLowerCase());
});

/** RFC 3903 11.3.2: the entity tag of a publication; null where absent, and an initial one is meant. */
export function readIfMatch(lines: readonly string[]): Outcome<string | null> {
  if (lines.length === 0) return granted(null);
  const tags = splitLines(lines) ?? [];
  if (tags.length > 1) return refused('if-match-repeated', 'More Than One Entity Tag', 400); // RFC 3903 6 step 3
  const tag = trimmed(tags[0] ?? '');
  return isToken(tag) ? granted(tag) : refused('if-match-malformed', 'Malformed SIP-If-Match Header', 400);
}

/** RFC 5839 8.2: an entity tag, or `*`; null where absent. */
export function readSuppressIfMatch(line: string | undefined): Outcome<string | null> {
  if (line === undefined) return granted(null);
  return isToken(line) ? granted(line) : refused('condition-malformed', 'Malformed Suppress-If-Match Header', 400);
}

export function isToken(text: string): boolean {
  return wholeToken.test(text);
}

/** RFC 3261 20.33: whole seconds at the start of Retry-After; null where absent or no number. */
export function readRetryAfter(line: string | undefined): number | null {
  const digits = /^\s*(\d+)/.exec(line ?? '')?.[1];
  return digits === undefined ? null : Math.min(Number(digits), longestExpires);
}

/** Without one separator at the end, and the blanks around it. */
function withoutLast(line: string, separator: ',' | ';'): string {
  const text = trimmed(line);
  return text.endsWith(separator) ? trimmed(text.slice(0, -1)) : text;
}

const mostRemembered = 200;
const longestRemembered = 200;

/**
 * Keeps what it answered for short lines: thousands of phones write a handful of Event and Accept headers (-3 us a
 * SUBSCRIBE). Strangers can only empty it. The values must be immutable.
 */
function remembered<T>(read: (line: string) => T): (line: string) => T {
  const known = new Map<string, T>();
  return (line) => {
    const before = known.get(line);
    if (before !== undefined) return before;
    const key = detached(line);
    const value = read(key);
    if (known.size >= mostRemembered) known.clear();
    if (key.length <= longestRemembered) known.set(key, value);
    return value;
  };
}

/** RFC 3261 25.1: without the quotes and backslashes of a quoted string. */
function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/gs, '$1') : text;
}

function mediaTypeOf(text: string): string | null {
  const match = mediaRange.exec(text.trim());
  return match === null ? null : `${match[1]}/${match[2]}`.toLowerCase();
}
