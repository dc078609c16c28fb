import type { Clock, Timer } from '../model/clock.ts';

interface Expiring {
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * Who runs out when, in buckets of one second: one timer for all, none while nobody waits, no clamp needed however long
 * an interval is. A clock that jumps ends what is over then and nothing else.
 */
export class ExpiryWheel<T extends Expiring> {
  readonly #clock: Clock;
  readonly #onDue: (item: T) => void;
  readonly #buckets = new Map<number, Set<T>>();
  readonly #secondOf = new Map<T, number>();
  #swept: number;
  #timer: Timer | null = null;

  constructor(clock: Clock, onDue: (item: T) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
    this.#swept = Math.floor(clock.now() / 1000);
  }

  /** Adds it, or moves it to its new time. */
  put(item: T): void {
    const second = Math.ceil(item.expiresAt / 1000);
    if (this.#secondOf.get(item) === second) return;
    this.remove(item);
    this.#secondOf.set(item, second);
    const bucket = this.#buckets.get(second);
    if (bucket === undefined) this.#buckets.set(second, new Set([item]));
    else bucket.add(item);
    this.#swept = Math.min(this.#swept, second - 1);
    this.#arm();
  }

  remove(item: T): void {
    const second = this.#secondOf.get(item);
    if (second === undefined) return;
    this.#secondOf.delete(item);
    const bucket = this.#buckets.get(second);
    bucket?.delete(item);
    if (bucket?.size === 0) this.#buckets.delete(second);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #arm(): void {
    if (this.#timer !== null || this.#buckets.size === 0) return;
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
