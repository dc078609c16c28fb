import type { Clock } from '../model/clock.ts';

/** Milliseconds. */
const quietMs = 60_000;

/** One error that comes with every SUBSCRIBE of a storm is one line a minute, which says how many it stands for. */
export class RareComplaint {
  readonly #clock: Clock;
  readonly #write: (error: unknown, times: number) => void;
  #saidAt = Number.NEGATIVE_INFINITY;
  #times = 0;

  /** `write` gets the newest error, and how many there were since the last line, this one included. */
  constructor(clock: Clock, write: (error: unknown, times: number) => void) {
    this.#clock = clock;
    this.#write = write;
  }

  say(error: unknown): void {
    this.#times += 1;
    const now = this.#clock.now();
    if (now - this.#saidAt < quietMs && now >= this.#saidAt) return;
    this.#write(error, this.#times);
    this.#saidAt = now;
    this.#times = 0;
  }
}
