import { bitsAt, endOf, tokenBit, upperBit, uriBit, valueEndBit } from './char-classes.ts';
import { noParams, Params, type ReadParams } from './params.ts';
import { trimmed } from './wire-text.ts';

export interface NameAddr {
  /** Unquoted and unescaped, wire text (see `toText`); null where absent. */
  readonly display: string | null;
  /** As received, without angle brackets. */
  readonly uri: string;
  /** Header parameters (`tag`, `expires`), not those of the URI. */
  readonly params: ReadParams;
}

const schemePattern = /^[A-Za-z][A-Za-z0-9+.-]*:./;
/** RFC 3261 25.1 wants tokens; other harmless characters are let through, separators are not (RFC 4475 3.1.2.15). */
const unquotedDisplay = /^[^",;:<>\\]*$/;
const quote = 0x22;
const backslash = 0x5c;
const [semicolon, equals, space, tab] = [0x3b, 0x3d, 0x20, 0x09];

/** Where the quoted string that starts at `from` ends (the index after its closing quote); -1: unterminated. */
function quotedEnd(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === backslash) i++;
    else if (code === quote) return i + 1;
  }
  return -1;
}

function unquoted(quotedString: string): string {
  const inner = quotedString.slice(1, -1);
  return inner.includes('\\') ? inner.replace(/\\([\s\S])/g, '$1') : inner;
}

/** The index of the first `wanted` outside quotes and angle brackets; length: none; -1: unbalanced. */
function indexOutside(text: string, wanted: number, from: number): number {
  let inAngle = false;
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === quote && !inAngle) {
      i = quotedEnd(text, i) - 1;
      if (i < 0) return -1;
    } else if (code === 0x3c) {
      if (inAngle) return -1;
      inAngle = true;
    } else if (code === 0x3e) {
      if (!inAngle) return -1;
      inAngle = false;
    } else if (code === wanted && !inAngle) return i;
  }
  return inAngle ? -1 : text.length;
}

/** No comma, no quote, and one pair of brackets at most: found so in a third of the time that a look at each character takes. */
function isOne(value: string): boolean {
  if (value.includes(',') || value.includes('"')) return false;
  const open = value.indexOf('<');
  const close = value.indexOf('>');
  if (open < 0) return close < 0;
  return open < close && value.indexOf('<', open + 1) < 0 && value.indexOf('>', close + 1) < 0;
}

/**
 * The parts of a comma list, trimmed; commas in quotes and angle brackets do not count. An empty text is an empty
 * list; null: an unterminated quote or bracket, or an empty part (RFC 4475 3.1.2.1).
 */
export function splitList(value: string): string[] | null {
  const whole = trimmed(value);
  if (whole === '') return [];
  if (isOne(value) || indexOutside(value, 0x2c, 0) === value.length) return [whole];
  const parts: string[] = [];
  for (let at = 0; at <= value.length; ) {
    const end = indexOutside(value, 0x2c, at);
    const part = end < 0 ? '' : trimmed(value.slice(at, end));
    if (part === '') return null;
    parts.push(part);
    at = end + 1;
  }
  return parts;
}

/**
 * `;name=value;flag` after a header value; the text is empty or starts with `;`. null where it is not that, or where a
 * name comes twice with two values.
 */
export function parseParams(text: string): ReadParams | null {
  let at = skipBlanks(text, 0);
  if (at === text.length) return noParams;
  const params = new Params();
  while (at < text.length) {
    if (text.charCodeAt(at) !== semicolon) return null;
    const nameStart = skipBlanks(text, at + 1);
    let nameEnd = nameStart;
    let bits = 0;
    for (let found = bitsAt(text, nameEnd); (found & tokenBit) !== 0; found = bitsAt(text, ++nameEnd)) bits |= found;
    if (nameEnd === nameStart) return null;
    const spelling = text.slice(nameStart, nameEnd);
    const name = (bits & upperBit) === 0 ? spelling : spelling.toLowerCase();
    let value: string | null = null;
    at = skipBlanks(text, nameEnd);
    if (text.charCodeAt(at) === equals) {
      const valueStart = skipBlanks(text, at + 1);
      const isQuoted = text.charCodeAt(valueStart) === quote;
      const valueEnd = isQuoted ? quotedEnd(text, valueStart) : plainEnd(text, valueStart);
      if (valueEnd <= valueStart) return null;
      value = text.slice(valueStart, valueEnd);
      if (isQuoted) value = unquoted(value);
      at = skipBlanks(text, valueEnd);
    }
    if (!params.add(name, value)) return null; // two readers would read two things
  }
  return params;
}

/** Where a value without quotes ends: a token or a host, or what else phones put there. */
function plainEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && (bitsAt(text, at) & valueEndBit) === 0) at++;
  return at;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  for (let code = text.charCodeAt(at); code === space || code === tab; code = text.charCodeAt(at)) at++;
  return at;
}

/**
 * A From, To, Contact, Route or Refer-To value: `"Name" <uri>;params` or `uri;params`, where the parameters belong to
 * the header (RFC 3261 20.10). One value: split lists first. null: not well formed; the URI itself is only looked at
 * for a scheme and forbidden characters.
 */
export function parseNameAddr(value: string): NameAddr | null {
  const text = trimmed(value);
  if (text.charCodeAt(0) === quote) {
    const end = quotedEnd(text, 0);
    if (end < 0) return null;
    const open = skipBlanks(text, end);
    return text.charAt(open) === '<' ? bracketed(text, open, unquoted(text.slice(0, end))) : null;
  }
  const open = text.indexOf('<');
  if (open === 0) return bracketed(text, 0, null);
  const firstParam = text.indexOf(';');
  if (open > 0 && (firstParam < 0 || open < firstParam)) {
    const display = trimmed(text.slice(0, open));
    return unquotedDisplay.test(display) ? bracketed(text, open, display === '' ? null : display) : null;
  }
  const uri = firstParam < 0 ? text : trimmed(text.slice(0, firstParam));
  // RFC 3261 20: a URI with comma or question mark must stand in brackets
  if (!isAbsoluteUri(uri) || /[,?]/.test(uri)) return null;
  const params = firstParam < 0 ? noParams : parseParams(text.slice(firstParam));
  return params === null ? null : { display: null, uri, params };
}

function bracketed(text: string, open: number, display: string | null): NameAddr | null {
  const close = text.indexOf('>', open);
  if (close < 0) return null;
  const uri = text.slice(open + 1, close);
  if (!isAbsoluteUri(uri)) return null;
  const params = close + 1 === text.length ? noParams : parseParams(text.slice(close + 1));
  return params === null ? null : { display, uri, params };
}

/** A scheme, a colon, and at least one more of the characters a URI may have. */
function isAbsoluteUri(uri: string): boolean {
  if (endOf(uri, uriBit, 0, uri.length) !== uri.length) return false;
  return (uri.startsWith('sip:') && uri.length > 4) || schemePattern.test(uri);
}
