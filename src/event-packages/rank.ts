import type { CallKind } from '../model/profile.ts';
import type { DialogView } from '../model/views.ts';

type Call = Pick<DialogView, 'phase' | 'direction' | 'holding'>;

const unanswered = ({ phase }: Call): boolean => phase === 'early' || phase === 'proceeding';

const is: Readonly<Record<CallKind, (call: Call) => boolean>> = {
  ringing: (call) => unanswered(call) && call.direction === 'recipient',
  calling: (call) => unanswered(call) && call.direction === 'initiator',
  talking: ({ phase, holding }) => phase === 'confirmed' && !holding,
  holding: ({ phase, holding }) => phase === 'confirmed' && holding,
  early: ({ phase }) => phase === 'early',
  proceeding: ({ phase }) => phase === 'proceeding',
  confirmed: ({ phase }) => phase === 'confirmed',
  trying: ({ phase }) => phase === 'trying',
};

/**
 * The one of several calls that says most, by a profile's `rank`; among equals the newest, which is the last. A call of no
 * kind in the rank comes after all that are. undefined: no calls.
 */
export function mostInteresting<C extends Call>(calls: readonly C[], rank: readonly CallKind[]): C | undefined {
  let best: C | undefined;
  let bestPlace = Number.POSITIVE_INFINITY;
  for (const call of calls) {
    const found = rank.findIndex((kind) => is[kind](call));
    const place = found === -1 ? rank.length : found;
    if (place > bestPlace) continue;
    best = call;
    bestPlace = place;
  }
  return best;
}
