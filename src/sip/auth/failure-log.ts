import type { Clock } from '../../model/clock.ts';
import type { Logger } from '../../model/logger.ts';

const quietMs = 10_000;
/** Lines for one source within `quietMs`; what is beyond is said in one line afterwards. */
const linesPerSource = 20;
const maxEntries = 10_000;
const maxNameLength = 64;

type FailureEvent = 'auth-failed' | 'auth-unavailable';

interface Source {
  readonly since: number;
  lines: number;
  unsaid: number;
  /** Attempts by user name since its last line. */
  readonly users: Map<string, number>;
}

/**
 * The security lines that fail2ban and the like read: `auth-failed`, `auth-unavailable`. In 10 s one line for each
 * event, source and user, and at most 20 for a source, whatever names it tries; `count` says how many attempts a line
 * stands for. Holds no password, response or nonce.
 */
export class FailureLog {
  /** In order of their beginning, oldest first. */
  readonly #sources = new Map<string, Source>();
  readonly #logger: Logger;
  readonly #clock: Clock;

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /** `address`: an IP address. `name`: as it came off the wire. */
  add(event: FailureEvent, address: string, name: string, message: string): void {
    const now = this.#clock.now();
    this.#forgetOld(now);
    const user = cleaned(name);
    const source = this.#sourceOf(`${event} ${address}`, now);
    const before = source.users.get(user);
    if (before !== undefined) source.users.set(user, before + 1);
    else if (source.lines < linesPerSource) {
      source.users.set(user, 0);
      source.lines += 1;
      this.#logger.warn({ event, source: address, user, count: 1 }, message);
    } else source.unsaid += 1;
  }

  #sourceOf(key: string, now: number): Source {
    const known = this.#sources.get(key);
    if (known !== undefined) return known;
    const fresh = { since: now, lines: 0, unsaid: 0, users: new Map<string, number>() };
    this.#sources.set(key, fresh);
    return fresh;
  }

  /** What a window kept to itself is said when the window closes, at the next failure of anybody. */
  #forgetOld(now: number): void {
    for (const [key, source] of this.#sources) {
      if (now - source.since < quietMs && this.#sources.size <= maxEntries) break;
      this.#sources.delete(key);
      const count = [...source.users.values()].reduce((sum, more) => sum + more, source.unsaid);
      if (count === 0) continue;
      const [event, address] = key.split(' ');
      this.#logger.warn({ event, source: address, user: null, count }, 'more of the same from this source');
    }
  }
}

/** Text of a stranger made fit for a log line: printable ASCII, bounded. */
function cleaned(text: string): string {
  return text.slice(0, maxNameLength).replaceAll(/[^\x20-\x7e]/g, '?');
}
