import type { Clock } from '../../model/clock.ts';
import type { Logger } from '../../model/logger.ts';
import { type Random, token } from '../../model/random.ts';
import type { SipAnswer, SipRequest } from '../engine.ts';
import { parseNameAddr } from '../message/name-addr.ts';
import { parseUri } from '../message/uri.ts';
import { fromText, toText } from '../message/wire-text.ts';
import { CredentialCache, type Credentials, type Lookup } from './credentials.ts';
import { type DigestAuthorization, type DigestSecret, parseAuthorization, verifyDigest } from './digest.ts';
import { sameTarget } from './digest-uri.ts';
import { FailureLog } from './failure-log.ts';
import { NonceCounts, Nonces } from './nonce.ts';
import { TrustedNetworks } from './trusted-networks.ts';

export type AuthMode = 'pbx' | 'users' | 'trusted';

/** What a challenge needs to know before any user is known. */
export interface DigestFacts {
  readonly realm: string;
  /** Some passwords are kept as MD5 only: SHA-256 must then not be offered to anybody. */
  readonly md5Only: boolean;
}

export interface AuthenticatorOptions {
  /** `pbx` and `users` ask for digest, whatever the source; `trusted` believes From from `trusted` and nobody else. */
  readonly mode: AuthMode;
  /** Networks in CIDR notation. */
  readonly trusted: readonly string[];
  readonly lookup: Lookup;
  /** null while the PBX has not been reached yet. */
  readonly facts: () => DigestFacts | null;
  /** Makes nonces; the same after a restart. */
  readonly secret: Buffer;
  readonly domain: string;
  /** Whether a host, without brackets, is this server. */
  readonly isOurs: (host: string) => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export type AuthResult =
  | { readonly ok: true /** null: trusted, but From names nobody. */; readonly user: string | null; readonly how: How }
  | { readonly ok: false; readonly answer: SipAnswer };

type How = 'digest' | 'trusted';

/**
 * Says who sent a request, or what to answer instead (RFC 3261 22, RFC 7616, RFC 8760). Unknown users take every step
 * that known ones take, against a secret nobody has.
 */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #networks: TrustedNetworks;
  readonly #credentials: CredentialCache;
  readonly #nonces: Nonces;
  readonly #counts = new NonceCounts();
  readonly #failures: FailureLog;
  readonly #nobody: DigestSecret;

  /** Throws a Fault `config-invalid` where an entry of `trusted` is no network. */
  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#networks = new TrustedNetworks(options.trusted);
    this.#credentials = new CredentialCache(options.lookup, options.clock);
    this.#nonces = new Nonces(options);
    this.#failures = new FailureLog(options.logger, options.clock);
    this.#nobody = { password: token(options.random, 256) };
  }

  /** Never rejects. */
  async check(request: SipRequest): Promise<AuthResult> {
    return this.#options.mode === 'trusted' ? this.#believe(request) : this.#examine(request);
  }

  #believe(request: SipRequest): AuthResult {
    const from = parseNameAddr(request.header('From') ?? '');
    const user = (from && parseUri(from.uri)?.user) || null;
    if (this.#networks.has(request.flow.remote.address)) return { ok: true, user, how: 'trusted' };
    this.#failures.add(
      'auth-failed',
      request.flow.remote.address,
      user ?? '',
      'request from outside the trusted networks',
    );
    return { ok: false, answer: { status: 403 } };
  }

  async #examine(request: SipRequest): Promise<AuthResult> {
    const facts = this.#options.facts();
    if (facts === null) return this.#unavailable(request, 'no digest realm: the PBX has not been reached yet');
    const authorization = this.#chosen(request, facts);
    if (authorization === null) return this.#challenge(facts, false);
    // RFC 7616 3.4.6: a digest made for another URI is somebody else's.
    if (!sameTarget(authorization.uri, request.uri, this.#options.isOurs)) {
      return { ok: false, answer: { status: 400, reason: 'Digest URI Is Not The Request-URI' } };
    }
    // Foreign nonces count as stale too: phones use the nonce of their registrar, whose realm is the same, and must
    // not take our answer for "wrong password" (RFC 7616 3.3).
    const nonce = this.#nonces.judge(authorization.nonce);
    const good = nonce === 'fresh' || (nonce === 'inherited' && isInDialog(request));
    if (!good) return this.#challenge(facts, true);
    return this.#verify(request, authorization, facts);
  }

  /** Of several Authorization headers the one for our realm; null where none can be used. */
  #chosen(request: SipRequest, facts: DigestFacts): DigestAuthorization | null {
    for (const value of request.headers('Authorization')) {
      const parsed = parseAuthorization(value);
      const offered = parsed !== null && !(facts.md5Only && parsed.algorithm !== 'MD5');
      if (offered && parsed.realm === fromText(facts.realm)) return parsed;
    }
    return null;
  }

  async #verify(request: SipRequest, authorization: DigestAuthorization, facts: DigestFacts): Promise<AuthResult> {
    const user = this.#userOf(authorization.username);
    let genuine: Credentials | null;
    try {
      genuine = await this.#genuine(request.method, user, authorization, facts);
    } catch (error) {
      return this.#unavailable(request, `the PBX cannot be asked for credentials: ${messageOf(error)}`);
    }
    if (genuine === null) {
      const { address } = request.flow.remote;
      this.#failures.add('auth-failed', address, authorization.username, 'wrong user or password');
      return this.#challenge(facts, false);
    }
    // Without qop there is no count: such a nonce serves once, else its header could be replayed as it is.
    const count = authorization.auth === null ? 1 : Number.parseInt(authorization.auth.nc, 16);
    if (!this.#counts.grows(authorization.nonce, user, count)) return this.#challenge(facts, true);
    return { ok: true, user: genuine.extension ?? user, how: 'digest' };
  }

  /** The credentials that the digest was made with; null: it was not. */
  async #genuine(
    method: string,
    user: string,
    given: DigestAuthorization,
    facts: DigestFacts,
  ): Promise<Credentials | null> {
    const isRight = (credentials: Credentials | null): credentials is Credentials => {
      const secret = secretOf(credentials, facts.realm);
      const verified = verifyDigest(given, method, secret ?? this.#nobody);
      return verified && secret !== null;
    };
    const known = await this.#credentials.get(user);
    if (isRight(known)) return known;
    // The password may have been changed at the PBX a moment ago.
    if (!this.#credentials.mayBeOutdated(user)) return null;
    const renewed = await this.#credentials.renew(user);
    return isRight(renewed) ? renewed : null;
  }

  /** COMPAT(phones with an "authentication name" field): `1001@our.domain` is 1001. */
  #userOf(wireName: string): string {
    const username = toText(wireName);
    const at = username.lastIndexOf('@');
    const isOurs = at > 0 && username.slice(at + 1).toLowerCase() === this.#options.domain.toLowerCase();
    return isOurs ? username.slice(0, at) : username;
  }

  /** 401, never 407 (RFC 6665 4.2.1.3): the same for everybody. */
  #challenge(facts: DigestFacts, stale: boolean): AuthResult {
    const nonce = this.#nonces.issue();
    const realm = fromText(facts.realm).replaceAll(/["\\]/g, '\\$&');
    const challenge = (algorithm: string): readonly [string, string] => [
      'WWW-Authenticate',
      `Digest realm="${realm}", nonce="${nonce}", algorithm=${algorithm}, qop="auth"${stale ? ', stale=true' : ''}`,
    ];
    // RFC 8760 2.3: the strongest first; a phone takes the first that it knows.
    const algorithms = facts.md5Only ? ['MD5'] : ['SHA-256', 'MD5'];
    return { ok: false, answer: { status: 401, headers: algorithms.map(challenge) } };
  }

  #unavailable(request: SipRequest, message: string): AuthResult {
    this.#failures.add('auth-unavailable', request.flow.remote.address, '', message);
    // Spread, or every phone of the house comes back in the same second.
    const seconds = 5 + Math.floor(this.#options.random.fraction() * 10);
    return { ok: false, answer: { status: 503, headers: [['Retry-After', String(seconds)]] } };
  }
}

function secretOf(credentials: Credentials | null, realm: string): DigestSecret | null {
  if (credentials?.password !== undefined) return { password: credentials.password };
  if (credentials?.ha1 === undefined || credentials.realm !== realm) return null;
  return { ha1: credentials.ha1 };
}

function isInDialog(request: SipRequest): boolean {
  return parseNameAddr(request.header('To') ?? '')?.params.has('tag') ?? false;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
