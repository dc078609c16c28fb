import { createHash, timingSafeEqual } from 'node:crypto';
import { fromText, trimmed } from '../message/wire-text.ts';

export type DigestAlgorithm = 'MD5' | 'SHA-256';

/** The value of one `Authorization: Digest …` header as wire text, quotes and escapes taken off. */
export interface DigestAuthorization {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  /** `digest-uri`, as the phone wrote it. */
  readonly uri: string;
  /** Lower-case hex, of the length its algorithm has. */
  readonly response: string;
  readonly algorithm: DigestAlgorithm;
  /** null: the form of RFC 2069, without qop, cnonce and nc (MD5 only). */
  readonly auth: { readonly cnonce: string /** Eight hex digits, as written. */; readonly nc: string } | null;
}

/** What a digest is computed from: the clear password, or MD5(user:realm:password) where only that is kept. */
export type DigestSecret = { readonly password: string } | { readonly ha1: string };

const parameter = /^([!%'*+\-.`\w~]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([!%'*+\-.`\w~]+))$/s;
// RFC 3261 25.1: commas between parameters, never inside a quoted string; an empty element is not tolerated. Each byte
// can be taken in one way only, so that no value makes the match go back and forth.
const element = /((?:"(?:[^"\\]|\\.)*"|[^",])+)(?:,|$)/sy;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is being looked for
const control = /[\x00-\x1f\x7f]/;
/** Bytes; what is longer is nobody's name and must not become a question to the PBX. */
const longestUser = 128;
const hexLength: Record<DigestAlgorithm, number> = { MD5: 32, 'SHA-256': 64 };

/**
 * Reads an Authorization header strictly (RFC 3261 20.7, RFC 7616 3.4). null: another scheme, broken grammar, a
 * parameter that is missing or given twice, or an algorithm or qop that is never offered.
 */
export function parseAuthorization(value: string): DigestAuthorization | null {
  const scheme = /^digest[ \t]+/i.exec(value);
  if (scheme === null || control.test(value.replaceAll('\t', ' '))) return null;
  const given = parametersOf(value.slice(scheme[0].length));
  if (given === null) return null;
  const algorithm = algorithmOf(given.get('algorithm'));
  const [username, realm, nonce, uri] = ['username', 'realm', 'nonce', 'uri'].map((name) => given.get(name));
  const response = given.get('response')?.toLowerCase();
  if (username !== undefined && username.length > longestUser) return null;
  if (algorithm === null || !username || realm === undefined || !nonce || !uri || response === undefined) return null;
  if (response.length !== hexLength[algorithm] || !/^[0-9a-f]+$/.test(response)) return null;
  const auth = protectionOf(given, algorithm);
  return auth === undefined ? null : { username, realm, nonce, uri, response, algorithm, auth };
}

/** The `response` a holder of `secret` sends for a request with this method; null where the secret cannot give it. */
export function digestResponse(
  authorization: DigestAuthorization,
  method: string,
  secret: DigestSecret,
): string | null {
  const { username, realm, nonce, uri, algorithm, auth } = authorization;
  // RFC 8760 2.4: SHA-256 needs its own A1, an MD5 of the password does not lead there.
  if ('ha1' in secret && algorithm !== 'MD5') return null;
  const a1 =
    'ha1' in secret ? secret.ha1.toLowerCase() : hash(algorithm, `${username}:${realm}:${fromText(secret.password)}`);
  const a2 = hash(algorithm, `${method}:${uri}`);
  const middle = auth === null ? '' : `${auth.nc}:${auth.cnonce}:auth:`;
  return hash(algorithm, `${a1}:${nonce}:${middle}${a2}`);
}

/** True where the response was made with `secret`. Takes the same time wherever the two differ. */
export function verifyDigest(authorization: DigestAuthorization, method: string, secret: DigestSecret): boolean {
  const expected = digestResponse(authorization, method, secret);
  const given = Buffer.from(authorization.response, 'latin1');
  const wanted = Buffer.from(expected ?? '-'.repeat(given.length), 'latin1');
  return wanted.length === given.length && timingSafeEqual(wanted, given);
}

function parametersOf(text: string): Map<string, string> | null {
  const found = new Map<string, string>();
  element.lastIndex = 0;
  for (let at = 0; ; at = element.lastIndex) {
    const piece = element.exec(text);
    const match = piece?.[1] === undefined ? null : parameter.exec(trimmed(piece[1]));
    const name = match?.[1]?.toLowerCase();
    if (!piece || !match || name === undefined || found.has(name)) return null;
    found.set(name, match[3] ?? (match[2] ?? '').replaceAll(/\\(.)/gs, '$1'));
    if (element.lastIndex === text.length) return piece[0].endsWith(',') ? null : found;
    if (element.lastIndex <= at) return null;
  }
}

function algorithmOf(text: string | undefined): DigestAlgorithm | null {
  if (text === undefined || text.toUpperCase() === 'MD5') return 'MD5'; // RFC 7616 3.3: MD5 where absent
  return text.toUpperCase() === 'SHA-256' ? 'SHA-256' : null;
}

/** undefined: not a combination we accept. */
function protectionOf(given: Map<string, string>, algorithm: DigestAlgorithm): DigestAuthorization['auth'] | undefined {
  const [qop, cnonce, nc] = ['qop', 'cnonce', 'nc'].map((name) => given.get(name));
  // COMPAT(RFC 2543 phones): no qop although it was offered, RFC 3261 22.4 (8). SHA-256 came with qop.
  if (qop === undefined) return algorithm === 'MD5' ? null : undefined;
  if (qop.toLowerCase() !== 'auth' || !cnonce || nc === undefined || !/^[0-9a-f]{8}$/i.test(nc)) return undefined;
  return { cnonce, nc };
}

function hash(algorithm: DigestAlgorithm, text: string): string {
  return createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(text, 'latin1')
    .digest('hex');
}
