import { classes, hostBit, tokenBit, upperBit, userBit } from './char-classes.ts';
import { noParams, Params } from './params.ts';
import type { Party } from './party.ts';
import type { SipUri } from './uri.ts';
import type { Via } from './via.ts';

/*
 * The values that every message has, in the spellings nearly every phone uses, read from the bytes in one pass: that costs
 * half of the readers for all spellings. Each function reads what stands from `from` to `end`, in `bytes` and `text` alike,
 * and answers exactly what those readers would, or null: then one of them has to look, so null is no verdict.
 */

const [quote, backslash, space, tab, open] = [0x22, 0x5c, 0x20, 0x09, 0x3c];
const [semicolon, colon, equals, at, dot, dash, zero] = [0x3b, 0x3a, 0x3d, 0x40, 0x2e, 0x2d, 0x30];

/** Where the run of bytes whose bits in `mask` are exactly `bits` ends. */
function runEnd(bytes: Buffer, mask: number, bits: number, from: number, end: number): number {
  let place = from;
  while (place < end && ((classes[bytes[place] ?? 0] ?? 0) & mask) === bits) place++;
  return place;
}

/** Where the token that starts at `from` ends. */
export function tokenEnd(bytes: Buffer, from: number, end: number): number {
  return runEnd(bytes, tokenBit, tokenBit, from, end);
}

/** 0 to 9; -1: it is no digit. */
export function digitAt(bytes: Buffer, place: number): number {
  const digit = (bytes[place] ?? 0) - zero;
  return digit >= 0 && digit <= 9 ? digit : -1;
}

/** The number that these digits are, `most` of them at most; -1: they are none, or too many. */
export function numberAt(bytes: Buffer, from: number, end: number, most: number): number {
  if (end <= from || end - from > most) return -1;
  let number = 0;
  for (let place = from; place < end; place++) {
    const digit = digitAt(bytes, place);
    if (digit < 0) return -1;
    number = number * 10 + digit;
  }
  return number;
}

/** Where the host ends that has no capital; -1: it is none. */
function hostEnd(bytes: Buffer, from: number, end: number): number {
  const stop = runEnd(bytes, hostBit | upperBit, hostBit, from, end);
  const first = bytes[from];
  return stop === from || first === dot || first === dash || bytes[stop - 1] === dash ? -1 : stop;
}

/** What stands behind the host as port; null: nothing; -1: none of 1 to 65535, or something else. */
function portAt(bytes: Buffer, from: number, end: number): number | null {
  if (from === end) return null;
  const port = bytes[from] === colon ? numberAt(bytes, from + 1, end, 5) : -1;
  return port === 0 || port > 65535 ? -1 : port;
}

/** `sip:user@host:port`: no password, escapes, parameters or headers. See `parseUri`. */
export function usualUri(bytes: Buffer, text: string, from: number, end: number): SipUri | null {
  if (!text.startsWith('sip:', from)) return null;
  const start = from + 4;
  const userEnd = runEnd(bytes, userBit, userBit, start, end);
  const hasUser = userEnd < end && bytes[userEnd] === at;
  if (hasUser && userEnd === start) return null;
  const hostStart = hasUser ? userEnd + 1 : start;
  const hostStop = hostEnd(bytes, hostStart, end);
  if (hostStop < 0) return null;
  const port = portAt(bytes, hostStop, end);
  if (port === -1) return null;
  const user = hasUser ? text.slice(start, userEnd) : null;
  return {
    scheme: 'sip',
    user,
    rawUser: user,
    host: text.slice(hostStart, hostStop),
    port,
    params: noParams,
    headers: null,
  };
}

/** `"Name" <sip:…>;tag=…`, where name and tag may be missing. See `readParty`. */
export function usualParty(bytes: Buffer, text: string, from: number, end: number): Party | null {
  let start = from;
  if (bytes[start] === quote) {
    do {
      start++;
      if (start >= end || bytes[start] === backslash) return null;
    } while (bytes[start] !== quote);
    do start++;
    while (bytes[start] === space || bytes[start] === tab);
  }
  if (bytes[start] !== open) return null;
  const stop = text.indexOf('>', start);
  if (stop < 0 || stop >= end) return null;
  const uri = usualUri(bytes, text, start + 1, stop);
  if (uri === null) return null;
  if (stop + 1 === end) return { uri, tag: null };
  const tagStart = stop + 6;
  if (!text.startsWith(';tag=', stop + 1) || tagStart >= end) return null;
  return tokenEnd(bytes, tagStart, end) === end ? { uri, tag: text.slice(tagStart, end) } : null;
}

/** `SIP/2.0/UDP host:port;branch=…;rport`, with `received` perhaps. See `parseVia`. */
export function usualVia(bytes: Buffer, text: string, from: number, end: number): Via | null {
  if (!text.startsWith('SIP/2.0/', from)) return null;
  const transport = usualTransport(text, from + 8);
  if (transport === null) return null;
  const hostStart = from + 9 + transport.length;
  const hostStop = hostEnd(bytes, hostStart, end);
  if (hostStop < 0) return null;
  let place = hostStop;
  while (place < end && bytes[place] !== semicolon) place++;
  const port = portAt(bytes, hostStop, place);
  if (port === -1) return null;
  const params = new Params();
  let branch: string | null = null;
  while (place < end) {
    const nameStart = place + 1;
    const nameEnd = tokenEnd(bytes, nameStart, end);
    const name = viaParam(nameEnd - nameStart);
    if (nameEnd - nameStart !== name.length || !text.startsWith(name, nameStart)) return null;
    let value: string | null = null;
    place = nameEnd;
    if (nameEnd < end && bytes[nameEnd] === equals) {
      place = tokenEnd(bytes, nameEnd + 1, end);
      if (place === nameEnd + 1) return null;
      value = text.slice(nameEnd + 1, place);
      if (name === 'branch') branch = value;
    }
    if (place < end && bytes[place] !== semicolon) return null;
    if (!params.add(name, value)) return null;
  }
  return { transport, host: text.slice(hostStart, hostStop), port, branch, params };
}

/** The one that stands there with a space behind it. */
function usualTransport(text: string, from: number): string | null {
  if (text.startsWith('UDP ', from)) return 'UDP';
  if (text.startsWith('TCP ', from)) return 'TCP';
  if (text.startsWith('TLS ', from)) return 'TLS';
  if (text.startsWith('WSS ', from)) return 'WSS';
  return text.startsWith('WS ', from) ? 'WS' : null;
}

/** The one it can be; others are extensions and seldom. */
function viaParam(length: number): string {
  if (length === 6) return 'branch';
  return length === 5 ? 'rport' : 'received';
}
