import { type Aor, domainOf, userOf } from '../../model/aor.ts';
import { type Clock, within } from '../../model/clock.ts';
import type { Secret } from './digest.ts';
import { LookupRows, type Waiting } from './lookup-rows.ts';
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

/** One user, asked for once by all who need him. */
interface Question extends Waiting {
  readonly answer: Promise<CredentialEntry>;
  refuse(error: Error): void;
}

/**
 * Remembers credentials, and that there are none, for at most 30 s, so that a storm of phones is not a storm of
 * questions to the PBX. Known and unknown users take the same way. The key is the user with his domain: the same number
 * elsewhere is somebody else.
 */
export class CredentialCache {
  /** In order of age, oldest first. */
  readonly #entries = new Map<Aor, CredentialEntry>();
  readonly #underWay = new Map<Aor, Question>();
  readonly #rows = new LookupRows();
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

  /** Rejects as the lookup does, and after 4 s. `source`: the address that wants to know. */
  async get(user: Aor, source: string): Promise<CredentialEntry> {
    return this.remembered(user) ?? this.#ask(user, source);
  }

  /** True where what `get` gave may have been changed at the PBX meanwhile: then `renew` once before refusing. */
  mayBeOutdated(user: Aor): boolean {
    const entry = this.#entries.get(user);
    return entry === undefined || this.#clock.now() - entry.at >= minAgeForSecondLookMs;
  }

  /** Asks again. Rejects like `get`. */
  async renew(user: Aor, source: string): Promise<CredentialEntry> {
    return this.#ask(user, source);
  }

  #ask(name: Aor, source: string): Promise<CredentialEntry> {
    const user = ownCopy(name) as Aor; // a slice would keep its whole message in memory
    const known = this.#underWay.get(user);
    const question = known ?? this.#question(user);
    // Also where it waits already: in the row of somebody who asks for many it would wait for long.
    const hasRoom = !question.wanted || this.#rows.put(source, question);
    if (!hasRoom && known === undefined) question.refuse(new Error('too many questions at once'));
    return question.answer;
  }

  #question(user: Aor): Question {
    let [go, refuse]: [() => void, (error: Error) => void] = [nothing, nothing];
    const turn = new Promise<void>((resolve, reject) => {
      [go, refuse] = [resolve, reject];
    });
    const tooLate = (): Promise<never> => {
      question.wanted = false;
      return Promise.reject(new Error('no answer in time'));
    };
    const asking = turn.then(() => this.#lookup(userOf(user), domainOf(user)));
    const answer = within(this.#clock, lookupMs, asking, tooLate)
      .then((found) => this.#keep(user, found))
      .finally(() => {
        question.wanted = false;
        this.#underWay.delete(user);
      });
    const question = {
      wanted: true,
      answer,
      ask: () => {
        question.wanted = false;
        go();
        // However long nobody has waited for it: what the PBX was asked it is busy with.
        return within(this.#clock, lookupMs, asking.then(nothing, nothing), nothing);
      },
      refuse,
    };
    this.#underWay.set(user, question);
    return question;
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

function nothing(): void {
  // whoever asked hears what became of it
}
