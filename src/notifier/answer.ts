import type { NotifyResult } from '../sip/front.ts';
import { longestPauseMs, type Miss } from './subscription.ts';

/** What follows from the final response to a NOTIFY. */
export type Sequel =
  | { readonly next: 'told' }
  /** `whole`: every subscription of the dialog, not only this one. */
  | { readonly next: 'drop'; readonly whole: boolean }
  | ({ readonly next: 'wait' } & Miss);

/** What the subscription brings into the judgement. */
export interface Standing {
  /** NOTIFYs in a row that nobody answered, and that were answered with an error, before this one. */
  readonly timeouts: number;
  readonly errors: number;
  /** Unanswered NOTIFYs in a row that are forgiven; 0 = RFC 6665's SHOULD. */
  readonly forgiven: number;
  /** The NOTIFY went over a connection, which does not come back by itself. */
  readonly stream: boolean;
}

/** RFC 6665 4.2.2: these end the subscription at once. */
const fatal: ReadonlySet<number> = new Set([404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604]);

/**
 * RFC 5057 5.1: these speak of the remote target or of the way to it, which all usages of a dialog share. The other fatal
 * ones (405, 480, 481, 489, 501) end the one subscription: a phone may have lost that alone.
 */
const fatalToDialog: ReadonlySet<number> = new Set([404, 410, 416, 482, 483, 484, 485, 604]);

const told: Sequel = { next: 'told' };

const firstPauseMs = 30_000;
const longestErrorPauseMs = 600_000;

/**
 * RFC 6665 4.2.2 and our policy for the rest: a phone that misses a NOTIFY or answers nonsense keeps its lamp, is told
 * the newest state after a pause (or with the next change), and never in a tight loop.
 */
export function judge(result: NotifyResult, standing: Standing): Sequel {
  const { status } = result;
  if (status >= 200 && status < 300) return told;
  if (fatal.has(status)) return { next: 'drop', whole: fatalToDialog.has(status) };
  // The connection is gone; only the phone can make a new one, and it says so with a SUBSCRIBE (RFC 5626 5.3).
  if (result.local && status === 503 && standing.stream) {
    return { next: 'wait', kind: 'error', pauseMs: Number.POSITIVE_INFINITY, strict: true };
  }
  if (status === 408) {
    if (standing.timeouts >= standing.forgiven) return { next: 'drop', whole: false };
    return { next: 'wait', kind: 'timeout', pauseMs: firstPauseMs, strict: false };
  }
  if (result.retryAfter !== null) {
    const pauseMs = Math.min(Math.max(result.retryAfter, 1) * 1000, longestPauseMs); // RFC 3261 21.5.4
    return { next: 'wait', kind: 'error', pauseMs, strict: true };
  }
  const pauseMs = Math.min(firstPauseMs * 2 ** Math.min(standing.errors, 10), longestErrorPauseMs);
  return { next: 'wait', kind: 'error', pauseMs, strict: false };
}
