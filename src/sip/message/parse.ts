import { digitBit, endOf } from './char-classes.ts';
import type { Headers } from './headers.ts';
import { limits } from './limits.ts';
import { type HeadFault, isBlank, type Lines, splitHead } from './lines.ts';
import { type Party, readParty } from './party.ts';
import { parseUri, type SipUri } from './uri.ts';
import { digitAt, numberAt, tokenEnd, usualParty, usualUri, usualVia } from './usual.ts';
import { parseVia, type Via } from './via.ts';
import { trimmed } from './wire-text.ts';

/** What requests and responses have in common: checked, and needed by every transaction. */
interface Common {
  readonly headers: Headers;
  /** The topmost one. */
  readonly via: Via;
  /** 0 to 2^32-1. */
  readonly cseq: number;
  readonly from: Party;
  readonly to: Party;
  readonly fromTag: string | null;
  readonly toTag: string | null;
  readonly body: Buffer;
}

export interface ParsedRequest extends Common {
  readonly kind: 'request';
  readonly method: string;
  /** Exactly as received. */
  readonly uri: string;
  /** The same, taken apart. */
  readonly target: SipUri;
}

export interface ParsedResponse extends Common {
  readonly kind: 'response';
  readonly status: number;
  readonly reason: string;
  /** The method of its CSeq. */
  readonly method: string;
}

/** The headers a response needs, as far as they could be found in a message that is refused. */
export interface Echo {
  readonly via: readonly string[];
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly callId: string | undefined;
  readonly cseq: string | undefined;
}

export interface RefusedMessage {
  readonly kind: 'refused';
  /** 400, 505 or 513. */
  readonly status: number;
  /** Short and without foreign text: fit for a reason phrase. */
  readonly reason: string;
  /** The method where it is a request; null: a response or no SIP at all, not to be answered. */
  readonly method: string | null;
  readonly echo: Echo;
  /** On a stream: the place of the next message is no longer certain, close it. */
  readonly outOfStep: boolean;
}

export type Parsed = ParsedRequest | ParsedResponse | RefusedMessage;

const empty = Buffer.alloc(0);
const space = 0x20;
const versionPattern = /^SIP\/(\d+)\.(\d+)$/i;

/**
 * Reads one message: a datagram, or from a stream exactly the bytes the framer cut. Strict: what two readers could read
 * in two ways is refused. Lines end with CRLF and nothing else; a lone CR or LF, like every control character, is
 * refused, so that no copy of a value can ever open a new line. Never throws, whatever the bytes; keeps none of them.
 */
export function parseMessage(bytes: Buffer, from: 'datagram' | 'stream'): Parsed {
  // latin1: see wire-text.ts. RFC 3261 7.5: empty lines before the start line are nothing
  let start = 0;
  while (bytes[start] === 0x0d && bytes[start + 1] === 0x0a) start += 2;
  if (bytes.length - start > limits.message) return refuse(bytes, 513, 'Message Too Large', true);
  const message = start === 0 ? bytes : bytes.subarray(start);
  const lines = splitHead(message);
  if (typeof lines === 'string')
    return refuse(bytes, 400, faultText[lines], lines === 'control' || lines === 'unended');
  const body = cutBody(lines, message, from);
  if (typeof body === 'string') return refuse(bytes, 400, body, true);
  const parsed = lines.text.startsWith('SIP/') ? readResponse(lines, body) : readRequest(lines, body);
  if (typeof parsed !== 'string') return parsed;
  return parsed === 'version' ? refuse(bytes, 505, 'Version Not Supported', false) : refuse(bytes, 400, parsed, false);
}

const faultText: Readonly<Record<HeadFault, string>> = {
  unended: 'No Empty Line After Headers',
  control: 'Control Character In Headers',
  fold: 'Continuation Line Without Header',
  colon: 'Header Without Colon',
  name: 'Bad Header Name',
  lines: 'Too Many Headers',
  long: 'Header Too Long',
  twice: 'Header Must Not Repeat',
};

/** The body, or why the length is wrong. RFC 3261 18.3. */
function cutBody(lines: Lines, message: Buffer, from: 'datagram' | 'stream'): Buffer | string {
  const { headers, bodyAt } = lines;
  const there = message.length - bodyAt;
  const given = headers.indexOf('Content-Length');
  if (given < 0) {
    if (from === 'stream') return 'Content-Length Required';
    // trailing octets that no Content-Type explains are padding, not a body
    return there > 0 && headers.indexOf('Content-Type') >= 0 ? copyOf(message, bodyAt, message.length) : empty;
  }
  const length = numberOf(lines, given);
  if (length < 0) return 'Bad Content-Length';
  if (length > there) return 'Content-Length Beyond Message';
  return length === 0 ? empty : copyOf(message, bodyAt, bodyAt + length);
}

/** The bytes of a datagram are its socket's: the next one is written over them. */
function copyOf(message: Buffer, from: number, end: number): Buffer {
  return Buffer.from(message.subarray(from, end));
}

/** The value as one to ten digits and nothing else; -1: it is not that. */
function numberOf({ headers, bytes }: Lines, index: number): number {
  return numberAt(bytes, headers.startAt(index), headers.endAt(index), 10);
}

function readRequest(lines: Lines, body: Buffer): ParsedRequest | string {
  const first = readStart(lines);
  if (typeof first === 'string') return first;
  const { method, uri, target } = first;
  if (target.headers !== null) return 'Headers In Request-URI'; // RFC 3261 19.1.1
  const common = readCommon(lines, body);
  if (typeof common === 'string') return common;
  const { headers, via, cseq, from, to, fromTag, toTag } = common;
  if (common.method !== method) return 'CSeq Method Mismatch';
  if (fromTag === null) return 'From Without Tag';
  const hops = headers.indexOf('Max-Forwards');
  if (hops >= 0) {
    const left = numberOf(lines, hops);
    if (left < 0 || left > 255) return 'Bad Max-Forwards';
  }
  if (body.length > 0 && headers.indexOf('Content-Type') < 0) return 'Body Without Content-Type';
  // field by field: spreading costs more than reading a Via
  return { kind: 'request', method, uri, target, headers, via, cseq, from, to, fromTag, toTag, body };
}

type Start = Pick<ParsedRequest, 'method' | 'uri' | 'target'>;
const version = ' SIP/2.0';

/** RFC 3261 7.1: three words with one space between them, the last a version. */
function readStart({ text, bytes, startEnd }: Lines): Start | string {
  const methodEnd = tokenEnd(bytes, 0, startEnd);
  if (methodEnd === 0 || bytes[methodEnd] !== space) return 'Bad Request Line';
  const method = text.slice(0, methodEnd);
  const usualEnd = startEnd - version.length;
  const isUsual = text.startsWith(version, usualEnd);
  const usual = isUsual ? usualUri(bytes, text, methodEnd + 1, usualEnd) : null;
  if (usual !== null) return { method, uri: text.slice(methodEnd + 1, usualEnd), target: usual };
  const uriEnd = text.indexOf(' ', methodEnd + 1);
  if (uriEnd < methodEnd + 2 || uriEnd > startEnd) return 'Bad Request Line';
  const uri = text.slice(methodEnd + 1, uriEnd);
  if (/[\t<>"]/.test(uri)) return 'Bad Request Line';
  if (!isUsual || uriEnd !== usualEnd) {
    const spelled = versionPattern.exec(text.slice(uriEnd + 1, startEnd));
    if (spelled === null) return 'Bad Request Line';
    if (spelled[1] !== '2' || spelled[2] !== '0') return 'version';
  }
  const target = parseUri(uri);
  return target === null ? 'Bad Request-URI' : { method, uri, target };
}

function readResponse(lines: Lines, body: Buffer): ParsedResponse | string {
  const first = readStatus(lines.text, lines.startEnd);
  if (first === null) return 'Bad Status Line';
  const common = readCommon(lines, body);
  if (typeof common === 'string') return common;
  const { headers, method, via, cseq, from, to, fromTag, toTag } = common;
  const { status, reason } = first;
  return { kind: 'response', status, reason, method, headers, via, cseq, from, to, fromTag, toTag, body };
}

/** RFC 3261 7.2. COMPAT(several): without a reason the space before it may be missing, too. */
function readStatus(text: string, end: number): { readonly status: number; readonly reason: string } | null {
  if (!text.startsWith('SIP/2.0 ') || endOf(text, digitBit, 8, end) !== 11) return null;
  const status = Number(text.slice(8, 11));
  if (status < 100 || status > 699 || (end > 11 && text.charAt(11) !== ' ')) return null;
  return { status, reason: end > 11 ? text.slice(12, end) : '' };
}

function readCommon(lines: Lines, body: Buffer): (Common & { readonly method: string }) | string {
  const { headers, text, bytes } = lines;
  const viaAt = headers.indexOf('Via');
  const fromAt = headers.indexOf('From');
  const toAt = headers.indexOf('To');
  const cseqAt = headers.indexOf('CSeq');
  const callIdAt = headers.indexOf('Call-ID');
  // RFC 3261 8.1.1; Max-Forwards may be missing, as in RFC 2543
  if (viaAt < 0) return 'Missing Via';
  if (fromAt < 0) return 'Missing From';
  if (toAt < 0) return 'Missing To';
  if (cseqAt < 0) return 'Missing CSeq';
  if (callIdAt < 0 || headers.endAt(callIdAt) === headers.startAt(callIdAt)) return 'Missing Call-ID';
  const usual = usualVia(bytes, text, headers.startAt(viaAt), headers.endAt(viaAt));
  // the usual one is one hop
  if ((usual === null || headers.indexOf('Via', viaAt + 1) > 0) && hops(headers, 'Via') > limits.via)
    return 'Too Many Via';
  if (Math.max(hops(headers, 'Route'), hops(headers, 'Record-Route')) > limits.route) return 'Too Many Routes';
  const via = usual ?? parseVia(headers.valueAt(viaAt));
  if (via === null) return 'Bad Via';
  const sequence = readCseq(lines, cseqAt);
  if (sequence === null) return 'Bad CSeq';
  const from = partyAt(lines, fromAt);
  if (from === null) return 'Bad From';
  const to = partyAt(lines, toAt);
  if (to === null) return 'Bad To';
  const { cseq, method } = sequence;
  return { headers, via, cseq, method, from, to, fromTag: from.tag, toTag: to.tag, body };
}

function partyAt({ headers, text, bytes }: Lines, index: number): Party | null {
  return usualParty(bytes, text, headers.startAt(index), headers.endAt(index)) ?? readParty(headers.valueAt(index));
}

/** At most this many elements: a comma in quotes counts as well, which only makes the limit stricter. */
function hops(headers: Headers, name: string): number {
  let count = 0;
  for (const value of headers.lines(name)) {
    count++;
    for (let at = value.indexOf(','); at >= 0; at = value.indexOf(',', at + 1)) count++;
  }
  return count;
}

/** Digits, white space, a token. */
function readCseq({ headers, text, bytes }: Lines, index: number): { cseq: number; method: string } | null {
  const end = headers.endAt(index);
  let at = headers.startAt(index);
  let cseq = 0;
  for (let digit = digitAt(bytes, at); digit >= 0 && at < end; digit = digitAt(bytes, ++at)) cseq = cseq * 10 + digit;
  let methodStart = at;
  while (methodStart < end && isBlank(bytes[methodStart])) methodStart++;
  const hasNumber = at > headers.startAt(index) && cseq <= 0xffff_ffff;
  if (!hasNumber || methodStart === at || methodStart === end || tokenEnd(bytes, methodStart, end) !== end) return null;
  return { cseq, method: text.slice(methodStart, end) };
}

/** A refusal that holds whatever an answer can be built from. Used for what the framer found wrong as well. */
export function refuse(bytes: Buffer, status: number, reason: string, outOfStep: boolean): RefusedMessage {
  const text = bytes.toString('latin1', 0, Math.min(bytes.length, limits.message)).replace(/^(?:\r\n)+/, '');
  const blank = text.indexOf('\r\n\r\n');
  const lines = (blank < 0 ? text : text.slice(0, blank))
    .replace(/\r\n[ \t]+/g, ' ')
    .split(/\r\n|\r|\n/, limits.headerLines);
  const first = /^([A-Za-z0-9\-.!%*_+`'~]+) .*SIP\/\d/.exec(lines[0] ?? '');
  const method = first === null || (lines[0] ?? '').startsWith('SIP/') ? null : (first[1] ?? null);
  return { kind: 'refused', status, reason, method, echo: salvage(lines), outOfStep };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
const unclean = /[\x00-\x08\x0a-\x1f\x7f]/;

/** The five headers that go back, only where they hold nothing that could open a line. */
function salvage(lines: readonly string[]): Echo {
  const find = (pattern: RegExp) =>
    lines.flatMap((line) => {
      const value = pattern.exec(line)?.[1];
      return value === undefined || unclean.test(value) || value.length > limits.headerLine ? [] : [trimmed(value)];
    });
  return {
    via: find(/^(?:Via|v)[ \t]*:(.*)$/i).slice(0, limits.via),
    from: find(/^(?:From|f)[ \t]*:(.*)$/i)[0],
    to: find(/^(?:To|t)[ \t]*:(.*)$/i)[0],
    callId: find(/^(?:Call-ID|i)[ \t]*:(.*)$/i)[0],
    cseq: find(/^CSeq[ \t]*:(.*)$/i)[0],
  };
}
