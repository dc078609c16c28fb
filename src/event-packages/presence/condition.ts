import type { PhoneProfile } from '../../model/profile.ts';
import type { ResourceView } from '../../model/views.ts';
import { foreignText } from '../foreign-text.ts';
import { mostInteresting } from '../rank.ts';
import { activityOf } from './foreign-words.ts';

/** Of all publications together. */
const mostActivities = 8;
const mostNotes = 4;
const maxNoteLength = 128;

/** What can be said of somebody's presence, in the words of each format. */
export interface Condition {
  /** RFC 3863 4.1.4: whether anything sent to him can arrive. */
  readonly basic: 'open' | 'closed';
  /** RFC 4480 3.2, each once; empty: nothing to say. */
  readonly activities: readonly string[];
  /**
   * For people, and for phones that read nothing else; the first is for the lamp. No name and no number but what he wrote
   * himself: who calls is nobody's business here.
   */
  readonly notes: readonly [string, ...string[]];
  /** xpidf, as Polycoms write it. */
  readonly status: 'open' | 'inuse' | 'closed';
  readonly substatus: 'online' | 'onthephone' | 'busy' | 'away' | 'offline';
}

const inCall = { basic: 'open', status: 'inuse', substatus: 'onthephone' } as const;

const conditions = {
  available: { basic: 'open', activities: [], notes: ['Available'], status: 'open', substatus: 'online' },
  // RFC 4480 has no word for it: busy, for it is no talk yet. The note is Asterisk's.
  ringing: { ...inCall, activities: ['busy'], notes: ['Ringing'] },
  talking: { ...inCall, activities: ['on-the-phone'], notes: ['On the phone'] },
  holding: { ...inCall, activities: ['on-the-phone'], notes: ['On hold'] },
  // `dnd` is no activity of RFC 4480: busy, and a note that phones look for (Zoiper).
  undisturbed: { basic: 'open', activities: ['busy'], notes: ['DND'], status: 'inuse', substatus: 'busy' },
  unreachable: {
    basic: 'closed',
    activities: ['away'],
    notes: ['Unavailable'],
    status: 'closed',
    substatus: 'offline',
  },
} as const satisfies Readonly<Record<string, Condition>>;

/**
 * How a resource stands for one kind of phone. What is true at the PBX goes before what is published: a call counts most, and
 * proves a phone even where none is registered, then do not disturb. Published presence is told where there is neither. A
 * lamp that is no phone is always reachable. Forwards are not told: where somebody is, is his own.
 */
export function conditionOf(view: ResourceView, profile: PhoneProfile): Condition {
  const calls = view.dialogs.filter((call) => profile.trying === 'show' || call.phase !== 'trying');
  const call = mostInteresting(calls, profile.rank);
  if (call !== undefined) {
    if (call.phase === 'confirmed') return call.holding ? conditions.holding : conditions.talking;
    return call.direction === 'recipient' ? conditions.ringing : conditions.talking;
  }
  const { dnd } = view.features;
  const isReachable = (view.known && (view.contacts > 0 || view.lamp === true)) || isOpenElsewhere(view);
  const isQuiet = profile.dndOnBlf === 'busy' && dnd.assigned && dnd.enabled;
  if (isReachable && isQuiet) return conditions.undisturbed;
  const own: Condition = isReachable ? conditions.available : conditions.unreachable;
  return view.published === undefined ? own : withPublished(own, view.published);
}

/** He can be reached by a phone that is registered nowhere here. */
function isOpenElsewhere({ published = [] }: ResourceView): boolean {
  return published.some(({ basic }) => basic === 'open');
}

/**
 * What he publishes, from all of his phones: activities and notes in the order of the publications, the first ones first.
 * Every word of it is foreign, a name of an element above all.
 */
function withPublished(own: Condition, published: NonNullable<ResourceView['published']>): Condition {
  const words = published.flatMap(({ activities }) => activities).flatMap((word) => activityOf(word) ?? []);
  const texts = published.flatMap(({ notes }) => notes).map((note) => foreignText(note, maxNoteLength));
  const activities = [...new Set(words)].slice(0, mostActivities);
  const [first, ...others] = [...new Set(texts)].filter((text) => text !== '').slice(0, mostNotes);
  const isOpen = own.basic === 'open';
  return {
    ...own,
    ...(isOpen ? oldWords(activities) : {}),
    activities: activities.length > 0 ? activities : own.activities,
    notes: first === undefined ? [noteFor(activities, own)] : [first, ...others],
  };
}

function oldWords(activities: readonly string[]): Pick<Condition, 'status' | 'substatus'> {
  if (activities.includes('on-the-phone')) return { status: 'inuse', substatus: 'onthephone' };
  if (activities.includes('busy')) return { status: 'inuse', substatus: 'busy' };
  return { status: 'open', substatus: activities.length > 0 ? 'away' : 'online' };
}

/** Where he published none: a phone that reads notes only shall know as well. */
function noteFor(activities: readonly string[], { basic, notes }: Condition): string {
  const [first] = activities;
  if (basic === 'closed' || first === undefined) return notes[0];
  if (activities.includes('on-the-phone')) return conditions.talking.notes[0];
  return `${first.charAt(0).toUpperCase()}${first.slice(1).replaceAll('-', ' ')}`;
}
