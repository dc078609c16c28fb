import type { EventPackage } from '../event-packages/event-package.ts';

export type Interval = { readonly granted: number } | { readonly tooBrief: number };

/** Seconds; an interval up to this is granted as it was asked: who asks for so little means it. */
const exactUpTo = 120;

/**
 * The seconds granted for the seconds asked: never more than asked (RFC 6665 4.2.1.1), 0 stays 0 (unsubscribe, fetch),
 * absent is the package's default. `tooBrief` is the Min-Expires of a 423. After a power cut all phones subscribe in one
 * second; each is granted a little less than the other, so that they do not come back in one; a few get what they asked.
 *
 * @param shorter draws the share, below 1, by which this one shall be shorter
 */
export function interval(wanted: number | null, expires: EventPackage['expires'], shorter: () => number): Interval {
  const seconds = Math.floor(wanted ?? expires.default);
  // RFC 6665 4.2.1.4: 423 only below an hour
  if (seconds > 0 && seconds < 3600 && seconds < expires.min && wanted !== null) return { tooBrief: expires.min };
  const most = Math.max(Math.min(seconds, expires.max), 0);
  if (most <= exactUpTo) return { granted: most };
  // Never below the minimum: the phone would be right to ask for more at once.
  return { granted: Math.max(most - Math.floor(most * shorter()), Math.min(most, expires.min)) };
}
