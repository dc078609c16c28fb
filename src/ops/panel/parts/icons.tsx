import type { Lamp } from '../words/lamp.ts';

/** Drawn with lines in a square of 16, in the colour of the text around: each state has a shape of its own. */
const paths = {
  free: 'M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 0 1 0-11z',
  away: 'M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 0 1 0-11zM4.2 11.8l7.6-7.6',
  ringing:
    'M3 11.5h10c-1-1-1.5-2-1.5-4.500a3.500 3.500 0 0 0-7 0c0 2.500-.5 3.500-1.500 4.500zM6.500 13.500a1.600 1.600 0 0 0 3 0M1.500 5.500q.2-2 1.700-3.500M14.500 5.500q-.2-2-1.700-3.500',
  talking:
    'M4.500 2.500l2 .2.8 2.800-1.300 1.300q1 2 3.200 3.200l1.300-1.300 2.800.8.2 2q-.2 2-2 2q-8.500-1-9-9q.1-1.900 2-2z',
  calling:
    'M3.500 3.500l1.700.2.6 2.300-1 1q.8 1.800 2.700 2.700l1-1 2.300.6.2 1.700q-.2 1.600-1.700 1.600q-6.800-.9-7.400-7.500q.1-1.500 1.600-1.600zM9.500 6.500l4-4M10 2.500h3.500v3.500',
  held: 'M5.500 3v10M10.500 3v10',
  parked: 'M5 13.500v-11h3.500a3.200 3.200 0 0 1 0 6.500h-3.500',
  dnd: 'M8 2a6 6 0 1 1 0 12a6 6 0 0 1 0-12zM5 8h6',
  forwarded: 'M2.500 12.500q0-6 6-6h4.500M9.800 3.200l3.500 3.300-3.500 3.300',
  on: 'M8 5.2a2.800 2.800 0 1 1 0 5.600a2.800 2.800 0 0 1 0-5.600zM8 1v2M8 13v2M1 8h2M13 8h2',
  off: 'M8 5.2a2.800 2.800 0 1 1 0 5.600a2.800 2.800 0 0 1 0-5.600z',
  voicemail: 'M2 3.500h12v9h-12zM2.200 4l5.800 5l5.800-5',
  clock: 'M8 2.500a5.500 5.500 0 1 1 0 11a5.500 5.500 0 0 1 0-11zM8 5v3.200l2.200 1.300',
  ok: 'M3 8.500l3.500 3.500l6.500-8',
  warn: 'M8 2.500l6 11h-12zM8 6.500v3M8 11.300v.4',
  fail: 'M4 4l8 8M12 4l-8 8',
  unplugged:
    'M2 14l3-3M14 2l-3 3M5 8.500l2.500 2.500M8.500 5l2.500 2.500M4 9.500q-1 2 .5 2.500q.5 1 2.500 0l1.500-1.500-3-3zM12 6.500q1-2-.5-2.500q-.5-1-2.500 0l-1.500 1.500 3 3z',
} as const;

export type IconName = keyof typeof paths;

/** Says nothing by itself: a word stands beside it. */
export function Icon({ name, size = 16 }: { readonly name: IconName | Lamp; readonly size?: number }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width={size} height={size} aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
