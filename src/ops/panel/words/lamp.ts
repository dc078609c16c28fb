import type { Call, Extension } from './shapes.ts';

/** What a lamp can show, the most urgent first. */
export const lamps = ['ringing', 'talking', 'held', 'parked', 'calling', 'dnd', 'forwarded', 'free', 'away'] as const;

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
};

export function lampOfCall(call: Call): Lamp {
  if (call.held) return 'held';
  if (call.state === 'confirmed') return 'talking';
  return call.direction === 'recipient' ? 'ringing' : 'calling';
}

/** What is no user, but a lamp: `park+701`, `conf+8000` (docs/lamps.md). */
export function isKeyLamp(extension: Pick<Extension, 'ext' | 'lamp'>): boolean {
  return extension.lamp === true || /^[a-z]+\+/.test(extension.ext);
}

/** What the one lamp shows: a ringing phone is more urgent than a talking one. */
export function lampOf(extension: Extension): Lamp {
  if (isKeyLamp(extension)) {
    if (extension.dialogs.length === 0) return 'free';
    if (extension.ext.startsWith('park+')) return 'parked';
  }
  const shown = extension.dialogs.map(lampOfCall);
  for (const lamp of lamps) if (shown.includes(lamp)) return lamp;
  if (extension.features.dnd.enabled) return 'dnd';
  // Without a phone, too: a call to him rings where it leads.
  if (extension.features.cfa.enabled) return 'forwarded';
  return extension.registered || isKeyLamp(extension) ? 'free' : 'away';
}

/** `on hold`, `free (last known)`. */
export function lampText(extension: Extension, lamp: Lamp = lampOf(extension)): string {
  return lampWords[lamp] + (extension.stale ? ' (last known)' : '');
}
