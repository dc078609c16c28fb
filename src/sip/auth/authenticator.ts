import { type Aor, aorOf, domainOf, userOf } from '../../model/aor.ts';
import type { Clock } from '../../model/clock.ts';
import { type Random, token } from '../../model/random.ts';
import { type Flow, isStream, type SipAnswer, type SipRequest } from '../engine.ts';
import type { SipUri } from '../message/uri.ts';
import { toText } from '../message/wire-text.ts';
import type { Places } from '../places.ts';
import type { SecurityReports } from '../security-log.ts';
import { AssertedIdentity, type IdentityOptions } from './asserted-identity.ts';
import { challengeAnswer } from './challenge-answer.ts';
import { CredentialCache, type CredentialEntry, type Credentials, type Lookup } from './credentials.ts';
import { type DigestAuthorization, parseAuthorization, Secret } from './digest.ts';
import { sameTarget } from './digest-uri.ts';
import { Nonces } from './nonce.ts';
import { NonceCounts } from './nonce-counts.ts';
import { ownCopy } from './own-copy.ts';
import { ProvenCredentials } from './proven-credentials.ts';
import { type Realm, realmOf } from './realm.ts';
import { fromOf, isGuarded, isRight, type Shown, suspectOf } from './shown.ts';
import { TrustedNetworks } from './trusted-networks.ts';

export type AuthMode = 'pbx' | 'users' | 'trusted';

/** What a challenge needs to know before any user is known. */
export interface DigestFacts {
  readonly realm: string;
  /** Some passwords are kept as MD5 only: SHA-256 must then not be offered to anybody. */
  readonly md5Only: boolean;
}

/** What outlives a reload. */
export interface AuthMemory {
  /** Which nonces were issued to whom. */
  readonly nonces: Nonces;
  /** Which counts of them were used. */
  readonly counts: NonceCounts;
  /** What the PBX said of those who have shown their passwords. */
  readonly proven: ProvenCredentials;
}

export interface AuthenticatorOptions {
  /** `pbx` and `users` ask for digest, whatever the source; `trusted` believes From from `trusted` and nobody else. */
  readonly mode: AuthMode;
  /** Networks in CIDR notation. */
  readonly trusted: readonly string[];
  /** Proxies that say in a header who it is: their word comes before `mode`. Absent or null: nobody's does. */
  readonly identity?: IdentityOptions | null;
  /**
   * Whom the PBX has taken the sender for whose path this is, where that is who From names: he has registered by it, with
   * his password, a moment ago. null: nobody is known by this path under that name. Absent: nobody is believed for it.
   */
  readonly registered?: (flow: Flow, from: SipUri) => Aor | null;
  readonly lookup: Lookup;
  /** The PBX that knows this user's password is away. Absent: it never is. */
  readonly isAway?: (user: string, domain: string) => boolean;
  /**
   * What to challenge this user of a domain with, who may exist or not, or be nobody; null while the PBX has not been
   * reached yet.
   */
  readonly facts: (user: string | null, domain: string) => DigestFacts | null;
  /** Makes nonces; the same after a restart. */
  readonly secret: Buffer;
  readonly places: Pick<Places, 'domain' | 'domainFor' | 'isOurs' | 'agree' | 'several'>;
  /** Of the one before, which it takes the place of: what was used once stays used. Absent: it is the first. */
  readonly memory?: AuthMemory;
  readonly clock: Clock;
  readonly random: Random;
  readonly security: SecurityReports;
}

export type AuthResult =
  | {
      readonly ok: true;
      /** Who sent it, with the domain in which he is that; null: trusted, but From names nobody. */
      readonly who: Aor | null;
      /** One of ours; null: trusted, but From is of somewhere else. */
      readonly domain: string | null;
      readonly how: How;
    }
  | { readonly ok: false; readonly answer: SipAnswer };

/** `registered`: by a path that a phone of his has just registered by. */
type How = 'digest' | 'trusted' | 'registered';

/**
 * Says who sent a request, or what to answer instead (RFC 3261 22, RFC 7616, RFC 8760). Unknown users take every step
 * that known ones take, against a secret nobody has.
 */
export class Authenticator {
  /** For the one that takes its place. */
  readonly memory: AuthMemory;
  readonly #options: AuthenticatorOptions;
  /** Asked of every request: texts of a file are compared letter by letter. */
  readonly #trusting: boolean;
  readonly #networks: TrustedNetworks;
  readonly #identity: AssertedIdentity | null;
  readonly #credentials: CredentialCache;
  readonly #nonces: Nonces;
  readonly #counts: NonceCounts;
  /** The last one: mostly there is no other. */
  #realm = realmOf('');

  /** Throws a Fault `config-invalid` where an entry of `trusted`, or of `identity.from`, is no network. */
  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#trusting = options.mode === 'trusted';
    this.#networks = new TrustedNetworks(options.trusted);
    this.#identity = options.identity ? new AssertedIdentity(options.identity, options.places) : null;
    const { lookup, clock, isAway = () => false } = options;
    this.memory = options.memory ?? {
      nonces: new Nonces(options),
      counts: new NonceCounts(clock.now()),
      proven: new ProvenCredentials(),
    };
    this.#credentials = new CredentialCache({
      lookup,
      toSecret: (user, found) => this.#secretOf(user, found),
      clock,
      proven: this.memory.proven,
      isAway: (user) => isAway(userOf(user), domainOf(user)),
    });
    this.#nonces = this.memory.nonces;
    this.#counts = this.memory.counts;
  }

  /** Never rejects. At once where nobody has to be asked. `from`: the URI of From, where the caller has read it. */
  check(request: SipRequest, from = fromOf(request)): AuthResult | Promise<AuthResult> {
    const asserted = this.#identity === null ? null : this.#asserted(request, this.#identity);
    if (asserted !== null) return asserted;
    const known = this.#options.registered === undefined ? null : this.#registered(request, from);
    if (known !== null) return known;
    return this.#trusting ? this.#believe(request, from) : this.#examine(request, from);
  }

  /** Whether a challenge of ours for this domain has this nonce, and its answer is still good for something. */
  issued(nonce: string, domain: string): boolean {
    return this.#nonces.judge(nonce, '', domain).state !== 'foreign';
  }

  /** null: nobody whose word counts has said anything. */
  #asserted(request: SipRequest, identity: AssertedIdentity): AuthResult | null {
    const { address } = request.flow.remote;
    if (!identity.covers(address)) return null;
    const asserted = identity.read(request);
    if (asserted.kind === 'user') return { ok: true, who: asserted.who, domain: asserted.domain, how: 'trusted' };
    if (asserted.kind === 'missing' && identity.missing === 'auth') return null;
    // No attack that a firewall could end: the address is the proxy's.
    const why = asserted.kind === 'missing' ? 'is missing' : asserted.why;
    const suspect = { address, proven: isStream(request.flow.transport) };
    this.#options.security.report('auth-unavailable', suspect, { detail: `${identity.header} ${why}` });
    return { ok: false, answer: { status: 403, reason: 'No Identity' } };
  }

  /**
   * A connection is its phone's, and nobody else can write to it. A datagram may come from anybody under any address: what
   * it subscribes to is told to the phone at that address and to nobody else, but a setting would be made.
   */
  #registered(request: SipRequest, from: SipUri | null): AuthResult | null {
    const isSetting = request.body.length > 0 || request.method === 'PUBLISH';
    if (from === null || (isSetting && !isStream(request.flow.transport))) return null;
    const who = this.#options.registered?.(request.flow, from) ?? null;
    return who === null ? null : { ok: true, who, domain: domainOf(who), how: 'registered' };
  }

  #believe(request: SipRequest, from: SipUri | null): AuthResult {
    if (this.#networks.has(request.flow.remote.address)) {
      if (!from?.user) return { ok: true, who: null, domain: null, how: 'trusted' };
      const domain = this.#options.places.domainFor(from.host);
      const who = domain === null ? ownCopy(aorOf(from.user, from.host)) : aorOf(from.user, domain);
      return { ok: true, who: who as Aor, domain, how: 'trusted' };
    }
    const suspect = { address: request.flow.remote.address, proven: isStream(request.flow.transport) };
    this.#options.security.report('not-trusted', suspect, { user: from?.user ?? '' });
    return { ok: false, answer: { status: 403 } };
  }

  #examine(request: SipRequest, from: SipUri | null): AuthResult | Promise<AuthResult> {
    const { places } = this.#options;
    // Who a phone is it says in From: the digest user name is not known before the challenge, and may be another. Which of
    // two users with one name is meant the domain in From says, and the password proves.
    const domain = (from === null ? null : places.domainFor(from.host)) ?? places.domain;
    const facts = this.#options.facts(from?.user ? toText(from.user) : null, domain);
    if (facts === null)
      return this.#unavailable(request, `no digest realm: the PBX of ${domain} has not been reached yet`);
    const authorization = this.#chosen(request, facts);
    if (authorization === null) return this.#challenge(request, domain, facts, false);
    // RFC 7616 3.4.6: a digest made for another URI is somebody else's.
    if (!sameTarget(authorization.uri, request.uri, places)) {
      return { ok: false, answer: { status: 400, reason: 'Digest URI Is Not The Request-URI' } };
    }
    const nonce = this.#nonces.judge(authorization.nonce, request.flow.remote.address, domain);
    // Stale, though nobody has looked at the response: phones use the nonce of their registrar, whose realm is the same,
    // and must not take our answer for "wrong password" (RFC 7616 3.3). Strangers make no work at the PBX this way, from
    // their own address or under forged ones. A setting from an address that has shown nothing would be logged as the wish
    // of whoever owns that address.
    const isUseless = nonce.state === 'foreign' || (nonce.state === 'elsewhere' && !isGuarded(request));
    if (isUseless) return this.#challenge(request, domain, facts, true);
    const user = this.#userOf(authorization.username, domain);
    return this.#verify({ request, given: authorization, user, nonce, facts });
  }

  /** Of several Authorization headers the one for our realm; null where none can be used. */
  #chosen(request: SipRequest, facts: DigestFacts): DigestAuthorization | null {
    for (const value of request.headers('Authorization')) {
      const parsed = parseAuthorization(value);
      const offered = parsed !== null && !(facts.md5Only && parsed.algorithm !== 'MD5');
      if (offered && parsed.realm === this.#written(facts).wire) return parsed;
    }
    return null;
  }

  /** At once where the user is remembered and the digest is right, or asked about a moment ago. */
  #verify(shown: Shown): AuthResult | Promise<AuthResult> {
    const remembered = this.#credentials.remembered(shown.user);
    return remembered === undefined
      ? this.#ask(shown, (entry) => this.#judge(shown, entry))
      : this.#judge(shown, remembered);
  }

  /** Looks a second time where the password may have been changed at the PBX a moment ago. */
  #judge(shown: Shown, entry: CredentialEntry): AuthResult | Promise<AuthResult> {
    const { found } = entry;
    if (isRight(shown, entry) && found !== null) return this.#admit(shown, entry, found);
    if (!this.#credentials.mayBeOutdated(entry)) return this.#refuse(shown, found !== null);
    return this.#ask(shown, (renewed) =>
      isRight(shown, renewed) && renewed.found !== null
        ? this.#admit(shown, renewed, renewed.found)
        : this.#refuse(shown, renewed.found !== null),
    );
  }

  #ask(shown: Shown, then: (entry: CredentialEntry) => AuthResult | Promise<AuthResult>): Promise<AuthResult> {
    return this.#credentials
      .ask(shown.user, shown.request.flow.remote.address)
      .then(then, (error: unknown) => this.#unasked(shown, messageOf(error)));
  }

  /** The PBX cannot be asked. While it is away, what it said before counts for who has shown his password before. */
  #unasked(shown: Shown, reason: string): AuthResult {
    const { request, given, user, nonce } = shown;
    const proven = this.#credentials.proven(user);
    if (proven !== undefined && proven.found !== null) {
      if (isRight(shown, proven)) return this.#admit(shown, proven, proven.found);
      this.#options.security.report('auth-failed', suspectOf(request, nonce), this.#named(given, user));
    }
    return this.#unavailable(request, `the PBX cannot be asked for credentials: ${reason}`);
  }

  #refuse({ request, given, user, nonce, facts }: Shown, known: boolean): AuthResult {
    const event = known ? 'auth-failed' : 'unknown-user';
    this.#options.security.report(event, suspectOf(request, nonce), this.#named(given, user));
    return this.#challenge(request, domainOf(user), facts, false);
  }

  /** The password is right. */
  #admit(
    { request, given, user, nonce, facts }: Shown,
    entry: CredentialEntry,
    { extension }: Credentials,
  ): AuthResult {
    this.#credentials.prove(entry);
    const domain = domainOf(user);
    if (nonce.state === 'stale') return this.#challenge(request, domain, facts, true);
    // Without qop there is no count: such a nonce serves once, else its header could be replayed as it is.
    const count = given.auth === null ? 1 : Number.parseInt(given.auth.nc, 16);
    const isSafe = isGuarded(request) && nonce.atHome;
    const taken = this.#counts.take(given.nonce, user, count, nonce.issuedAt, isSafe);
    if (taken === 'used') {
      this.#options.security.report('nonce-replay', suspectOf(request, nonce), this.#named(given, user));
    }
    if (taken !== 'new') return this.#challenge(request, domain, facts, true);
    return { ok: true, who: extension === undefined ? user : aorOf(extension, domain), domain, how: 'digest' };
  }

  /** For a user who does not exist a secret nobody has, of the same kind: it takes the same work. */
  #secretOf(user: Aor, found: Credentials | null): Secret {
    const { facts, random } = this.#options;
    const { realm, md5Only } = facts(userOf(user), domainOf(user)) ?? { realm: null, md5Only: false };
    if (found?.password !== undefined) return new Secret({ password: found.password });
    if (found?.ha1 !== undefined && found.realm === realm) return new Secret({ ha1: found.ha1 });
    return new Secret(md5Only ? { ha1: token(random, 128) } : { password: token(random, 128) }, false);
  }

  /**
   * COMPAT(phones with an "authentication name" field): `1001@our.domain` is 1001. With the name of another domain, ours or
   * not, it is a name that nobody has.
   */
  #userOf(wireName: string, domain: string): Aor {
    const username = toText(wireName);
    const at = username.lastIndexOf('@');
    const isNamed = at > 0 && username.slice(at + 1).toLowerCase() === domain;
    return aorOf(isNamed ? username.slice(0, at) : username, domain);
  }

  /** For the security log: as the source wrote it, and of which domain where that is not plain. */
  #named({ username }: DigestAuthorization, user: Aor): { readonly user: string; readonly detail?: string } {
    const domain = domainOf(user);
    return domain === this.#options.places.domain ? { user: username } : { user: username, detail: domain };
  }

  #challenge({ flow }: SipRequest, domain: string, facts: DigestFacts, stale: boolean): AuthResult {
    const nonce = this.#nonces.issue(flow.remote.address, domain);
    return { ok: false, answer: challengeAnswer(this.#written(facts), nonce, facts.md5Only, stale) };
  }

  #written({ realm }: DigestFacts): Realm {
    if (this.#realm.text !== realm) this.#realm = realmOf(realm);
    return this.#realm;
  }

  #unavailable(request: SipRequest, detail: string): AuthResult {
    const suspect = { address: request.flow.remote.address, proven: isStream(request.flow.transport) };
    this.#options.security.report('auth-unavailable', suspect, { detail });
    // Spread, or every phone of the house comes back in the same second.
    const seconds = 5 + Math.floor(this.#options.random.fraction() * 10);
    return { ok: false, answer: { status: 503, headers: [['Retry-After', String(seconds)]] } };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
