import { isKeyLamp, isParked, lampOf } from './lamp.ts';
import type { Extension } from './shapes.ts';
import { haystack, newMessages } from './words.ts';

/** What the grid can be narrowed to by a press; `calls` and `forwards` are several states, `lamps` what is no extension. */
export const stateFilters = [
  'calls',
  'ringing',
  'held',
  'dnd',
  'forwards',
  'voicemail',
  'away',
  'stale',
  'lamps',
] as const;

export type StateFilter = (typeof stateFilters)[number];

export const stateFilterWords: Readonly<Record<StateFilter, string>> = {
  calls: 'in calls',
  ringing: 'ringing',
  held: 'held, parked',
  dnd: 'DND',
  forwards: 'forwards',
  voicemail: 'voicemail',
  away: 'not registered',
  stale: 'last known',
  lamps: 'lamp keys',
};

export interface Filter {
  readonly search: string;
  readonly state: StateFilter | null;
  readonly domain: string | null;
  /** AORs; null: no group is chosen. */
  readonly members: ReadonlySet<string> | null;
}

export interface Read {
  readonly text: string;
  readonly states: ReadonlySet<StateFilter>;
  /** It is shown where nothing is searched or chosen: an extension, or a parking slot in which somebody waits. */
  readonly usual: boolean;
}

/** What there is to know of an extension for filters. Kept as long as the extension stands unchanged. */
export function read(extension: Extension): Read {
  const known = kept.get(extension);
  if (known !== undefined) return known;
  const made = {
    text: haystack(extension),
    states: new Set(isKeyLamp(extension) ? lampStates(extension) : userStates(extension)),
    usual: !isKeyLamp(extension) || isParked(extension),
  };
  kept.set(extension, made);
  return made;
}

const kept = new WeakMap<Extension, Read>();

/** A lamp that is lit is no call, and one whose PBX is away no extension that is. */
function lampStates(lamp: Extension): readonly StateFilter[] {
  return isParked(lamp) ? ['held', 'lamps'] : ['lamps'];
}

function userStates(extension: Extension): readonly StateFilter[] {
  return stateFilters.filter((name) => name !== 'lamps' && tests[name](extension));
}

const tests: Readonly<Record<Exclude<StateFilter, 'lamps'>, (extension: Extension) => boolean>> = {
  calls: ({ dialogs }) => dialogs.length > 0,
  ringing: (extension) => lampOf(extension) === 'ringing',
  held: ({ dialogs }) => dialogs.some(({ held }) => held),
  dnd: ({ features }) => features.dnd.enabled,
  forwards: ({ features: { cfa, cfb, cfna } }) => cfa.enabled || cfb.enabled || cfna.enabled,
  voicemail: (extension) => newMessages(extension) > 0,
  away: ({ registered }) => !registered,
  stale: ({ stale }) => stale,
};

/** Every word of the search has to be found somewhere; a search finds lamps too. */
export function fits(extension: Extension, { search, state, domain, members }: Filter): boolean {
  const known = read(extension);
  if (state === null ? search === '' && !known.usual : !known.states.has(state)) return false;
  if (domain !== null && !extension.aor.endsWith(`@${domain}`)) return false;
  if (members !== null && !members.has(extension.aor)) return false;
  const words = search.toLowerCase().split(/\s+/);
  return words.every((word) => known.text.includes(word));
}
