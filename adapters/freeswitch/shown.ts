import type { Shown } from './facts.ts';

/**
 * A number and a name without what FreeSWITCH puts where it knows none: `Outbound Call` as the called one's name,
 * `0000000000` as the number of a caller that an API command invented.
 */
export function shown(number: string | undefined, name: string | undefined): Shown {
  const digits = number === '' || number === '0000000000' ? null : (number ?? null);
  const invented = !name || name === 'Outbound Call' || name === number || number === '0000000000';
  return { number: digits, name: invented ? null : name };
}
