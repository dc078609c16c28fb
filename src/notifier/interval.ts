import type { EventPackage } from '../event-packages/event-package.ts';

export type Interval = { readonly granted: number } | { readonly tooBrief: number };

/**
 * The seconds granted for the seconds asked: never more than asked (RFC 6665 4.2.1.1), 0 stays 0 (unsubscribe, fetch),
 * absent is the package's default. `tooBrief` is the Min-Expires of a 423.
 */
export function interval(wanted: number | null, expires: EventPackage['expires']): Interval {
  const seconds = Math.floor(wanted ?? expires.default);
  // RFC 6665 4.2.1.4: 423 only below an hour
  if (seconds > 0 && seconds < 3600 && seconds < expires.min && wanted !== null) return { tooBrief: expires.min };
  return { granted: Math.max(Math.min(seconds, expires.max), 0) };
}
