import type { Clock, Timer } from '../model/clock.ts';

/** What may run out; the wheel's notes are in it, where a Map or a Set of the wheel's would cost 100 B for each. */
export interface Expiring<T> {
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The second whose chain it is in; 0 for none. */
  bucket: number;
  nextToExpire: T | null;
  previousToExpire: T | null;
}

/**
 * Who runs out when, in chains of one second: one timer for all, none while nobody waits, no clamp needed however long
 * an interval is. A clock that jumps ends what is over then and nothing else.
 */
export class ExpiryWheel<T extends Expiring<T>> {
  readonly #clock: Clock;
  readonly #onDue: (item: T) => void;
  /** The first of each chain. */
  readonly #buckets = new Map<number, T>();
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
    const first = this.#buckets.get(second) ?? null;
    if (first === null) this.#buckets.set(second, item);
    else {
      // behind the first: the Map is left alone
      item.previousToExpire = first;
      item.nextToExpire = first.nextToExpire;
      if (first.nextToExpire !== null) first.nextToExpire.previousToExpire = item;
      first.nextToExpire = item;
    }
    this.#swept = Math.min(this.#swept, second - 1);
    this.#arm();
  }

  remove(item: T): void {
    if (item.bucket === 0) return;
    const { previousToExpire: previous, nextToExpire: next } = item;
    if (next !== null) next.previousToExpire = previous;
    if (previous !== null) previous.nextToExpire = next;
    else if (next === null) this.#buckets.delete(item.bucket);
    else this.#buckets.set(item.bucket, next);
    item.bucket = 0;
    item.nextToExpire = null;
    item.previousToExpire = null;
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
      // what `onDue` does to others of this second, or puts in anew, must not lead the way astray
      for (const item of chainOf(this.#buckets.get(key) ?? null)) {
        if (item.bucket !== key) continue;
        this.remove(item);
        this.#onDue(item);
      }
    }
  }
}

function chainOf<T extends Expiring<T>>(first: T | null): readonly T[] {
  const all: T[] = [];
  for (let item = first; item !== null; item = item.nextToExpire) all.push(item);
  return all;
}
