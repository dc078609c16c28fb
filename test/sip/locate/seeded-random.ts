import type { Random } from '../../../src/model/random.ts';

/** Chance from a seed (mulberry32), so that a failing run can be run again. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const fraction = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { fraction, bytes: (count) => Buffer.from(Array.from({ length: count }, () => Math.floor(fraction() * 256))) };
}

/** Always the same draw. */
export function fixedRandom(fraction: number): Random {
  return { fraction: () => fraction, bytes: (count) => Buffer.alloc(count) };
}
