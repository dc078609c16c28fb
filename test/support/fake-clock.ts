import type { Clock, Timer } from '../../src/model/clock.ts';

interface Due {
  readonly at: number;
  readonly order: number;
  readonly task: () => void;
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #now: number;
  #order = 0;
  readonly #due = new Set<Due>();

  constructor(startMs = 1_700_000_000_000) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, task: () => void): Timer {
    const due: Due = { at: this.#now + Math.max(ms, 0), order: this.#order++, task };
    this.#due.add(due);
    return { cancel: () => this.#due.delete(due) };
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#due.size;
  }

  /** Moves the time and runs what falls due, in order, each at its own time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = [...this.#due].sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (next === undefined || next.at > end) break;
      this.#due.delete(next);
      this.#now = next.at;
      next.task();
    }
    this.#now = end;
  }

  /** `advance` in small steps, letting promises settle between them. */
  async run(ms: number, stepMs = 50): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.advance(Math.min(stepMs, left));
      await settle();
    }
  }
}

/** Lets every promise that can settle do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
