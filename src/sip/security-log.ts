import { isIP } from 'node:net';
import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { RefusedLogin } from '../model/refused-login.ts';
import { Tally } from '../model/tally.ts';
import { LoginTally } from './login-tally.ts';

/**
 * What is worth a line to somebody who watches for attacks, with the message of its line. The names are the interface to
 * fail2ban (`config/fail2ban`) and to docs/security.md; a test compares all three.
 */
export const securityEvents = {
  'auth-failed': 'wrong password',
  'unknown-user': 'a user that no PBX has',
  'not-trusted': 'request from outside the trusted networks',
  'nonce-replay': 'a digest was used a second time',
  'not-allowed': 'authenticated, and asked for what belongs to another',
  'foreign-set': 'tried to change the settings of another user',
  'wish-refused': 'a setting was refused by policy',
  malformed: 'SIP message refused',
  'rate-limited': 'more messages than one source may send',
  'too-many-connections': 'more connections than one source may have',
  'stream-misuse': 'a connection that was closed for its manners',
  'auth-unavailable': 'nobody could be authenticated',
} as const satisfies Record<string, string>;

export type SecurityEvent = keyof typeof securityEvents;

/** Who is behind an event. */
export interface Suspect {
  /** IP address without brackets. */
  readonly address: string;
  /**
   * Answers reach this address: it came by a stream, or showed a nonce that was sent there. Anybody can write any other
   * address on a datagram; who bans those bans whom his attacker wants banned.
   */
  readonly proven: boolean;
}

/** What else is known; both as they came off the wire. */
export interface SecurityDetails {
  /** The user name that was tried. */
  readonly user?: string;
  readonly detail?: string;
}

/** What the rooms that notice something need of the log. */
export interface SecurityReports {
  report(event: SecurityEvent, suspect: Suspect, details?: SecurityDetails): void;
}

/** Whoever is behind these cannot subscribe. */
const refusedLogins: ReadonlySet<SecurityEvent> = new Set(['auth-failed', 'unknown-user', 'not-trusted']);

const windowMs = 10_000;
/**
 * Lines for one event of one source within a window; what is beyond is one line with its count afterwards. Enough for
 * fail2ban to act at once; who cannot be banned anyway needs fewer.
 */
const linesPerSource = { proven: 10, forgeable: 2 };
/** Of all sources within a window; forged addresses have a share of their own, so that they drown nobody. */
const linesOfAll = 300;
const maxSources = 10_000;
const longestUser = 64;
const longestDetail = 200;

interface Window {
  readonly since: number;
  readonly event: SecurityEvent;
  readonly source: string;
  readonly proven: boolean;
  lines: number;
  unsaid: number;
}

interface Share {
  since: number;
  lines: number;
  unsaid: number;
}

/**
 * The security log: one line an event, all of one form, for fail2ban and the like (docs/security.md). The fields that are
 * ours (`event`, `source`, `proven`, `count`) come first, foreign text behind them and as printable ASCII. Holds no
 * password, response or nonce. Bounded in lines and in memory, whatever comes.
 */
export class SecurityLog implements SecurityReports {
  readonly #logger: Logger;
  readonly #clock: Clock;
  /** In order of their beginning, oldest first. */
  readonly #windows = new Map<string, Window>();
  readonly #logins = new LoginTally();
  readonly #shares = { proven: emptyShare(), forgeable: emptyShare() };
  /** All events, those without a line too. */
  readonly counts = new Tally(Object.keys(securityEvents));

  /** `logger`: the root; the lines are those of room `security`. */
  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger.child('security');
    this.#clock = clock;
  }

  /** Whose logins were refused since the start; the one of longest ago first. */
  get refusedLogins(): readonly RefusedLogin[] {
    return this.#logins.list();
  }

  /** Counts the event, and writes it where there is room. */
  report(event: SecurityEvent, suspect: Suspect, details: SecurityDetails = {}): void {
    this.counts.add(event);
    const now = this.#clock.now();
    if (refusedLogins.has(event)) this.#logins.note(event, plainAddress(suspect.address), details.user, now);
    this.#closeOld(now);
    const window = this.#windowOf(event, suspect, now);
    const most = window.proven ? linesPerSource.proven : linesPerSource.forgeable;
    if (window.lines < most && this.#hasRoom(window.proven, now)) {
      window.lines += 1;
      this.#write(window, 1, securityEvents[event], details);
    } else window.unsaid += 1;
  }

  #windowOf(event: SecurityEvent, { address, proven }: Suspect, now: number): Window {
    const source = plainAddress(address);
    const key = `${event} ${proven} ${source}`;
    const known = this.#windows.get(key);
    if (known !== undefined) return known;
    const fresh: Window = { since: now, event, source, proven, lines: 0, unsaid: 0 };
    this.#windows.set(key, fresh);
    return fresh;
  }

  /** What a window kept to itself is said when it has closed, at the next event of anybody. */
  #closeOld(now: number): void {
    for (const [key, window] of this.#windows) {
      const open = now - window.since < windowMs && now >= window.since;
      if (open && this.#windows.size <= maxSources) break;
      this.#windows.delete(key);
      if (window.unsaid === 0) continue;
      if (this.#hasRoom(window.proven, now)) {
        this.#write(window, window.unsaid, 'more of the same from this source', {});
      } else this.#shareOf(window.proven).unsaid += window.unsaid;
    }
  }

  #shareOf(proven: boolean): Share {
    return proven ? this.#shares.proven : this.#shares.forgeable;
  }

  /** False where the lines of all sources together are used up. */
  #hasRoom(proven: boolean, now: number): boolean {
    const share = this.#shareOf(proven);
    if (now - share.since >= windowMs || now < share.since) {
      const { unsaid } = share;
      Object.assign(share, { since: now, lines: 0, unsaid: 0 });
      if (unsaid > 0) this.#logger.warn({ event: 'suppressed', proven, count: unsaid }, 'too many security events');
    }
    if (share.lines >= linesOfAll) return false;
    share.lines += 1;
    return true;
  }

  #write({ event, source, proven }: Window, count: number, message: string, { user, detail }: SecurityDetails): void {
    const foreign = {
      ...(user === undefined ? {} : { user: printable(user, longestUser) }),
      ...(detail === undefined || detail === '' ? {} : { detail: printable(detail, longestDetail) }),
    };
    this.#logger.warn({ event, source, proven, count, ...foreign }, message);
  }
}

function emptyShare(): Share {
  return { since: Number.NEGATIVE_INFINITY, lines: 0, unsaid: 0 };
}

/** Without the zone, and IPv4 as such: what a firewall can be told. */
function plainAddress(address: string): string {
  const bare = address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(bare) === 0 ? 'unknown' : bare;
}

/** Text of a stranger made fit for a log line: printable ASCII, bounded. */
function printable(text: string, longest: number): string {
  return text.slice(0, longest).replaceAll(/[^\x20-\x7e]/g, '?');
}
