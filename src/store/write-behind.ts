import { performance } from 'node:perf_hooks';
import type { Clock, Timer } from '../model/clock.ts';
import type { Driver } from './driver.ts';

/** How long a change may wait, and after a failure; milliseconds. */
const delayMs = 50;
const retryMs = 1000;
/** Rows a transaction: 200 take about 2 ms, 1000 would stall the loop for 100 ms. */
const batch = 200;

/** Of subscriptions, of which there are most, a number: a text for each would have to be made and hashed. */
type Key = string | number;

/** Coalesces writes that may be lost by a crash: the last write of a key wins, a failing disk is tried again. */
export class WriteBehind {
  readonly #driver: Driver;
  readonly #clock: Clock;
  readonly #settled: (error: unknown) => void;
  readonly #took: (seconds: number) => void;
  readonly #dirty = new Map<Key, () => void>();
  #timer: Timer | null = null;

  /** `settled` hears of each batch: null, or what failed; `took`, how long one took that did not fail. */
  constructor(
    driver: Driver,
    clock: Clock,
    settled: (error: unknown) => void,
    took: (seconds: number) => void = () => undefined,
  ) {
    this.#driver = driver;
    this.#clock = clock;
    this.#settled = settled;
    this.#took = took;
  }

  /** Rows that wait. */
  get size(): number {
    return this.#dirty.size;
  }

  put(key: Key, write: () => void): void {
    this.#dirty.set(key, write);
    this.#arm(delayMs);
  }

  drop(key: Key): void {
    this.#dirty.delete(key);
  }

  /** Writes everything now. Throws what the disk says. */
  flush(): void {
    while (this.#dirty.size > 0) this.#writeBatch();
    this.#disarm();
  }

  #arm(ms: number): void {
    this.#timer ??= this.#clock.after(ms, () => {
      this.#timer = null;
      try {
        this.#writeBatch();
        this.#settled(null);
        if (this.#dirty.size > 0) this.#arm(0);
      } catch (error) {
        this.#settled(error);
        this.#arm(retryMs);
      }
    });
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #writeBatch(): void {
    const taken = [...this.#dirty].slice(0, batch);
    const began = performance.now();
    this.#driver.transaction(() => {
      for (const [, write] of taken) write();
    });
    this.#took((performance.now() - began) / 1000);
    for (const [key, write] of taken) if (this.#dirty.get(key) === write) this.#dirty.delete(key);
  }
}
