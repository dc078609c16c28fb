import type { Clock, Timer } from '../model/clock.ts';

export interface Expiring {
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The wheel's own note: the second whose bucket it is in; 0 for none. A Map of them would cost 60 B for each. */
  bucket: number;
}

/**
 * Who runs out when, in buckets of one second: one timer for all, none while nobody waits, no clamp needed however long
 * an interval is. A clock that jumps ends what is over then and nothing else.
 */
export class ExpiryWheel<T extends Expiring> {
  readonly #clock: Clock;
  readonly #onDue: (item: T) => void;
  readonly #buckets = new Map<number, Set<T>>();
  #swept: number;
  #timer: Timer | null = null;
  #stopped = false;

  constructor(clock: Clock, onDue: (item: T) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
    this.#swept = Math.floor(clock.now() / 1000);
  }

  /** Adds it, or moves it to its new time. */
  put(item: T): void {
    const second = Math.ceil(item.expiresAt / 1000);
    if (item.bucket === second) return;
    this.remove(item);
    item.bucket = second;
    const bucket = this.#buckets.get(second);
    if (bucket === undefined) this.#buckets.set(second, new Set([item]));
    else bucket.add(item);
    this.#swept = Math.min(this.#swept, second - 1);
    this.#arm();
  }

  remove(item: T): void {
    const bucket = this.#buckets.get(item.bucket);
    bucket?.delete(item);
    if (bucket?.size === 0) this.#buckets.delete(item.bucket);
    item.bucket = 0;
  }

  /** For good: what is put in later never runs out. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = null;
  }

  #arm(): void {
    if (this.#stopped || this.#timer !== null || this.#buckets.size === 0) return;
    this.#timer = this.#clock.after(1000 - (this.#clock.now() % 1000), () => {
      this.#timer = null;
      this.#sweep();
      this.#arm();
    });
  }

  #sweep(): void {
    const second = Math.floor(this.#clock.now() / 1000);
    const passed = second - this.#swept;
    const seconds =
      passed > this.#buckets.size
        ? [...this.#buckets.keys()].filter((key) => key <= second).sort((a, b) => a - b)
        : Array.from({ length: Math.max(passed, 0) }, (_, index) => this.#swept + 1 + index);
    this.#swept = second;
    for (const key of seconds) {
      for (const item of [...(this.#buckets.get(key) ?? [])]) {
        this.remove(item);
        this.#onDue(item);
      }
    }
  }
}
