import { performance } from 'node:perf_hooks';
import type { Driver } from './driver.ts';

interface Waiting {
  readonly write: () => void;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** Rows that wait at most for more of their kind. */
const largest = 64;

/**
 * Births and deaths share a transaction while each turn of the event loop brings more of them: singly 18 µs each, eight
 * together 7 µs, 64 together 5 µs. Whoever waits for his promise knows that the row is on disk.
 */
export class GroupCommit {
  readonly #driver: Driver;
  readonly #settled: (error: unknown) => void;
  readonly #took: (seconds: number) => void;
  #waiting: Waiting[] = [];

  /** `settled` hears of each group: null, or what failed; `took`, how long one took that did not fail. */
  constructor(driver: Driver, settled: (error: unknown) => void, took: (seconds: number) => void = () => undefined) {
    this.#driver = driver;
    this.#settled = settled;
    this.#took = took;
  }

  /** Rows that wait. */
  get size(): number {
    return this.#waiting.length;
  }

  add(write: () => void): Promise<void> {
    return new Promise((done, failed) => {
      if (this.#waiting.length === 0) this.#flushUnlessMore(0);
      this.#waiting.push({ write, done, failed });
    });
  }

  #flushUnlessMore(before: number): void {
    setImmediate(() => {
      const now = this.#waiting.length;
      if (now > before && now < largest) this.#flushUnlessMore(now);
      else this.flush();
    });
  }

  /** Commits what waits now. */
  flush(): void {
    const group = this.#waiting;
    if (group.length === 0) return;
    this.#waiting = [];
    const began = performance.now();
    try {
      this.#driver.transaction(() => {
        for (const { write } of group) write();
      });
      this.#took((performance.now() - began) / 1000);
      this.#settled(null);
      for (const { done } of group) done();
    } catch (error) {
      this.#settled(error);
      for (const { failed } of group) failed(error);
    }
  }
}
