import type { Random } from '../model/random.ts';

/** The first pause after something failed, and the longest; ms. */
const shortestMs = 5_000;
const longestMs = 3600_000;
/** What a phone may make us wait at most; seconds. */
const longestRetryAfter = 86_400;

/** How long a failure keeps us from asking a phone again; doubles with each, and never the same for two phones. */
export class Waits {
  readonly #random: Random;
  #failures = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** It went well: the next failure is a first one. */
  reset(): void {
    this.#failures = 0;
  }

  /** ms; at least what the phone asked for (`retryAfter`, seconds; null: nothing). */
  next(retryAfter: number | null): number {
    const usual = Math.min(shortestMs * 2 ** Math.min(this.#failures, 20), longestMs);
    this.#failures += 1;
    // Half of it by chance, so that a building that lost its power does not come back as one.
    const chance = usual * (0.5 + this.#random.fraction() / 2);
    const asked = Math.min(retryAfter ?? 0, longestRetryAfter) * 1000;
    return asked === 0 ? chance : Math.max(asked * (1 + this.#random.fraction() / 10), chance);
  }

  /** When to refresh what stands for `seconds`; ms. Well before its end, and spread. */
  refreshIn(seconds: number): number {
    const share = seconds >= 120 ? 0.8 + this.#random.fraction() * 0.1 : 0.5 + this.#random.fraction() * 0.1;
    return Math.max(seconds * share * 1000, shortestMs); // what ends before that fails, and is begun anew ever later
  }
}
