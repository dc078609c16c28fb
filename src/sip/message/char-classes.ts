/*
 * The character classes of RFC 3261 25.1 as bits, looked up by code: a pass over short texts costs less than starting a
 * regular expression. Codes beyond 255 have no bit.
 */

/** `token`. */
export const tokenBit = 1;
/** What may stand in an absolute URI here: visible ASCII but quotes and angle brackets. */
export const uriBit = 2;
/** `user` without escapes, and `#`. COMPAT(several): feature codes come with a raw `#`. */
export const userBit = 4;
/** A host name, anywhere in it. */
export const hostBit = 8;
/** What ends a parameter value that is not quoted: tolerant of other visible characters phones put there. */
export const valueEndBit = 16;
export const digitBit = 32;
/** A to Z: lower case must be made of it. */
export const upperBit = 64;
/** `paramchar` of a URI parameter without escapes, for names; values may have a few more. */
export const paramBit = 128;

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const digits = '0123456789';
let visible = '';
for (let code = 0x21; code < 0x7f; code++) visible += String.fromCharCode(code);

const members: readonly (readonly [bit: number, characters: string])[] = [
  [tokenBit, `${letters}${digits}-.!%*_+\`'~`],
  [uriBit, visible.replace(/["<>]/g, '')],
  [userBit, `${letters}${digits}-_.!~*'()&=+$,;?/#`],
  [hostBit, `${letters}${digits}-_.`],
  [valueEndBit, ' \t"<>,;\\'],
  [digitBit, digits],
  [upperBit, letters.toUpperCase()],
  [paramBit, `${letters}${digits}-_.!~*'()[]/:&+$`],
];

/** The bits of each code. */
export const classes: Readonly<Uint8Array> = Uint8Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code);
  return members.reduce((bits, [bit, characters]) => (characters.includes(character) ? bits | bit : bits), 0);
});

/** The bits of the character there; 0 behind the end. */
export function bitsAt(text: string, at: number): number {
  // asked before: the code behind the end is NaN, and looking that up makes every lookup slow
  return at < text.length ? (classes[text.charCodeAt(at)] ?? 0) : 0;
}

/** Where the run of `bit` that starts at `from` ends. */
export function endOf(text: string, bit: number, from: number, end: number): number {
  let at = from;
  while (at < end && ((classes[text.charCodeAt(at)] ?? 0) & bit) !== 0) at++;
  return at;
}

/** The text itself where it has no capital, as nearly always: nothing is copied then. */
export function lowerCase(text: string): string {
  for (let at = 0; at < text.length; at++) {
    if (((classes[text.charCodeAt(at)] ?? 0) & upperBit) !== 0) return text.toLowerCase();
  }
  return text;
}
