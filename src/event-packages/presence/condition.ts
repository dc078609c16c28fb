import type { PhoneProfile } from '../../model/profile.ts';
import type { ResourceView } from '../../model/views.ts';
import { mostInteresting } from '../rank.ts';

/** What can be said of somebody's presence, in the words of each format. */
export interface Condition {
  /** RFC 3863 4.1.4: whether anything sent to him can arrive. */
  readonly basic: 'open' | 'closed';
  /** RFC 4480 3.2; null: nothing to say. */
  readonly activity: 'on-the-phone' | 'busy' | 'away' | null;
  /** For people, and for phones that read nothing else. No name and no number: who calls is nobody's business here. */
  readonly note: string;
  /** xpidf, as Polycoms write it. */
  readonly status: 'open' | 'inuse' | 'closed';
  readonly substatus: 'online' | 'onthephone' | 'busy' | 'offline';
}

const inCall = { basic: 'open', status: 'inuse', substatus: 'onthephone' } as const;

const conditions = {
  available: { basic: 'open', activity: null, note: 'Available', status: 'open', substatus: 'online' },
  // RFC 4480 has no word for it: busy, for it is no talk yet. The note is Asterisk's.
  ringing: { ...inCall, activity: 'busy', note: 'Ringing' },
  talking: { ...inCall, activity: 'on-the-phone', note: 'On the phone' },
  holding: { ...inCall, activity: 'on-the-phone', note: 'On hold' },
  // `dnd` is no activity of RFC 4480: busy, and a note that phones look for (Zoiper).
  undisturbed: { basic: 'open', activity: 'busy', note: 'DND', status: 'inuse', substatus: 'busy' },
  unreachable: { basic: 'closed', activity: 'away', note: 'Unavailable', status: 'closed', substatus: 'offline' },
} as const satisfies Readonly<Record<string, Condition>>;

/**
 * How a resource stands for one kind of phone. A call counts more than do not disturb, and proves a phone even where none
 * is registered. A lamp that is no phone is always reachable. Forwards are not told: where somebody is, is his own.
 */
export function conditionOf(view: ResourceView, profile: PhoneProfile): Condition {
  const calls = view.dialogs.filter((call) => profile.trying === 'show' || call.phase !== 'trying');
  const call = mostInteresting(calls, profile.rank);
  if (call !== undefined) {
    if (call.phase === 'confirmed') return call.holding ? conditions.holding : conditions.talking;
    return call.direction === 'recipient' ? conditions.ringing : conditions.talking;
  }
  if (!view.known || (view.contacts === 0 && view.lamp !== true)) return conditions.unreachable;
  const { dnd } = view.features;
  if (profile.dndOnBlf === 'busy' && dnd.assigned && dnd.enabled) return conditions.undisturbed;
  return conditions.available;
}
