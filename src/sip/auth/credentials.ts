import { type Aor, domainOf, userOf } from '../../model/aor.ts';
import type { Clock, Timer } from '../../model/clock.ts';
import type { Secret } from './digest.ts';
import { LookupRows, type Waiting } from './lookup-rows.ts';
import { ownCopy } from './own-copy.ts';
import type { ProvenCredentials } from './proven-credentials.ts';

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
  readonly user: Aor;
  readonly found: Credentials | null;
  /** What a digest is verified with; one that verifies nothing where there is no such user. */
  readonly secret: Secret;
  /** When it was found out; milliseconds. */
  readonly at: number;
  /** Somebody has shown that he knows the password. */
  isProven: boolean;
}

export interface CredentialCacheOptions {
  readonly lookup: Lookup;
  readonly toSecret: (user: Aor, found: Credentials | null) => Secret;
  readonly clock: Clock;
  /** Outlives the cache, as a reload makes another. */
  readonly proven: ProvenCredentials;
  /** True: a link to the PBX that knows this user is down. It may be another than the one that passwords come by. */
  readonly isAway: (user: Aor) => boolean;
}

const maxAgeMs = 30_000;
/** A lookup that takes longer is a PBX that cannot be asked: the phone must get its answer well before Timer F. */
const lookupMs = 4_000;
/** Guessing at one user must not become one question to the PBX per guess. */
const minAgeForSecondLookMs = 1_000;
const maxEntries = 20_000;

/** What a question needs of who keeps its answer. */
interface QuestionHost {
  readonly clock: Clock;
  readonly lookup: () => Promise<Credentials | null>;
  keep(found: Credentials | null): CredentialEntry;
  onEnd(): void;
}

/** One user, asked for once by all who need him. */
class Question implements Waiting {
  readonly answer: Promise<CredentialEntry>;
  readonly #host: QuestionHost;
  readonly #until: number;
  #resolve: (entry: CredentialEntry) => void = nothing;
  #reject: (error: unknown) => void = nothing;
  #asked = false;
  #ended = false;
  #timer: Timer | null = null;

  constructor(host: QuestionHost) {
    this.#host = host;
    this.#until = host.clock.now() + lookupMs;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** By the time, not by the timer: another's may be first to fire, and make room in the row. */
  get wanted(): boolean {
    return !this.#asked && !this.#ended && this.#host.clock.now() < this.#until;
  }

  /** Somewhere in a row: nobody waits longer for that than for the answer. */
  wait(): void {
    this.#timer = this.#host.clock.after(lookupMs, () => this.refuse('no answer in time'));
  }

  ask(done: () => void): void {
    const { clock, lookup } = this.#host;
    this.#asked = true;
    let busy = true;
    const end = (): void => {
      timer.cancel();
      if (busy) done();
      busy = false;
    };
    // However long nobody has waited for it: what the PBX was asked it is busy with.
    const timer = clock.after(lookupMs, () => {
      end();
      this.refuse('no answer in time');
    });
    lookup()
      .then((found) => {
        if (this.#end()) this.#resolve(this.#host.keep(found));
      })
      .then(end, (error: unknown) => {
        this.#fail(error);
        end();
      });
  }

  refuse(reason: string): void {
    this.#fail(new Error(reason));
  }

  #fail(error: unknown): void {
    this.#end();
    this.#reject(error);
  }

  /** False: nobody waits for the answer any more. */
  #end(): boolean {
    this.#timer?.cancel();
    const isFirst = !this.#ended;
    if (isFirst) this.#host.onEnd();
    this.#ended = true;
    return isFirst;
  }
}

/**
 * Remembers credentials, and that there are none, for at most 30 s, so that a storm of phones is not a storm of
 * questions to the PBX. Known and unknown users take the same way. The key is the user with his domain: the same number
 * elsewhere is somebody else.
 */
export class CredentialCache {
  // Two generations, forgotten as a whole: a map that loses its oldest one by one is searched through all its holes for
  // the next, which took 40 us a request with 20,000 users.
  #young = new Map<Aor, CredentialEntry>();
  #old = new Map<Aor, CredentialEntry>();
  #bornAt = 0;
  readonly #underWay = new Map<Aor, Question>();
  readonly #rows = new LookupRows();
  readonly #options: CredentialCacheOptions;
  readonly #clock: Clock;

  constructor(options: CredentialCacheOptions) {
    this.#options = options;
    this.#clock = options.clock;
  }

  /** What is known without asking; undefined: nothing. */
  remembered(user: Aor): CredentialEntry | undefined {
    const entry = this.#young.get(user) ?? this.#old.get(user);
    return entry === undefined || this.#clock.now() - entry.at >= maxAgeMs ? undefined : entry;
  }

  /**
   * What his PBX said of a user who has shown his password, for when it could not be asked; undefined: nothing, or it is not
   * away, and may be kept from answering by whoever likes the old password better.
   */
  proven(user: Aor): CredentialEntry | undefined {
    return this.#options.isAway(user) ? this.#options.proven.of(user, this.#clock.now()) : undefined;
  }

  /** The password of this one was shown. */
  prove(entry: CredentialEntry): void {
    if (entry.isProven) return;
    entry.isProven = true;
    this.#options.proven.add(entry);
  }

  /** Asks, or waits for who has asked already. Rejects as the lookup does, and after 4 s. `source`: the address that wants to know. */
  ask(name: Aor, source: string): Promise<CredentialEntry> {
    const user = ownCopy(name) as Aor; // a slice would keep its whole message in memory
    const known = this.#underWay.get(user);
    const question = known ?? this.#question(user);
    // Also where it waits already: in the row of somebody who asks for many it would wait for long.
    const hasRoom = !question.wanted || this.#rows.put(source, question);
    if (known === undefined) {
      if (!hasRoom) question.refuse('too many questions at once');
      else if (question.wanted) question.wait();
    }
    return question.answer;
  }

  /** True where what was remembered may have been changed at the PBX meanwhile: then `ask` once before refusing. */
  mayBeOutdated({ at }: CredentialEntry): boolean {
    return this.#clock.now() - at >= minAgeForSecondLookMs;
  }

  #question(user: Aor): Question {
    const question = new Question({
      clock: this.#clock,
      lookup: () => this.#options.lookup(userOf(user), domainOf(user)),
      keep: (found) => this.#keep(user, found),
      onEnd: () => this.#underWay.delete(user),
    });
    this.#underWay.set(user, question);
    return question;
  }

  #keep(user: Aor, found: Credentials | null): CredentialEntry {
    const at = this.#clock.now();
    const entry = { user, found, secret: this.#options.toSecret(user, found), at, isProven: false };
    if (at - this.#bornAt >= maxAgeMs || this.#young.size >= maxEntries / 2) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#bornAt = at;
    }
    this.#young.set(user, entry);
    this.#options.proven.renew(entry);
    return entry;
  }
}

function nothing(): void {
  // until the promise is made
}
