import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';

const quietMs = 1000;

/** One error that comes with every SUBSCRIBE of a storm is one line a second, which says how many it stands for. */
export class RareComplaint {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #message: string;
  #saidAt = Number.NEGATIVE_INFINITY;
  #times = 0;

  constructor(clock: Clock, logger: Logger, message: string) {
    this.#clock = clock;
    this.#logger = logger;
    this.#message = message;
  }

  say(error: unknown): void {
    this.#times += 1;
    const now = this.#clock.now();
    if (now - this.#saidAt < quietMs && now >= this.#saidAt) return;
    this.#logger.error({ err: error, times: this.#times }, this.#message);
    this.#saidAt = now;
    this.#times = 0;
  }
}
