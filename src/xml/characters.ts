import { NotWellFormed } from './not-well-formed.ts';

/** XML 1.0 2.2, Char, turned round. */
export const forbiddenChar = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

const builtIn: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

/** Replaces the five built-in entities and character references once; anything else that starts with `&` is refused. */
export function decode(raw: string): string {
  if (!raw.includes('&')) return raw;
  return raw.replace(/&([^;]*);?/g, (whole, name: string) => {
    const decoded = whole.endsWith(';') ? (builtIn.get(name) ?? decodeReference(name)) : null;
    if (decoded === null) throw new NotWellFormed();
    return decoded;
  });
}

function decodeReference(name: string): string | null {
  const digits = /^#(?:x([0-9a-fA-F]{1,8})|(\d{1,8}))$/.exec(name);
  if (digits === null) return null;
  const code = digits[1] === undefined ? Number(digits[2]) : Number.parseInt(digits[1], 16);
  if (code > 0x10ffff) return null;
  const char = String.fromCodePoint(code);
  return forbiddenChar.test(char) ? null : char; // XML 1.0 4.1: Legal Character
}

/** The value of an attribute, with its line ends and tabs as blanks. */
export function decodeAttribute(raw: string): string {
  if (raw.includes('<')) throw new NotWellFormed(); // XML 1.0 3.1; the validator lets it pass
  return decode(raw.replace(/[\t\n]/g, ' ')); // XML 1.0 3.3.3
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** Makes any text a value of an attribute or an element; what XML cannot carry is dropped. `ascii`: the rest as references. */
export function escapeText(text: string, ascii: boolean): string {
  if (/^[ !#-%(-;=?-~]*$/.test(text)) return text; // nearly every value; costs a fifth of the replacement below
  return text.replace(/[&<>"']|[^ -~]/gu, (char) => {
    const known = escapes[char];
    if (known !== undefined) return known;
    const code = char.codePointAt(0) ?? 0;
    if (forbiddenChar.test(char) || code <= 0x9f) return ''; // beyond XML 1.0: DEL and C1 break phones' line handling
    return ascii ? `&#${code};` : char;
  });
}
