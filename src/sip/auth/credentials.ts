import { type Aor, domainOf, userOf } from '../../model/aor.ts';
import { type Clock, within } from '../../model/clock.ts';
import type { Secret } from './digest.ts';
import { ownCopy } from './own-copy.ts';

/** What is kept for digest of one user: as the PBX port gives it. Held in memory only; never logged, never stored. */
export interface Credentials {
  readonly realm: string;
  /** The clear password, where it is known. */
  readonly password?: string;
  /** MD5(user:realm:password) in hex, where only that is kept (RFC 2617). */
  readonly ha1?: string;
  /** The user they belong to, where the digest user name is another one. */
  readonly extension?: string;
}

export type Lookup = (user: string, domain: string) => Promise<Credentials | null>;

export interface CredentialEntry {
  readonly found: Credentials | null;
  /** What a digest is verified with; one that verifies nothing where there is no such user. */
  readonly secret: Secret;
  /** When it was found out; milliseconds. */
  readonly at: number;
}

const maxAgeMs = 30_000;
/** A lookup that takes longer is a PBX that cannot be asked: the phone must get its answer well before Timer F. */
const lookupMs = 4_000;
/** Guessing at one user must not become one question to the PBX per guess. */
const minAgeForSecondLookMs = 1_000;
const maxEntries = 20_000;
/** Questions to the PBX at one moment; a stranger with many names must not queue more. */
const maxUnderWay = 500;

/**
 * Remembers credentials, and that there are none, for at most 30 s, so that a storm of phones is not a storm of
 * questions to the PBX. Known and unknown users take the same way. The key is the user with his domain: the same number
 * elsewhere is somebody else.
 */
export class CredentialCache {
  /** In order of age, oldest first. */
  readonly #entries = new Map<Aor, CredentialEntry>();
  readonly #underWay = new Map<Aor, Promise<CredentialEntry>>();
  readonly #lookup: Lookup;
  readonly #toSecret: (user: Aor, found: Credentials | null) => Secret;
  readonly #clock: Clock;

  constructor(lookup: Lookup, toSecret: (user: Aor, found: Credentials | null) => Secret, clock: Clock) {
    this.#lookup = lookup;
    this.#toSecret = toSecret;
    this.#clock = clock;
  }

  /** What is known without asking; undefined: nothing. */
  remembered(user: Aor): CredentialEntry | undefined {
    this.#forgetOld();
    return this.#entries.get(user);
  }

  /** Rejects as the lookup does, and after 4 s. */
  async get(user: Aor): Promise<CredentialEntry> {
    return this.remembered(user) ?? this.#ask(user);
  }

  /** True where what `get` gave may have been changed at the PBX meanwhile: then `renew` once before refusing. */
  mayBeOutdated(user: Aor): boolean {
    const entry = this.#entries.get(user);
    return entry === undefined || this.#clock.now() - entry.at >= minAgeForSecondLookMs;
  }

  /** Asks again. Rejects like `get`. */
  async renew(user: Aor): Promise<CredentialEntry> {
    return this.#ask(user);
  }

  #ask(name: Aor): Promise<CredentialEntry> {
    const user = ownCopy(name) as Aor; // a slice would keep its whole message in memory
    const running = this.#underWay.get(user);
    if (running !== undefined) return running;
    if (this.#underWay.size >= maxUnderWay) return Promise.reject(new Error('too many questions at once'));
    const tooLate = (): Promise<never> => Promise.reject(new Error('no answer in time'));
    const asked = within(this.#clock, lookupMs, this.#lookup(userOf(user), domainOf(user)), tooLate)
      .then((found) => this.#keep(user, found))
      .finally(() => this.#underWay.delete(user));
    this.#underWay.set(user, asked);
    return asked;
  }

  #keep(user: Aor, found: Credentials | null): CredentialEntry {
    const entry = { found, secret: this.#toSecret(user, found), at: this.#clock.now() };
    this.#entries.delete(user);
    this.#entries.set(user, entry);
    return entry;
  }

  #forgetOld(): void {
    const youngest = this.#clock.now() - maxAgeMs;
    for (const [user, { at }] of this.#entries) {
      if (at > youngest && this.#entries.size <= maxEntries) break;
      this.#entries.delete(user);
    }
  }
}
