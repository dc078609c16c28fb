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
    const name = text.slice(at, nameEnd).toLowerCase();
    const index = names.indexOf(name);
    if (name === '' || (index < 0 ? others?.has(name) : values[index] !== undefined)) return null;
    at = afterBlanks(text, nameEnd);
    if (text.charCodeAt(at) !== equals) return null;
    at = afterBlanks(text, at + 1);
    const isQuoted = text.charCodeAt(at) === quote;
    const end = isQuoted ? afterQuoted(text, at) : afterToken(text, at);
    if (end <= at) return null;
    if (index < 0) others = (others ?? new Set()).add(name);
    else values[index] = isQuoted ? unquoted(text, at, end) : text.slice(at, end);
    at = afterBlanks(text, end);
    if (at === text.length) return values;
    if (text.charCodeAt(at) !== comma) return null;
  }
}

function afterBlanks(text: string, start: number): number {
  let at = start;
  for (let code = text.charCodeAt(at); code === blank || code === tab; code = text.charCodeAt(at)) at += 1;
  return at;
}

function afterToken(text: string, start: number): number {
  let at = start;
  while (tokenSigns[text.charCodeAt(at)] === 1) at += 1;
  return at;
}

/** -1: it does not end, or holds a control character. */
function afterQuoted(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) return at + 1;
    if (code === backslash) at += 1; // RFC 3261 25.1: quoted-pair
    if (isControl(text.charCodeAt(at))) return -1;
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
