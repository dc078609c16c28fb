import type { Clock } from '../../model/clock.ts';
import type { Logger } from '../../model/logger.ts';
import { toText } from '../message/wire-text.ts';
import type { SecurityEvent, SecurityReports } from '../security-log.ts';
import { Recent } from './recent.ts';

const quietMs = 60_000;
const maxSources = 2500;
/** Of all sources within `quietMs`: whoever forges senders has a new source for each datagram. */
const linesOfAll = 100;

/** Foreign text fit for a log line: no control characters (CR, LF, ESC, C1), bounded. */
function loggable(wire: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it replaces
  return toText(wire.slice(0, 200)).replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, '?');
}

/** What of this is for the security log; the rest is for the ordinary one. */
const securityEvents: readonly (readonly [what: RegExp, event: SecurityEvent])[] = [
  [/^SIP message refused/, 'malformed'],
  [/^too many connections/, 'too-many-connections'],
  [/^too many/, 'rate-limited'],
  [/TLS|WebSocket|handshake|peer does not read|not completed in time/, 'stream-misuse'],
];

/**
 * Log lines about what sources do wrong: at most one a minute for each source and a hundred for all, so that nobody can
 * flood the log.
 */
export class Complaints {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #security: SecurityReports | null;
  readonly #since = new Recent<number>(maxSources);
  #window = { since: Number.NEGATIVE_INFINITY, lines: 0, unsaid: 0 };

  constructor(clock: Clock, logger: Logger, security: SecurityReports | null = null) {
    this.#clock = clock;
    this.#logger = logger;
    this.#security = security;
  }

  /** `source`: transport, colon, IP address. `detail`: as it came off the wire. */
  warn(source: string, message: string, detail = ''): void {
    const event = securityEvents.find(([what]) => what.test(message))?.[1];
    if (event !== undefined && this.#security !== null) {
      const colon = source.indexOf(':');
      // Who has a connection has shown that answers reach him.
      const suspect = { address: source.slice(colon + 1), proven: source.slice(0, colon) !== 'udp' };
      this.#security.report(event, suspect, { detail: detail === '' ? message : detail });
      return;
    }
    const now = this.#clock.now();
    const before = this.#since.get(source);
    if (before !== undefined && now - before < quietMs && now >= before) return;
    this.#since.set(source, now);
    if (!this.#hasRoom(now)) return;
    this.#logger.warn(detail === '' ? { source } : { source, detail: loggable(detail) }, message);
  }

  #hasRoom(now: number): boolean {
    const { since, unsaid } = this.#window;
    if (now - since >= quietMs || now < since) {
      this.#window = { since: now, lines: 0, unsaid: 0 };
      if (unsaid > 0) this.#logger.warn({ count: unsaid }, 'more of the same from other sources');
    }
    if (this.#window.lines < linesOfAll) {
      this.#window.lines += 1;
      return true;
    }
    this.#window.unsaid += 1;
    return false;
  }
}
