import type { Call, Extension } from './shapes.ts';

/** What a lamp can show, of an extension the most urgent first; `on` and `off` are of lamps that are no extension. */
export const lamps = [
  'ringing',
  'talking',
  'held',
  'parked',
  'calling',
  'dnd',
  'forwarded',
  'free',
  'away',
  'on',
  'off',
] as const;

export type Lamp = (typeof lamps)[number];

export const lampWords: Readonly<Record<Lamp, string>> = {
  ringing: 'ringing',
  talking: 'talking',
  held: 'on hold',
  parked: 'parked',
  calling: 'calling',
  dnd: 'do not disturb',
  forwarded: 'forwarded',
  free: 'free',
  away: 'not registered',
  on: 'on',
  off: 'off',
};

export function lampOfCall(call: Call): Lamp {
  if (call.held) return 'held';
  if (call.state === 'confirmed') return 'talking';
  return call.direction === 'recipient' ? 'ringing' : 'calling';
}

/** What is no user, but the lamp of a key: `park+701`, `agent+1003`, an Asterisk hint such as `*741001` (docs/lamps.md). */
export function isKeyLamp({ ext, lamp }: Pick<Extension, 'ext' | 'lamp'>): boolean {
  // By the name, too: until its PBX has told who is there, what is remembered of it is not marked.
  return lamp === true || /^(?:agent|conf|custom|dnd|flow|forward|park|queue)\+/.test(ext);
}

/** Somebody waits in a parking slot. Not of a lot (`park+default`), which is lit with each of its slots. */
export function isParked({ ext, dialogs }: Pick<Extension, 'ext' | 'dialogs'>): boolean {
  return dialogs.length > 0 && /^park\+[*#]?\d+$/.test(ext);
}

/** What the one lamp shows: a ringing phone is more urgent than a talking one. */
export function lampOf(extension: Extension): Lamp {
  const shown = extension.dialogs.map(lampOfCall);
  if (isKeyLamp(extension)) {
    if (isParked(extension)) return 'parked';
    if (shown.includes('ringing')) return 'ringing';
    return shown.length > 0 ? 'on' : 'off';
  }
  for (const lamp of lamps) if (shown.includes(lamp)) return lamp;
  if (extension.features.dnd.enabled) return 'dnd';
  // Without a phone, too: a call to him rings where it leads.
  if (extension.features.cfa.enabled) return 'forwarded';
  return extension.registered ? 'free' : 'away';
}

/** `on hold`, `free (last known)`. */
export function lampText(extension: Extension, lamp: Lamp = lampOf(extension)): string {
  return lampWords[lamp] + (extension.stale ? ' (last known)' : '');
}
