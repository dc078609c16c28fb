import { type Random, token } from '../../model/random.ts';
import { fromText } from '../message/wire-text.ts';
import { type DigestAlgorithm, digestResponse, type Secret } from './digest.ts';
import { readParameters } from './digest-parameters.ts';

/** A Digest challenge that can be answered; wire text, quotes and escapes taken off. */
export interface Challenge {
  /** True: from a 407, answered in Proxy-Authorization. */
  readonly proxy: boolean;
  readonly realm: string;
  readonly nonce: string;
  /** Goes back as it came; null: none. */
  readonly opaque: string | null;
  readonly algorithm: DigestAlgorithm;
  /** False: the form of RFC 2069, without qop. */
  readonly qop: boolean;
  /** The secret was right, and the nonce too old (RFC 7616 3.3). */
  readonly stale: boolean;
}

/** Longer ones are nobody's nonce, and each request would carry them. */
const longest = 512;
const parameters = ['realm', 'nonce', 'opaque', 'algorithm', 'qop', 'stale'];

/**
 * The challenges of a 401 (`WWW-Authenticate` lines) or a 407 in the order offered, which is the order of preference
 * (RFC 8760 2.4). Left out: other schemes, broken grammar, algorithms and qualities of protection that are not spoken here.
 */
export function readChallenges(lines: readonly string[], proxy: boolean): readonly Challenge[] {
  return lines.flatMap((line) => {
    const challenge = readChallenge(line, proxy);
    return challenge === null ? [] : [challenge];
  });
}

function readChallenge(line: string, proxy: boolean): Challenge | null {
  if (!/^digest[ \t]/i.test(line)) return null;
  const given = readParameters(line, 'digest '.length, parameters);
  if (given === null) return null;
  const [realm, nonce, opaque = null, named = 'MD5', qop, stale] = given;
  if (realm === undefined || !nonce) return null;
  const algorithm = named.toUpperCase();
  if (algorithm !== 'MD5' && algorithm !== 'SHA-256') return null;
  const qops = qop?.toLowerCase().split(/[ \t]*,[ \t]*/);
  if (qops !== undefined && !qops.includes('auth')) return null;
  // COMPAT(RFC 2543 phones): none at all, in MD5. SHA-256 came with qop, and so with a nonce of ours against prepared tables.
  if (qops === undefined && algorithm !== 'MD5') return null;
  if ([realm, nonce, opaque ?? ''].some(({ length }) => length > longest)) return null;
  const isStale = stale?.toLowerCase() === 'true';
  return { proxy, realm, nonce, opaque, algorithm, qop: qops !== undefined, stale: isStale };
}

export interface AnswerWith {
  /** As people write it. */
  readonly username: string;
  readonly secret: Secret;
  readonly method: string;
  /** The Request-URI. */
  readonly uri: string;
  /** How many requests this nonce has been used for, this one included. */
  readonly count: number;
}

/** The header that answers a challenge; null: the secret does not lead to the algorithm asked for. */
export function answerChallenge(
  challenge: Challenge,
  { username, secret, method, uri, count }: AnswerWith,
  random: Random,
): readonly [name: string, value: string] | null {
  const { proxy, realm, nonce, opaque, algorithm, qop } = challenge;
  const auth = qop ? { cnonce: token(random, 64), nc: count.toString(16).padStart(8, '0') } : null;
  const fields = { username: fromText(username), realm, nonce, uri, algorithm, auth };
  const response = digestResponse(fields, method, secret);
  if (response === null) return null;
  const said = [
    `username=${quoted(fields.username)}`,
    `realm=${quoted(realm)}`,
    `nonce=${quoted(nonce)}`,
    `uri=${quoted(uri)}`,
    `response="${response}"`,
    `algorithm=${algorithm}`,
    ...(opaque === null ? [] : [`opaque=${quoted(opaque)}`]),
    ...(auth === null ? [] : [`qop=auth, nc=${auth.nc}, cnonce="${auth.cnonce}"`]),
  ];
  return [proxy ? 'Proxy-Authorization' : 'Authorization', `Digest ${said.join(', ')}`];
}

function quoted(wire: string): string {
  return `"${wire.replaceAll(/["\\]/g, '\\$&')}"`;
}
