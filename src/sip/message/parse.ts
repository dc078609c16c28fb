import { digitBit, endOf, tokenBit } from './char-classes.ts';
import { Headers } from './headers.ts';
import { limits } from './limits.ts';
import { type HeadFault, type Lines, splitHead } from './lines.ts';
import { type Party, readParty } from './party.ts';
import { parseUri, type SipUri } from './uri.ts';
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
/** The blank line; compared as bytes it costs less than as text. */
const blankLine = Buffer.from('\r\n\r\n');
const versionPattern = /^SIP\/(\d+)\.(\d+)$/i;
/**
 * Reads one message: a datagram, or from a stream exactly the bytes the framer cut. Strict: what two readers could read
 * in two ways is refused. Lines end with CRLF and nothing else; a lone CR or LF, like every control character, is
 * refused, so that no copy of a value can ever open a new line. Never throws, whatever the bytes.
 */
export function parseMessage(bytes: Buffer, from: 'datagram' | 'stream'): Parsed {
  // latin1: see wire-text.ts. RFC 3261 7.5: empty lines before the start line are nothing
  let start = 0;
  while (bytes[start] === 0x0d && bytes[start + 1] === 0x0a) start += 2;
  if (bytes.length - start > limits.message) return refuse(bytes, 513, 'Message Too Large', true);
  const blank = bytes.indexOf(blankLine, start);
  if (blank < 0) return refuse(bytes, 400, 'No Empty Line After Headers', true);
  const lines = splitHead(bytes, start, blank, bytes.toString('latin1', start, blank));
  if ('fault' in lines) return refuse(bytes, 400, faultText[lines.fault], lines.fault === 'control');
  const headers = new Headers(lines.names, lines.values);
  const body = cutBody(headers, bytes, blank + 4, from);
  if (typeof body === 'string') return refuse(bytes, 400, body, true);
  const parsed = lines.start.startsWith('SIP/')
    ? readResponse(lines, headers, body)
    : readRequest(lines, headers, body);
  if (typeof parsed !== 'string') return parsed;
  return parsed === 'version' ? refuse(bytes, 505, 'Version Not Supported', false) : refuse(bytes, 400, parsed, false);
}

const faultText: Readonly<Record<HeadFault, string>> = {
  control: 'Control Character In Headers',
  fold: 'Continuation Line Without Header',
  colon: 'Header Without Colon',
  name: 'Bad Header Name',
  lines: 'Too Many Headers',
  long: 'Header Too Long',
  twice: 'Header Must Not Repeat',
};

/** The body, or why the length is wrong. RFC 3261 18.3. */
function cutBody(headers: Headers, bytes: Buffer, at: number, from: 'datagram' | 'stream'): Buffer | string {
  const given = headers.first('Content-Length');
  const there = bytes.length - at;
  if (given === undefined) {
    if (from === 'stream') return 'Content-Length Required';
    // trailing octets that no Content-Type explains are padding, not a body
    return there > 0 && headers.first('Content-Type') !== undefined ? bytes.subarray(at) : empty;
  }
  if (!isNumber(given)) return 'Bad Content-Length';
  const length = Number(given);
  if (length > there) return 'Content-Length Beyond Message';
  return length === 0 ? empty : bytes.subarray(at, at + length);
}

function readRequest(lines: Lines, headers: Headers, body: Buffer): ParsedRequest | string {
  const first = readStart(lines.start);
  if (typeof first === 'string') return first;
  const { method, uri } = first;
  const target = parseUri(uri);
  if (target === null) return 'Bad Request-URI';
  if (target.headers !== null) return 'Headers In Request-URI'; // RFC 3261 19.1.1
  const common = readCommon(lines, headers, body);
  if (typeof common === 'string') return common;
  const { via, cseq, from, to, fromTag, toTag } = common;
  if (common.method !== method) return 'CSeq Method Mismatch';
  if (fromTag === null) return 'From Without Tag';
  const hops = headers.first('Max-Forwards');
  if (hops !== undefined && !(isNumber(hops) && Number(hops) <= 255)) return 'Bad Max-Forwards';
  if (body.length > 0 && headers.first('Content-Type') === undefined) return 'Body Without Content-Type';
  // field by field: spreading costs more than reading a Via
  return { kind: 'request', method, uri, target, headers, via, cseq, from, to, fromTag, toTag, body };
}

/** RFC 3261 7.1: three words with one space between them, the last a version. */
function readStart(line: string): { readonly method: string; readonly uri: string } | string {
  const methodEnd = endOf(line, tokenBit, 0, line.length);
  const uriEnd = line.indexOf(' ', methodEnd + 1);
  if (methodEnd === 0 || line.charAt(methodEnd) !== ' ' || uriEnd < methodEnd + 2) return 'Bad Request Line';
  const uri = line.slice(methodEnd + 1, uriEnd);
  if (/[\t<>"]/.test(uri)) return 'Bad Request Line';
  if (!line.startsWith('SIP/2.0', uriEnd + 1) || line.length !== uriEnd + 8) {
    const version = versionPattern.exec(line.slice(uriEnd + 1));
    if (version === null) return 'Bad Request Line';
    if (version[1] !== '2' || version[2] !== '0') return 'version';
  }
  return { method: line.slice(0, methodEnd), uri };
}

/** One to ten digits and nothing else. */
function isNumber(text: string): boolean {
  return text.length > 0 && text.length <= 10 && endOf(text, digitBit, 0, text.length) === text.length;
}

function readResponse(lines: Lines, headers: Headers, body: Buffer): ParsedResponse | string {
  const first = readStatus(lines.start);
  if (first === null) return 'Bad Status Line';
  const common = readCommon(lines, headers, body);
  if (typeof common === 'string') return common;
  const { method, via, cseq, from, to, fromTag, toTag } = common;
  const { status, reason } = first;
  return { kind: 'response', status, reason, method, headers, via, cseq, from, to, fromTag, toTag, body };
}

/** RFC 3261 7.2. COMPAT(several): without a reason the space before it may be missing, too. */
function readStatus(line: string): { readonly status: number; readonly reason: string } | null {
  if (!line.startsWith('SIP/2.0 ') || endOf(line, digitBit, 8, line.length) !== 11) return null;
  const status = Number(line.slice(8, 11));
  if (status < 100 || status > 699 || (line.length > 11 && line.charAt(11) !== ' ')) return null;
  return { status, reason: line.slice(12) };
}

function readCommon(lines: Lines, headers: Headers, body: Buffer): (Common & { readonly method: string }) | string {
  const viaValue = headers.first('Via');
  const fromValue = headers.first('From');
  const toValue = headers.first('To');
  const cseqValue = headers.first('CSeq');
  // RFC 3261 8.1.1; Max-Forwards may be missing, as in RFC 2543
  if (viaValue === undefined) return 'Missing Via';
  if (fromValue === undefined) return 'Missing From';
  if (toValue === undefined) return 'Missing To';
  if (cseqValue === undefined) return 'Missing CSeq';
  if (!headers.first('Call-ID')) return 'Missing Call-ID';
  if (lines.viaHops > limits.via) return 'Too Many Via';
  if (lines.routeHops > limits.route) return 'Too Many Routes';
  const via = parseVia(viaValue);
  if (via === null) return 'Bad Via';
  const digits = endOf(cseqValue, digitBit, 0, cseqValue.length);
  const cseq = Number(cseqValue.slice(0, digits));
  const method = methodOfCseq(cseqValue, digits);
  if (digits === 0 || cseq > 0xffff_ffff || method === null) return 'Bad CSeq';
  const from = readParty(fromValue);
  if (from === null) return 'Bad From';
  const to = readParty(toValue);
  if (to === null) return 'Bad To';
  return { headers, via, cseq, method, from, to, fromTag: from.tag, toTag: to.tag, body };
}

/** What stands behind the number and white space; null where it is no token. */
function methodOfCseq(value: string, digits: number): string | null {
  const method = trimmed(value.slice(digits));
  if (method.length === value.length - digits || method === '') return null;
  return endOf(method, tokenBit, 0, method.length) === method.length ? method : null;
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
