import type { Logger } from '../../model/logger.ts';
import type { Random } from '../../model/random.ts';
import type { Tally } from '../../model/tally.ts';
import { type TimerWheel, Waiting } from './timer-wheel.ts';
import { t1, t2 } from './timers.ts';

/** Our rules, in ms; exported for the tests. */
export const overloadRules = {
  /**
   * New requests that waited this long start it: their clients repeat every T2 from here on, and whoever comes now would
   * wait longer still. Not earlier: a repetition costs us a tenth of a subscription, and a phone sent away with 503 is
   * dark for longer than one that waits. 10,000 phones at once stay below it, also on a machine a quarter as fast.
   */
  startMs: t2,
  /** Below this it ends: nobody repeats any more. */
  endMs: t1,
  /** Without shedding for this long, the episode is over and told in the log. */
  quietMs: 10_000,
  /**
   * Seconds. At least 5: the wait is over long before; at most 15: a lamp is dark no longer than a phone takes to boot.
   * Drawn anew for each, so that those sent away together do not come back together.
   */
  retryAfter: [5, 15],
} as const;

/**
 * Whether new work is taken. Two signs: how long the oldest new request has waited here, and how late the loop runs its
 * timers (then everything has waited that long in the kernel). Between start and end it stays as it is (hysteresis).
 */
export class Overload extends Waiting {
  readonly #wheel: TimerWheel;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #count: Tally | undefined;
  #shedding = false;
  #waitedMs = 0;
  #lateMs = 0;
  #longestMs = 0;
  #shed = 0;

  /** `count`: of those that are sent away. */
  constructor(wheel: TimerWheel, random: Random, logger: Logger, count?: Tally) {
    super();
    this.#wheel = wheel;
    this.#random = random;
    this.#logger = logger;
    this.#count = count;
  }

  /** True: a new request is to be sent away; it is counted. */
  sheds(): boolean {
    if (!this.#shedding) return false;
    this.#shed++;
    this.#count?.add('shed');
    return true;
  }

  /** The age of the new request that is served at this moment; 0: none waits. */
  waited(ms: number): void {
    if (ms === this.#waitedMs) return;
    this.#waitedMs = ms;
    this.#judge();
  }

  /** How late the last tick of the wheel was. */
  late(ms: number): void {
    if (ms === this.#lateMs) return;
    this.#lateMs = ms;
    this.#judge();
  }

  /** For one that is sent away, s. */
  retryAfter(): number {
    const [least, most] = overloadRules.retryAfter;
    return least + Math.floor(this.#random.fraction() * (most - least + 1));
  }

  /** The episode is over. */
  override onDue(): void {
    if (this.#shedding) {
      this.#wheel.set(this, overloadRules.quietMs);
      return;
    }
    this.#logger.warn({ refused: this.#shed, longestWaitMs: this.#longestMs }, 'overload is over');
    this.#shed = 0;
    this.#longestMs = 0;
  }

  #judge(): void {
    const ms = Math.max(this.#waitedMs, this.#lateMs);
    if (this.#shedding) {
      this.#longestMs = Math.max(this.#longestMs, ms);
      this.#shedding = ms > overloadRules.endMs;
    } else if (ms >= overloadRules.startMs) this.#begin(ms);
  }

  #begin(ms: number): void {
    this.#shedding = true;
    this.#longestMs = Math.max(this.#longestMs, ms);
    const goesOn = this.next !== null; // the last episode is not over
    this.#wheel.set(this, overloadRules.quietMs);
    if (goesOn) return;
    const fields = { waitedMs: this.#waitedMs, loopLateMs: this.#lateMs };
    this.#logger.warn(fields, 'overload: new subscriptions are asked to come back later (503)');
  }
}
