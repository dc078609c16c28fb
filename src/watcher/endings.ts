/** What follows the end of a subscription: ask again at once; later; or not before the phone registers anew. */
export type Sequel = 'now' | 'later' | 'never';

/** RFC 6665 4.1.3, and 4.2.2 for a reason that is missing or unknown. */
export function afterTermination(reason: string | null): Sequel {
  switch (reason) {
    case 'deactivated':
    case 'timeout':
      return 'now';
    case 'rejected':
    case 'noresource':
    case 'invariant':
      return 'never';
    default:
      return 'later'; // probation, giveup, and what is not known
  }
}

/** RFC 6665 4.1.2.2: answers to a refresh that end the subscription. */
const fatal: ReadonlySet<number> = new Set([404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604]);

export function endsSubscription(status: number): boolean {
  return fatal.has(status);
}

/** What may be otherwise in a while: nobody answered, or is able to now; and a password that the PBX could not tell. */
const passing: ReadonlySet<number> = new Set([401, 407, 408, 480, 481, 486, 491, 500, 502, 503, 504, 600]);

/** After a SUBSCRIBE that was refused. Everything else is the same answer every time: 489, 403, 405, 420 and their like. */
export function afterRefusal(status: number): Sequel {
  return passing.has(status) ? 'later' : 'never';
}
