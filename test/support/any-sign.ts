import fc from 'fast-check';

/** Halves of pairs are no signs. */
const halves = { first: 0xd800, count: 0x800 };
const signs = 0x110000 - halves.count;

/**
 * Each sign of Unicode: draws and shrinks what fast-check's `binary` does. To see whether a text is made of its signs, that
 * one keeps all million of them in a table, made anew in every process: half a second and 100 MB.
 */
export const anySign = fc.nat({ max: signs - 1 }).map(signAt, placeOf);

function signAt(place: number): string {
  return String.fromCodePoint(place < halves.first ? place : place + halves.count);
}

/** Throws where it is none: so fast-check wants it. */
function placeOf(sign: unknown): number {
  const code = typeof sign === 'string' ? sign.codePointAt(0) : undefined;
  if (code === undefined || String.fromCodePoint(code) !== sign) throw new Error('not one sign');
  if (code < halves.first) return code;
  if (code < halves.first + halves.count) throw new Error('half a sign');
  return code - halves.count;
}
