import { isKeyLamp, lampOf } from './lamp.ts';
import type { Extension } from './shapes.ts';
import { haystack, newMessages } from './words.ts';

/** What the grid can be narrowed to by a press; `calls` and `forwards` are several lamps. */
export const stateFilters = ['calls', 'ringing', 'held', 'dnd', 'forwards', 'voicemail', 'away', 'stale'] as const;

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
}

/** What there is to know of an extension for filters. Kept as long as the extension stands unchanged. */
export function read(extension: Extension): Read {
  const known = kept.get(extension);
  if (known !== undefined) return known;
  const made = { text: haystack(extension), states: new Set(stateFilters.filter((name) => tests[name](extension))) };
  kept.set(extension, made);
  return made;
}

const kept = new WeakMap<Extension, Read>();

const tests: Readonly<Record<StateFilter, (extension: Extension) => boolean>> = {
  calls: ({ dialogs }) => dialogs.length > 0,
  ringing: (extension) => lampOf(extension) === 'ringing',
  held: (extension) => ['held', 'parked'].includes(lampOf(extension)) || extension.dialogs.some(({ held }) => held),
  dnd: ({ features }) => features.dnd.enabled,
  forwards: ({ features: { cfa, cfb, cfna } }) => cfa.enabled || cfb.enabled || cfna.enabled,
  voicemail: (extension) => newMessages(extension) > 0,
  away: (extension) => !extension.registered && !isKeyLamp(extension),
  stale: ({ stale }) => stale,
};

/** Every word of the search has to be found somewhere. */
export function fits(extension: Extension, { search, state, domain, members }: Filter): boolean {
  const known = read(extension);
  if (state !== null && !known.states.has(state)) return false;
  if (domain !== null && !extension.aor.endsWith(`@${domain}`)) return false;
  if (members !== null && !members.has(extension.aor)) return false;
  const words = search.toLowerCase().split(/\s+/);
  return words.every((word) => known.text.includes(word));
}
