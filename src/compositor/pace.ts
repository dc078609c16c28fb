import type { Clock } from '../model/clock.ts';

/** How many may come at once, and one more for each of so many milliseconds. */
export interface PaceOptions {
  readonly burst: number;
  readonly everyMs: number;
}

/** A key that has been quiet for long enough is forgotten; of more than these the one that spoke first is. */
const mostKeys = 20_000;

/** RFC 3903 9: how fast somebody may publish. Holds one number for each key, the time when he would have used up his share. */
export class Pace {
  readonly #clock: Clock;
  readonly #options: PaceOptions;
  readonly #usedUntil = new Map<string, number>();

  constructor(clock: Clock, options: PaceOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Counts one more: 0, or the seconds to wait where it came too soon; that one is then not counted. */
  take(key: string): number {
    const now = this.#clock.now();
    const { burst, everyMs } = this.#options;
    const before = this.#usedUntil.get(key) ?? now;
    // a clock that was set back must silence nobody for longer than a burst is worth
    const used = Math.min(Math.max(before, now), now + burst * everyMs);
    const early = used + everyMs - now - burst * everyMs;
    this.#usedUntil.delete(key); // behind those that spoke before
    this.#usedUntil.set(key, early > 0 ? used : used + everyMs);
    this.#forget(now);
    return early > 0 ? Math.ceil(early / 1000) : 0;
  }

  #forget(now: number): void {
    for (const [key, until] of this.#usedUntil) {
      if (until > now && this.#usedUntil.size <= mostKeys) return;
      this.#usedUntil.delete(key);
    }
  }
}
