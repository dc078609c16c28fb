import type { Clock } from '../../model/clock.ts';
import type { Logger } from '../../model/logger.ts';

const quietMs = 10_000;
const maxEntries = 10_000;
const maxNameLength = 64;

/**
 * The security lines that fail2ban and the like read: `auth-failed`, `auth-unavailable`. One line per event, source and
 * user in 10 s; `count` says how many attempts it stands for. Holds no password, response or nonce.
 */
export class FailureLog {
  /** In order of the last line, oldest first. */
  readonly #spoken = new Map<string, { readonly at: number; unsaid: number }>();
  readonly #logger: Logger;
  readonly #clock: Clock;

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /** `source`: an IP address. `name`: as it came off the wire. */
  add(event: 'auth-failed' | 'auth-unavailable', source: string, name: string, message: string): void {
    const user = cleaned(name);
    const key = `${event} ${source} ${user}`;
    const now = this.#clock.now();
    const before = this.#spoken.get(key);
    if (before !== undefined && now - before.at < quietMs) {
      before.unsaid += 1;
      return;
    }
    this.#spoken.delete(key);
    this.#spoken.set(key, { at: now, unsaid: 0 });
    this.#forgetOld(now);
    this.#logger.warn({ event, source, user, count: 1 + (before?.unsaid ?? 0) }, message);
  }

  #forgetOld(now: number): void {
    for (const [key, { at, unsaid }] of this.#spoken) {
      if (this.#spoken.size <= maxEntries && (now - at < quietMs || unsaid > 0)) break;
      this.#spoken.delete(key);
    }
  }
}

/** Text of a stranger made fit for a log line: printable ASCII, bounded. */
export function cleaned(text: string): string {
  return text.slice(0, maxNameLength).replaceAll(/[^\x20-\x7e]/g, '?');
}
