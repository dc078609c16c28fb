import type { Head } from './head.ts';

/** What a Digest tells without helping to guess the password; everything else of it is a secret (RFC 7616 3.4, 3.5). */
const harmless: ReadonlySet<string> = new Set([
  'username',
  'realm',
  'nonce',
  'uri',
  'algorithm',
  'qop',
  'nc',
  'cnonce',
  'opaque',
  'stale',
  'userhash',
  'nextnonce',
]);

/** From where to where a secret stands. */
type Span = readonly [from: number, to: number];

/**
 * A secret that can be seen by where it stands: what comes before it, and what is of it (sticky). Strangers write what these
 * run over: each is anchored at what cannot repeat, or bounded, so that no text costs more than its length.
 */
interface Place {
  readonly before: RegExp;
  readonly secret: RegExp;
}

const credentials: Place = {
  before: /^(?:Proxy-)?(?:Authorization|Authentication-Info)[ \t]*:/gim,
  secret: /[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*/y,
};

const places: readonly Place[] = [
  // RFC 6750 2.1, wherever it stands
  { before: /\bBearer[ \t]+(?=[\w.~+/=-]{8})/gi, secret: /[\w.~+/=-]*/y },
  // RFC 4568 9.1, RFC 4566 5.12, RFC 8839 5.4, RFC 4567 3: keys of media
  { before: /^(?:a=crypto:\S*[ \t]+\S+[ \t]+|k=|a=ice-pwd:|a=key-mgmt:)/gim, secret: /[^\r\n]*/y },
  // the signature in our own Record-Route (src/sip/inline/tokens.ts): who has all of it can send into the dialog
  {
    before: /<sips?:(?=[\w-]{30,255}@[^<>\s]{0,200};lr\b)[\w-]{16,241}(?=[\w-]{14}@)/gi,
    secret: /[\w-]{14}/y,
  },
];

/** Bodies that are secrets as a whole or nearly so: a phone's configuration, keys that are dialled (a PIN). */
const dialled = /^application\/dtmf/i;

/**
 * The message without what could be used against anybody, as long as before, so that Content-Length and the lengths of
 * packets stay true: stars stand for the secrets. One character a byte.
 */
export function masked(wire: string, head: Head): string {
  // Most messages have none of it; the look costs less than the search.
  let text = /auth/i.test(wire) ? starred(wire, credentialsIn(wire)) : wire;
  text = starred(text, passwordsIn(text));
  for (const place of places) text = starred(text, secretsAt(place, text));
  return isSecretBody(head) ? starred(text, [[head.bodyAt, text.length]]) : text;
}

function isSecretBody({ headers, bodyAt }: Head): boolean {
  if (bodyAt === 0) return false;
  return /^ua-profile\b/i.test(headers.get('event') ?? '') || dialled.test(headers.get('content-type') ?? '');
}

/** Line ends and blanks stay: they are no secret, and headers and bodies are found by them. */
const veil = Buffer.alloc(256, '*');
for (const byte of Buffer.from('\r\n \t"')) veil[byte] = byte;

/** In one copy, however many there are: a replacement for each would cost a hundred times the message. */
function starred(text: string, spans: Iterable<Span>): string {
  let bytes: Buffer | null = null;
  for (const [from, to] of spans) {
    bytes ??= Buffer.from(text, 'latin1');
    for (let at = from; at < to; at++) bytes[at] = veil[bytes[at] ?? 0] ?? 0;
  }
  return bytes === null ? text : bytes.toString('latin1');
}

function* secretsAt({ before, secret }: Place, text: string): Generator<Span> {
  before.lastIndex = 0;
  while (before.test(text)) {
    const from = before.lastIndex;
    secret.lastIndex = from;
    if (!secret.test(text)) continue;
    before.lastIndex = secret.lastIndex;
    yield [from, secret.lastIndex];
  }
}

const [quote, comma, colonSign, opening, equals, closing, backslash] = [
  0x22, 0x2c, 0x3a, 0x3c, 0x3d, 0x3e, 0x5c,
] as const;
/** Of a user and of a password in a URI: what is longer is none. */
const longestPart = 200;

/** RFC 3261 19.1.1, `sip:user:password@`: read backwards from each `@`, for `sip:` can stand anywhere and often. */
function* passwordsIn(text: string): Generator<Span> {
  let begin = 0;
  for (let end = text.indexOf('@'); end >= 0; end = text.indexOf('@', begin)) {
    let password = -1;
    let colon = -1;
    for (let at = end - 1; at >= begin && end - at <= 2 * (longestPart + 1) && !endsUri(text.charCodeAt(at)); at--) {
      if (text.charCodeAt(at) !== colonSign) continue;
      if (isPart(colon - at) && isPart(end - colon) && isScheme(text, at)) password = colon + 1; // the first one counts
      colon = at;
    }
    if (password >= 0) yield [password, end];
    begin = end + 1;
  }
}

/** Between two signs so far apart. */
function isPart(distance: number): boolean {
  return distance > 1 && distance <= longestPart + 1;
}

function isScheme(text: string, colon: number): boolean {
  return /\bsips?$/i.test(text.slice(Math.max(colon - 5, 0), colon));
}

function endsUri(code: number): boolean {
  return code === quote || code === opening || code === closing || isBlank(code);
}

function* credentialsIn(text: string): Generator<Span> {
  for (const [from, to] of secretsAt(credentials, text)) {
    for (const [begin, end] of secretsOf(text.slice(from, to))) yield [from + begin, from + end];
  }
}

function secretsOf(value: string): Iterable<Span> {
  const [whole = '', scheme = ''] = /^\s*(\S*)/.exec(value) ?? [];
  if (scheme.toLowerCase() === 'digest') return secretParameters(value, whole.length);
  // Authentication-Info has no scheme
  return scheme.includes('=') ? secretParameters(value, 0) : [[whole.length, value.length]];
}

/** Each `name = value` that helps to guess; by hand, for a pattern that knows of quotes remembers every character. */
function* secretParameters(text: string, begin: number): Generator<Span> {
  let at = begin;
  while (at < text.length) {
    const name = at;
    while (isWord(text.charCodeAt(at))) at++;
    const sign = name === at ? at : afterBlanks(text, at);
    if (name === at || text.charCodeAt(sign) !== equals) {
      at = Math.max(at, name + 1);
      continue;
    }
    const value = afterBlanks(text, sign + 1);
    const end = text.charCodeAt(value) === quote ? afterQuoted(text, value) : afterToken(text, value);
    if (!harmless.has(text.slice(name, at).toLowerCase())) yield [value, end];
    at = end;
  }
}

function afterBlanks(text: string, begin: number): number {
  let at = begin;
  while (isBlank(text.charCodeAt(at))) at++;
  return at;
}

function afterToken(text: string, begin: number): number {
  let at = begin;
  for (let code = text.charCodeAt(at); code >= 0 && code !== comma && !isBlank(code); code = text.charCodeAt(at)) at++;
  return at;
}

/** RFC 3261 25.1, quoted-string; one that is not closed ends with the header. */
function afterQuoted(text: string, begin: number): number {
  for (let at = begin + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) return at + 1;
    if (code === backslash) at++;
  }
  return text.length;
}

/** As `\s` has it, of one byte. */
function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d) || code === 0xa0;
}

/** As `[\w-]` has it. */
function isWord(code: number): boolean {
  const lower = code | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x5f || code === 0x2d;
}
