import type { Clock, Timer } from '../model/clock.ts';
import { HookFailure } from './line.ts';

interface Entry {
  readonly settle: (answer: unknown) => void;
  readonly fail: (failure: HookFailure) => void;
  readonly timer: Timer;
}

/** Questions that wait for their answers, each with its deadline. */
export class Pending {
  readonly #clock: Clock;
  readonly #entries = new Map<number, Entry>();
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** `send` gets the question's number. `late` is told of one that got no answer in time. */
  ask(deadlineMs: number, send: (id: number) => void, late: (id: number) => void): Promise<unknown> {
    const id = ++this.#last;
    return new Promise((settle, fail) => {
      const timer = this.#clock.after(deadlineMs, () => {
        this.#entries.delete(id);
        fail(new HookFailure(`no answer within ${Math.round(deadlineMs)} ms`));
        late(id);
      });
      this.#entries.set(id, { settle, fail, timer });
      send(id);
    });
  }

  /** False: nobody waits for it (any more). */
  answer(id: number, answer: unknown): boolean {
    const entry = this.#take(id);
    entry?.settle(answer);
    return entry !== null;
  }

  refuse(id: number, reason: string): boolean {
    const entry = this.#take(id);
    entry?.fail(new HookFailure(reason));
    return entry !== null;
  }

  refuseAll(reason: string): void {
    for (const id of [...this.#entries.keys()]) this.refuse(id, reason);
  }

  #take(id: number): Entry | null {
    const entry = this.#entries.get(id) ?? null;
    this.#entries.delete(id);
    entry?.timer.cancel();
    return entry;
  }
}
