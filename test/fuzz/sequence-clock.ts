import type { Clock, Timer } from '../../src/model/clock.ts';

interface Due {
  readonly at: number;
  readonly order: number;
  readonly task: () => void;
}

/** Timers in one stretch of time; an hour of a few wheels is some ten thousand. */
const mostFired = 200_000;

/** A clock that jumps from timer to timer. Each process life has a view of it that ends with the process. */
export class SequenceClock implements Clock {
  #now = 1_700_000_000_000;
  #order = 0;
  readonly #due = new Set<Due>();

  now(): number {
    return this.#now;
  }

  after(ms: number, task: () => void): Timer {
    if (Number.isNaN(ms)) throw new Error('a timer without a time: setTimeout would fire each millisecond');
    // as setTimeout has it: whole milliseconds, and at least one
    const due: Due = { at: this.#now + Math.max(Math.trunc(ms), 1), order: this.#order++, task };
    this.#due.add(due);
    return { cancel: () => this.#due.delete(due) };
  }

  /** What runs on it until `end`: after that nothing of it fires any more. */
  life(): { readonly clock: Clock; readonly pending: () => number; readonly end: () => void } {
    const mine = new Set<Timer>();
    let over = false;
    const clock: Clock = {
      now: () => this.#now,
      after: (ms, task) => {
        if (over) return { cancel: () => undefined };
        const timer = this.after(ms, () => {
          mine.delete(timer);
          task();
        });
        mine.add(timer);
        return {
          cancel: () => {
            mine.delete(timer);
            timer.cancel();
          },
        };
      },
    };
    const end = () => {
      over = true;
      for (const timer of mine) timer.cancel();
      mine.clear();
    };
    return { clock, pending: () => mine.size, end };
  }

  /** Moves the time; `settle` is awaited after each moment at which something was due. */
  async run(ms: number, settle: () => Promise<void>): Promise<void> {
    const end = this.#now + Math.round(ms);
    for (let fired = 0; ; fired++) {
      if (fired > mostFired) throw new Error(`${mostFired} timers in ${ms} ms`);
      let next: Due | null = null;
      for (const due of this.#due) {
        if (due.at > end || (next !== null && (due.at > next.at || (due.at === next.at && due.order > next.order)))) {
          continue;
        }
        next = due;
      }
      if (next === null) break;
      this.#due.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.task();
      await settle();
    }
    this.#now = end;
  }
}
