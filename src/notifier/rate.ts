import type { EventPackage } from '../event-packages/event-package.ts';
import type { PhoneProfile } from '../model/profile.ts';

/** RFC 6446: NOTIFYs a second that were agreed on; null where the phone asked for none. */
export interface Rate {
  /** Never more often than this, but for the answer to a SUBSCRIBE and the end. */
  readonly max: number | null;
  /** At least so often, though nothing changes. */
  readonly min: number | null;
  /** On average at least so often. */
  readonly adaptiveMin: number | null;
}

/** What a phone may ask of us where nothing changes, NOTIFYs a second: one each 5 s. */
const mostForced = 0.2;
/** RFC 6446 7.2: the least time that the average of adaptive-min-rate is taken over; seconds. */
const shortestPeriodS = 60;
/** A slow one needs more: several times what lies between two NOTIFYs (RFC 6446 7.2). */
const fewest = 5;
/** NOTIFYs of a period that are remembered; more make no wait shorter. */
const mostCounted = 100;

/** Milliseconds from one change told to the next, whatever a phone asks for (RFC 4235 3.10 and its like). */
export function leastIntervalMs({ rate, leastIntervalMs = 0 }: EventPackage, profile: PhoneProfile): number {
  if (rate === 'none') return 0;
  return profile.notifyMinIntervalMs > leastIntervalMs ? profile.notifyMinIntervalMs : leastIntervalMs;
}

/**
 * The rates used, from what Event asks for: null where it asks for none. Nobody is told faster than `intervalMs` allows; a
 * slow one is raised so that one NOTIFY fits before the end (RFC 6446 5.3), and none is forced faster than it may go (8).
 *
 * @param expires seconds granted
 */
export function agreedRate(
  params: Readonly<Record<string, string>>,
  { expires, intervalMs }: { readonly expires: number; readonly intervalMs: number },
): Rate | null {
  const [max, min, adaptiveMin] = [params['max-rate'], params['min-rate'], params['adaptive-min-rate']].map(rateOf);
  if (max == null && min == null && adaptiveMin == null) return null;
  const fastest = intervalMs > 0 ? 1000 / intervalMs : Number.POSITIVE_INFINITY;
  const most = max == null ? null : Math.min(Math.max(max, expires > 0 ? 1 / expires : 0), fastest);
  const forced = (rate: number | null | undefined) =>
    rate == null || rate === 0 ? null : Math.min(rate, mostForced, fastest, most || fastest); // 0: none, as below
  return { max: most === 0 ? null : most, min: forced(min), adaptiveMin: forced(adaptiveMin) };
}

/** RFC 6446 9.2: up to two digits, and up to ten behind the point; anything else is no rate. */
function rateOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,2}(?:\.\d{1,10})?$/.test(text) ? Number(text) : null;
}

/** Subscription-State tells the rates used (RFC 6446 5.2). */
export function rateParams({ max, min, adaptiveMin }: Rate): Readonly<Record<string, string>> {
  const all = { 'max-rate': max, 'min-rate': min, 'adaptive-min-rate': adaptiveMin };
  return Object.fromEntries(Object.entries(all).flatMap(([name, rate]) => (rate === null ? [] : [[name, text(rate)]])));
}

function text(rate: number): string {
  return rate.toFixed(10).replace(/\.?0+$/, '');
}

/** The rates of one subscription, and when its last NOTIFYs left. */
export class Pace {
  readonly rate: Rate;
  readonly params: Readonly<Record<string, string>>;
  #sentAt: readonly number[] = [];
  /** NOTIFYs that what was told last took, so far. */
  #run = 0;

  /** @param before the rates of until now; what was told by them goes on counting. */
  constructor(rate: Rate, before: Pace | null = null) {
    this.rate = rate;
    this.params = rateParams(rate);
    if (before === null) return;
    this.#sentAt = before.#sentAt;
    this.#run = before.#run;
  }

  /** Counts from `at` where no NOTIFY has left. */
  begin(at: number): void {
    if (this.#sentAt.length > 0) return;
    this.#sentAt = [at];
    this.#run = 1;
  }

  /** A NOTIFY left. `isRest`: with more of what the one before began to tell. */
  sent(now: number, isRest = false): void {
    this.#run = isRest ? this.#run + 1 : 1;
    const { adaptiveMin } = this.rate;
    const recent =
      adaptiveMin === null
        ? []
        : this.#sentAt.filter((at) => at > now - periodOf(adaptiveMin) * 1000).slice(1 - mostCounted);
    this.#sentAt = [...recent, now];
  }

  /** The clock was set back: nothing was told later than now. */
  setBack(now: number): void {
    if ((this.#sentAt.at(-1) ?? now) > now) this.#sentAt = this.#sentAt.map((at) => Math.min(at, now));
  }

  /** Clock time before which no change may be told. */
  get earliest(): number {
    const last = this.#sentAt.at(-1);
    return last === undefined || this.rate.max === null ? 0 : last + 1000 / this.rate.max;
  }

  /** Clock time at which something must be told though nothing is new; Infinity: never. */
  get latest(): number {
    const last = this.#sentAt.at(-1);
    if (last === undefined) return Number.POSITIVE_INFINITY;
    const { min, adaptiveMin } = this.rate;
    const steady = min === null ? Number.POSITIVE_INFINITY : 1 / min;
    // RFC 6446 7.2: the more was told of late, the longer may be waited
    const adaptive =
      adaptiveMin === null
        ? Number.POSITIVE_INFINITY
        : this.#sentAt.length / (adaptiveMin ** 2 * periodOf(adaptiveMin));
    // When little was told, no shorter than may be forced at all; a list that takes a hundred NOTIFYs is a hundred of those.
    const wait = Math.max(Math.min(steady, adaptive), this.#run / mostForced);
    return Math.max(last + wait * 1000, this.earliest);
  }
}

/** Seconds. */
function periodOf(adaptiveMin: number): number {
  return Math.max(shortestPeriodS, fewest / adaptiveMin);
}
