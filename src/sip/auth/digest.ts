import { timingSafeEqual, hash as wholeHash } from 'node:crypto';
import { detached, fromText } from '../message/wire-text.ts';
import { readParameters } from './digest-parameters.ts';

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

/** Bytes; what is longer is nobody's name and must not become a question to the PBX. */
const longestUser = 128;
const parameters = 'username realm nonce uri response algorithm qop cnonce nc userhash'.split(' ');
const hexLength: Record<DigestAlgorithm, number> = { MD5: 32, 'SHA-256': 64 };

/**
 * Reads an Authorization header strictly (RFC 3261 20.7, RFC 7616 3.4). null: another scheme, broken grammar, a
 * parameter that is missing or given twice, or an algorithm or qop that is never offered.
 */
export function parseAuthorization(value: string): DigestAuthorization | null {
  if (!/^digest[ \t]/i.test(value)) return null;
  const given = readParameters(value, 'digest '.length, parameters);
  if (given === null) return null;
  const [username, realm, nonce, uri, written, named, qop, cnonce, nc, userhash] = given;
  const algorithm = algorithmOf(named);
  if (algorithm === null || !username || realm === undefined || !nonce || !uri || written === undefined) return null;
  if (username.length > longestUser || userhash?.toLowerCase() === 'true') return null; // never offered
  if (written.length !== hexLength[algorithm] || !/^[0-9a-f]+$/i.test(written)) return null;
  const auth = protectionOf(qop, cnonce, nc, algorithm);
  const response = written.toLowerCase();
  return auth === undefined ? null : { username, realm, nonce, uri, response, algorithm, auth };
}

/** H(A1) in hex, and of which name and realm. */
interface Computed {
  readonly username: string;
  readonly realm: string;
  readonly hash: string;
}

/** A secret with what has been computed from it: a phone's A1 is the same in every request. */
export class Secret {
  /** False: it stands in for a user who does not exist, and verifies nothing. */
  readonly real: boolean;
  readonly #source: DigestSecret;
  #md5: Computed | null = null;
  #sha256: Computed | null = null;

  constructor(source: DigestSecret, real = true) {
    this.#source = source;
    this.real = real;
  }

  /** H(A1) in hex; null: this secret does not lead there (RFC 8760 2.4: SHA-256 not from an MD5 of the password). */
  a1(algorithm: DigestAlgorithm, username: string, realm: string): string | null {
    if ('ha1' in this.#source) return algorithm === 'MD5' ? this.#source.ha1.toLowerCase() : null;
    const known = algorithm === 'MD5' ? this.#md5 : this.#sha256;
    if (known !== null && known.username === username && known.realm === realm) return known.hash;
    const a1 = hash(algorithm, `${username}:${realm}:${fromText(this.#source.password)}`);
    const computed = { username: detached(username), realm: detached(realm), hash: a1 };
    if (algorithm === 'MD5') this.#md5 = computed;
    else this.#sha256 = computed;
    return a1;
  }
}

/** What a response is computed from, beside the secret. */
export type DigestFields = Omit<DigestAuthorization, 'response'>;

/** The response of whoever answers a challenge; null: the secret does not lead to one of this algorithm. */
export function digestResponse(fields: DigestFields, method: string, secret: Secret): string | null {
  const a1 = secret.a1(fields.algorithm, fields.username, fields.realm);
  return a1 === null ? null : responseOf(a1, fields, method);
}

/** True where the response was made with `secret`. Does the same work, and takes the same time, wherever the two differ. */
export function verifyDigest(authorization: DigestAuthorization, method: string, secret: Secret): boolean {
  const { username, realm, response, algorithm } = authorization;
  const a1 = secret.a1(algorithm, username, realm);
  const wanted = responseOf(a1 ?? '', authorization, method);
  // Both are hex digits of the algorithm's length: `parseAuthorization` has seen to it.
  const same = timingSafeEqual(Buffer.from(wanted, 'latin1'), Buffer.from(response, 'latin1'));
  return same && a1 !== null && secret.real;
}

/** RFC 7616 3.4.1, and RFC 2069 where there is no qop. */
function responseOf(a1: string, { nonce, uri, algorithm, auth }: DigestFields, method: string): string {
  const a2 = hash(algorithm, `${method}:${uri}`);
  const middle = auth === null ? '' : `${auth.nc}:${auth.cnonce}:auth:`;
  return hash(algorithm, `${a1}:${nonce}:${middle}${a2}`);
}

function algorithmOf(text: string | undefined): DigestAlgorithm | null {
  if (text === undefined || text.toUpperCase() === 'MD5') return 'MD5'; // RFC 7616 3.3: MD5 where absent
  return text.toUpperCase() === 'SHA-256' ? 'SHA-256' : null;
}

/** undefined: not a combination we accept. */
function protectionOf(
  qop: string | undefined,
  cnonce: string | undefined,
  nc: string | undefined,
  algorithm: DigestAlgorithm,
): DigestAuthorization['auth'] | undefined {
  // COMPAT(RFC 2543 phones): no qop although it was offered, RFC 3261 22.4 (8). SHA-256 came with qop.
  if (qop === undefined) return algorithm === 'MD5' ? null : undefined;
  if (qop.toLowerCase() !== 'auth' || !cnonce || nc === undefined || !/^[0-9a-f]{8}$/i.test(nc)) return undefined;
  return { cnonce, nc };
}

function hash(algorithm: DigestAlgorithm, text: string): string {
  // in one call: half the price of an object of hash, and there are three to a request
  return wholeHash(algorithm === 'MD5' ? 'md5' : 'sha256', Buffer.from(text, 'latin1'));
}
