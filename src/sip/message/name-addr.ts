import { trimmed } from './wire-text.ts';

/** Names lower case; null for a parameter without value; a quoted value without its quotes and escapes. */
export type Params = ReadonlyMap<string, string | null>;

export interface NameAddr {
  /** Unquoted and unescaped, wire text (see `toText`); null where absent. */
  readonly display: string | null;
  /** As received, without angle brackets. */
  readonly uri: string;
  /** Header parameters (`tag`, `expires`), not those of the URI. */
  readonly params: Params;
}

const none: Params = new Map();
/** RFC 3261 25.1 `token`. */
const token = /^[A-Za-z0-9\-.!%*_+`'~]+$/;
/** `gen-value` without the quoted form: a token or a host; tolerant of other visible characters phones put there. */
const plainValue = /^[^ \t"<>,;\\]+$/;
const absoluteUri = /^[A-Za-z][A-Za-z0-9+.-]*:[\x21\x23-\x3b\x3d\x3f-\x7e]+$/;
/** RFC 3261 25.1 wants tokens; other harmless characters are let through, separators are not (RFC 4475 3.1.2.15). */
const unquotedDisplay = /^[^",;:<>\\]*$/;
const quote = 0x22;
const backslash = 0x5c;

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

/**
 * The parts of a comma list, trimmed; commas in quotes and angle brackets do not count. An empty text is an empty
 * list; null: an unterminated quote or bracket, or an empty part (RFC 4475 3.1.2.1).
 */
export function splitList(value: string): string[] | null {
  if (trimmed(value) === '') return [];
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
export function parseParams(text: string): Params | null {
  if (text === '') return none;
  const params = new Map<string, string | null>();
  let at = text.indexOf(';');
  if (trimmed(at < 0 ? text : text.slice(0, at)) !== '') return null;
  if (at < 0) return none;
  while (at < text.length) {
    const end = indexOutside(text, 0x3b, at + 1);
    if (end < 0) return null;
    if (!addParam(params, trimmed(text.slice(at + 1, end)))) return null;
    at = end;
  }
  return params;
}

function addParam(params: Map<string, string | null>, part: string): boolean {
  const equals = part.indexOf('=');
  const name = trimmed(equals < 0 ? part : part.slice(0, equals)).toLowerCase();
  if (!token.test(name)) return false;
  let value: string | null = null;
  if (equals >= 0) {
    value = trimmed(part.slice(equals + 1));
    if (value.startsWith('"')) {
      if (quotedEnd(value, 0) !== value.length) return false;
      value = unquoted(value);
    } else if (!plainValue.test(value)) return false;
  }
  const before = params.get(name);
  if (before !== undefined && before !== value) return false; // two readers would read two things
  params.set(name, value);
  return true;
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
    const open = text.indexOf('<', end);
    if (open < 0 || trimmed(text.slice(end, open)) !== '') return null;
    return bracketed(text, open, unquoted(text.slice(0, end)));
  }
  const open = text.indexOf('<');
  const semicolon = text.indexOf(';');
  if (open >= 0 && (semicolon < 0 || open < semicolon)) {
    const display = trimmed(text.slice(0, open));
    return unquotedDisplay.test(display) ? bracketed(text, open, display === '' ? null : display) : null;
  }
  const uri = semicolon < 0 ? text : trimmed(text.slice(0, semicolon));
  // RFC 3261 20: a URI with comma or question mark must stand in brackets
  if (!absoluteUri.test(uri) || /[,?]/.test(uri)) return null;
  const params = semicolon < 0 ? none : parseParams(text.slice(semicolon));
  return params === null ? null : { display: null, uri, params };
}

function bracketed(text: string, open: number, display: string | null): NameAddr | null {
  const close = text.indexOf('>', open);
  if (close < 0) return null;
  const uri = text.slice(open + 1, close);
  if (!absoluteUri.test(uri)) return null;
  const params = parseParams(text.slice(close + 1));
  return params === null ? null : { display, uri, params };
}
