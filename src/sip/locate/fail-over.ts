import type { Clock } from '../../model/clock.ts';
import { type Target, targetKey } from './target.ts';

/** What became of a request that was sent to one target. */
export interface Attempt {
  /** The final status; a local 408 is Timer F, a local 503 a transport error (RFC 3261 8.1.3.1). */
  readonly status: number;
  readonly local: boolean;
  /** Seconds, from Retry-After; null where absent. */
  readonly retryAfter: number | null;
}

/** `refusing`: it said itself how long it wants to be left alone; `doubtful`: it did not answer lately. */
export type Health = 'well' | 'doubtful' | 'refusing';

interface Ill {
  readonly health: Health;
  readonly until: number;
}

/** RFC 3263 4.3 gives no time: long enough to skip a dead proxy in a storm, short enough to find it back; ms. */
const doubtMs = 30_000;
/** A peer may not send us away for longer than this; ms. */
const longestRefusalMs = 3_600_000;
const maxRemembered = 1000;

/** Which targets did not serve lately; shared by all requests. */
export class TargetHealth {
  readonly #clock: Clock;
  readonly #ill = new Map<string, Ill>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(target: Target): Health {
    const key = targetKey(target);
    const ill = this.#ill.get(key);
    if (ill === undefined) return 'well';
    if (this.#clock.now() < ill.until) return ill.health;
    this.#ill.delete(key);
    return 'well';
  }

  /** Takes an attempt into account; true: the next target should get the request (RFC 3263 4.3). */
  note(target: Target, { status, local, retryAfter }: Attempt): boolean {
    if (local && (status === 408 || status === 503)) {
      this.#mark(target, 'doubtful', doubtMs);
      return true;
    }
    if (status !== 503) {
      this.#ill.delete(targetKey(target)); // any answer is a sign of life
      return false;
    }
    // RFC 3261 21.5.4: without Retry-After it says nothing about the next request
    if (retryAfter === null || retryAfter <= 0) this.#ill.delete(targetKey(target));
    else this.#mark(target, 'refusing', Math.min(retryAfter * 1000, longestRefusalMs));
    return true;
  }

  /** Targets remembered. */
  get size(): number {
    return this.#ill.size;
  }

  #mark(target: Target, health: Health, ms: number): void {
    const key = targetKey(target);
    this.#ill.delete(key);
    this.#ill.set(key, { health, until: this.#clock.now() + ms });
    if (this.#ill.size > maxRemembered) {
      const oldest = this.#ill.keys().next();
      if (!oldest.done) this.#ill.delete(oldest.value);
    }
  }
}

export interface FailOverOptions {
  /** As `Locator` orders them. */
  readonly targets: readonly Target[];
  readonly health: TargetHealth;
  readonly clock: Clock;
  /** Default 4. */
  readonly maxTries?: number;
  /** No try begins later than this after the first; ms. Default 40000: one Timer F, and a little more. */
  readonly withinMs?: number;
}

/**
 * RFC 3263 4.3 for one request: `next`, send there in a transaction of its own, `judge`, again while that says true.
 * Doubtful targets come last; those that asked to be left alone do not come at all (RFC 3261 21.5.4).
 */
export class FailOver {
  readonly #options: FailOverOptions;
  readonly #left: Target[];
  readonly #end: number;
  #tries: number;

  constructor(options: FailOverOptions) {
    this.#options = options;
    const { targets, health, clock, maxTries = 4, withinMs = 40_000 } = options;
    const well = targets.filter((target) => health.of(target) === 'well');
    const doubtful = targets.filter((target) => health.of(target) === 'doubtful');
    this.#left = [...well, ...doubtful];
    this.#tries = maxTries;
    this.#end = clock.now() + withinMs;
  }

  /** Null: there is none left, or no time. */
  next(): Target | null {
    if (this.#tries <= 0 || this.#options.clock.now() >= this.#end) return null;
    this.#tries -= 1;
    return this.#left.shift() ?? null;
  }

  /** True: the request has to go to the next target; false: the attempt is the answer. */
  judge(target: Target, attempt: Attempt): boolean {
    return this.#options.health.note(target, attempt);
  }
}

/**
 * Drives a `FailOver`: the first answer that is no failure, else the last failure; null where no target could be tried.
 * `send` must not reject.
 */
export async function sendInTurn<T extends Attempt>(
  failOver: FailOver,
  send: (target: Target) => Promise<T>,
): Promise<T | null> {
  let last: T | null = null;
  for (let target = failOver.next(); target !== null; target = failOver.next()) {
    last = await send(target);
    if (!failOver.judge(target, last)) return last;
  }
  return last;
}
