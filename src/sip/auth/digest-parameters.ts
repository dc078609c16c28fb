/** 1: may stand in a token (RFC 3261 25.1). */
const tokenSigns = new Uint8Array(256);
for (const sign of "!%'*+-.`_~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  tokenSigns[sign.charCodeAt(0)] = 1;
}

const tab = 0x09;
const blank = 0x20;
const quote = 0x22;
const comma = 0x2c;
const equals = 0x3d;
const backslash = 0x5c;

/**
 * The parameters of a Digest header from `start` on that have one of these (lower-case) names, in their order, quotes and
 * escapes taken off; undefined where it is not there. Strict: null where there is no parameter at all, one is given twice,
 * an element is empty, or a control character is anywhere. Looks at each byte once.
 */
export function readParameters(
  text: string,
  start: number,
  names: readonly string[],
): readonly (string | undefined)[] | null {
  const values = new Array<string | undefined>(names.length).fill(undefined);
  let others: Set<string> | null = null;
  for (let at = start; ; at += 1) {
    at = afterBlanks(text, at);
    const nameEnd = afterToken(text, at);
    if (nameEnd === at) return null;
    const index = indexOfName(names, text, at, nameEnd);
    const other = index < 0 ? text.slice(at, nameEnd).toLowerCase() : '';
    if (index < 0 ? others?.has(other) : values[index] !== undefined) return null;
    at = afterBlanks(text, nameEnd);
    if (codeAt(text, at) !== equals) return null;
    at = afterBlanks(text, at + 1);
    const isQuoted = codeAt(text, at) === quote;
    const end = isQuoted ? afterQuoted(text, at) : afterToken(text, at);
    if (end <= at) return null;
    if (index < 0) others = (others ?? new Set()).add(other);
    else values[index] = isQuoted ? unquoted(text, at, end) : text.slice(at, end);
    at = afterBlanks(text, end);
    if (at === text.length) return values;
    if (text.charCodeAt(at) !== comma) return null;
  }
}

/** As phones write them, in lower case, without a string for each. */
function indexOfName(names: readonly string[], text: string, start: number, end: number): number {
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index] ?? '';
    if (name.length === end - start && text.startsWith(name, start)) return index;
  }
  return names.indexOf(text.slice(start, end).toLowerCase());
}

/** 0 behind the end: the NaN of `charCodeAt` makes the whole function slow. */
function codeAt(text: string, at: number): number {
  return at < text.length ? text.charCodeAt(at) : 0;
}

function afterBlanks(text: string, start: number): number {
  let at = start;
  for (let code = codeAt(text, at); code === blank || code === tab; code = codeAt(text, at)) at += 1;
  return at;
}

function afterToken(text: string, start: number): number {
  let at = start;
  while (tokenSigns[codeAt(text, at)] === 1) at += 1;
  return at;
}

/** -1: it does not end, or holds a control character. */
function afterQuoted(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) return at + 1;
    if (code === backslash) at += 1; // RFC 3261 25.1: quoted-pair
    if (isControl(codeAt(text, at))) return -1;
  }
  return -1;
}

function isControl(code: number): boolean {
  return (code < blank && code !== tab) || code === 0x7f;
}

function unquoted(text: string, start: number, end: number): string {
  const inside = text.slice(start + 1, end - 1);
  return inside.includes('\\') ? inside.replaceAll(/\\(.)/gs, '$1') : inside;
}
