import type { Clock } from '../../model/clock.ts';
import type { Logger } from '../../model/logger.ts';
import { toText } from '../message/wire-text.ts';

const quietMs = 60_000;
const maxSources = 5000;

/** Foreign text fit for a log line: no control characters (CR, LF, ESC, C1), bounded. */
function loggable(wire: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it replaces
  return toText(wire.slice(0, 200)).replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, '?');
}

/** Log lines about what sources do wrong: at most one a minute for each source, so that nobody can flood the log. */
export class Complaints {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #since = new Map<string, number>();

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  warn(source: string, message: string, detail = ''): void {
    const now = this.#clock.now();
    const before = this.#since.get(source);
    if (before !== undefined && now - before < quietMs && now >= before) return;
    this.#since.delete(source);
    this.#since.set(source, now);
    if (this.#since.size > maxSources) {
      const oldest = this.#since.keys().next();
      if (!oldest.done) this.#since.delete(oldest.value);
    }
    this.#logger.warn(detail === '' ? { source } : { source, detail: loggable(detail) }, message);
  }
}
