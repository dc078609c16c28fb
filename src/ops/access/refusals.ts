import type { Clock } from '../../model/clock.ts';
import type { Logger } from '../../model/logger.ts';
import { printable } from '../answers.ts';
import { networkOf } from './network.ts';

/** One line a network and kind in this time, or guessing would fill the disk. */
const quietMs = 10_000;
const mostKept = 1000;

interface Window {
  readonly since: number;
  /** Of the first request. */
  readonly from: string;
  readonly wrong: boolean;
  unsaid: number;
}

/** Log lines about requests without a good token: the first of a network at once, the rest as a count. Never a token. */
export class Refusals {
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** In order of their beginning, oldest first. */
  readonly #windows = new Map<string, Window>();

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** `wrong`: there was a token, and it is nobody's. Otherwise there was none. */
  note(wrong: boolean, from: string, path: string): void {
    this.tell();
    const key = `${wrong} ${networkOf(from)}`;
    const window = this.#windows.get(key);
    if (window !== undefined) {
      window.unsaid += 1;
      return;
    }
    this.#windows.set(key, { since: this.#clock.now(), from, wrong, unsaid: 0 });
    this.#logger.warn(
      { from, path: printable(path) },
      wrong ? 'http request with a wrong token refused' : 'http request without a token refused',
    );
    if (this.#windows.size > mostKept) this.tell();
  }

  /** Says what was kept back for long enough; for every request, of whomever. */
  tell(): void {
    const now = this.#clock.now();
    for (const [key, { since, from, wrong, unsaid }] of this.#windows) {
      const open = now - since < quietMs && now >= since;
      if (open && this.#windows.size <= mostKept) break;
      this.#windows.delete(key);
      if (unsaid === 0) continue;
      this.#logger.warn(
        { from, count: unsaid },
        wrong ? 'more http requests with a wrong token refused' : 'more http requests without a token refused',
      );
    }
  }
}
