import type { Clock, Timer } from '../../src/model/clock.ts';

export interface WrapUpTools {
  readonly clock: Clock;
  /** Milliseconds until the first of them is over; null: nobody wraps up. */
  readonly nextEnd: () => number | null;
  readonly over: () => void;
}

/** Looks at the agents when the next one has wrapped up: no event of mod_callcenter tells. One timer for all of them. */
export class WrapUp {
  readonly #tools: WrapUpTools;
  #timer: Timer | null = null;

  constructor(tools: WrapUpTools) {
    this.#tools = tools;
  }

  /** Whenever an agent may be another. */
  await(): void {
    this.cancel();
    const wait = this.#tools.nextEnd();
    if (wait === null) return;
    this.#timer = this.#tools.clock.after(wait, () => {
      this.#tools.over();
      this.await();
    });
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}
