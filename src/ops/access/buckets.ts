import type { Clock } from '../../model/clock.ts';

/** How often: `perSecond` for ever, `burst` at once after a rest. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

const mostKeys = 5_000;

/** A bucket for each client that refills with time. Those that ask no more are forgotten first. */
export class Buckets {
  readonly #clock: Clock;
  readonly #rate: () => Rate | null;
  readonly #levels = new Map<string, { readonly level: number; readonly at: number }>();

  /** @param rate asked each time, for it may change; null: nobody is limited. */
  constructor(clock: Clock, rate: () => Rate | null) {
    this.#clock = clock;
    this.#rate = rate;
  }

  /** Takes `cost` out of a client's bucket. 0: it was there; else the seconds until it will be, and nothing is taken. */
  take(key: string, cost = 1): number {
    const rate = this.#rate();
    if (rate === null) return 0;
    const level = this.level(key);
    if (level < cost) return Math.max(1, Math.ceil((Math.min(cost, rate.burst) - level) / rate.perSecond));
    this.#levels.delete(key);
    this.#levels.set(key, { level: level - cost, at: this.#clock.now() });
    const [oldest] = this.#levels.keys();
    if (this.#levels.size > mostKeys && oldest !== undefined) this.#levels.delete(oldest);
    return 0;
  }

  /** What is in a client's bucket now. */
  level(key: string): number {
    const rate = this.#rate();
    if (rate === null) return Number.POSITIVE_INFINITY;
    const before = this.#levels.get(key);
    if (before === undefined) return rate.burst;
    const seconds = Math.max(0, this.#clock.now() - before.at) / 1000;
    return Math.min(rate.burst, before.level + seconds * rate.perSecond);
  }
}
