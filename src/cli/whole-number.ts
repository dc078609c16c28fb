import { InvalidArgumentError } from 'commander';

/** Reads the value of an option; what is none ends the command with 64. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Expected a whole number.');
  return Number(text);
}
