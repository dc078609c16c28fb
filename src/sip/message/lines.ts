import { classes, tokenBit } from './char-classes.ts';
import { nameAt } from './header-names.ts';
import { cutOf, Headers } from './headers.ts';
import { limits } from './limits.ts';
import { trimmed } from './wire-text.ts';

export type HeadFault = 'unended' | 'control' | 'fold' | 'colon' | 'name' | 'lines' | 'long' | 'twice';

/** A head cut into its start line and headers, values unfolded and trimmed, nothing else read yet. */
export interface Lines {
  /** Latin-1 (wire-text.ts): start line and headers, then what had to be unfolded; the headers' values are cuts of it. */
  readonly text: string;
  /** The same as bytes: they are looked at twice as fast, and text is what values are made of. */
  readonly bytes: Buffer;
  /** Where the start line ends. */
  readonly startEnd: number;
  readonly headers: Headers;
  /** Where the body begins. */
  readonly bodyAt: number;
}

const space = 0x20;
const tab = 0x09;
const cr = 0x0d;
const lf = 0x0a;
const colon = 0x3a;
const del = 0x7f;

/** The blank line; compared as bytes it costs less than as text. */
const blankLine = Buffer.from('\r\n\r\n');

/** Splits a head, which ends with an empty line, or says what is wrong with it. One pass. */
export function splitHead(bytes: Buffer): Lines | HeadFault {
  const names: string[] = [];
  const cuts: number[] = [];
  let seen = 0;
  let isFolded = false;
  const startEnd = lineEnd(bytes, 0);
  if (startEnd < 0) return faultOf('control', bytes);
  if (startEnd > limits.headerLine) return faultOf('long', bytes);
  let at = startEnd + 2;
  while (bytes[at] !== cr || bytes[at + 1] !== lf) {
    let nameEnd = at;
    while (((classes[bytes[nameEnd] ?? 0] ?? 0) & tokenBit) !== 0) nameEnd++;
    let start = nameEnd; // white space before the colon is allowed (RFC 3261 7.3.1)
    while (isBlank(bytes[start])) start++;
    if (nameEnd === at || bytes[start] !== colon) return faultOf('name', bytes, at);
    let lineStop = lineEnd(bytes, start + 1);
    const firstStop = lineStop;
    while (lineStop >= 0 && isBlank(bytes[lineStop + 2])) lineStop = lineEnd(bytes, lineStop + 2);
    if (lineStop < 0) return faultOf('control', bytes);
    if (lineStop - at > limits.headerLine) return faultOf('long', bytes);
    if (names.length === limits.headerLines) return faultOf('lines', bytes);
    const { name, onlyOnce } = nameAt(bytes, at, nameEnd);
    if ((seen & onlyOnce) !== 0) return faultOf('twice', bytes);
    seen |= onlyOnce;
    let stop = lineStop;
    do start++;
    while (start < stop && isBlank(bytes[start]));
    if (lineStop !== firstStop) isFolded = true;
    else while (stop > start && isBlank(bytes[stop - 1])) stop--;
    names.push(name);
    cuts.push(cutOf(start, stop));
    at = lineStop + 2;
  }
  const text = bytes.toString('latin1', 0, at - 2);
  const headers = new Headers(text, names, cuts);
  return isFolded ? unfolded(text, startEnd, headers, at + 2) : { text, bytes, startEnd, headers, bodyAt: at + 2 };
}

/** The same with the folded values behind the head, each on one line (RFC 3261 7.3.1). Rare. */
function unfolded(head: string, startEnd: number, headers: Headers, bodyAt: number): Lines {
  let text = head;
  const cuts: number[] = [];
  const lines = headers.entries().map(([name, value], index) => {
    const one = trimmed(value.replace(/(?:\r\n[ \t]+)+/g, ' '));
    if (one.length === value.length) cuts.push(cutOf(headers.startAt(index), headers.endAt(index)));
    else {
      cuts.push(cutOf(text.length, text.length + one.length));
      text += one;
    }
    return name;
  });
  return { text, bytes: Buffer.from(text, 'latin1'), startEnd, headers: new Headers(text, lines, cuts), bodyAt };
}

/** SP and HTAB. */
export function isBlank(byte: number | undefined): boolean {
  return byte === space || byte === tab;
}

/** Where the line ends; -1: a control character, a CR or LF that are not a pair, or the end come first. TAB is white space. */
function lineEnd(bytes: Buffer, from: number): number {
  const end = bytes.length;
  let at = from;
  // four at a time: this is where every byte of a head is looked at
  while (
    at + 3 < end &&
    (kindAt(bytes, at) | kindAt(bytes, at + 1) | kindAt(bytes, at + 2) | kindAt(bytes, at + 3)) === 0
  )
    at += 4;
  while (at < end && kindAt(bytes, at) === 0) at++;
  return at + 1 < end && bytes[at] === cr && bytes[at + 1] === lf ? at : -1;
}

/** 1 for control characters but TAB. */
const kinds: Readonly<Uint8Array> = Uint8Array.from({ length: 256 }, (_, byte) =>
  (byte < space && byte !== tab) || byte === del ? 1 : 0,
);

function kindAt(bytes: Buffer, at: number): number {
  return kinds[bytes[at] ?? 0] ?? 0;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
const uneven = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/;

/**
 * Which of the faults of a head is named: where it never ends that is all there is to say, and a fault further up hides none
 * that makes the place of the next message uncertain. `at`: the line that does not begin with a name and a colon.
 */
function faultOf(fault: HeadFault, bytes: Buffer, at = -1): HeadFault {
  const blank = bytes.indexOf(blankLine);
  if (blank < 0) return 'unended';
  const head = bytes.toString('latin1', 0, blank);
  if (uneven.test(head)) return 'control';
  return at < 0 ? fault : nameFault(head, at);
}

/** What is wrong with a line that does not begin with a name and a colon. */
function nameFault(head: string, at: number): HeadFault {
  if (isBlank(head.charCodeAt(at))) return 'fold';
  const place = head.indexOf(':', at);
  const stop = head.indexOf('\r\n', at);
  return place < 0 || (stop >= 0 && stop < place) ? 'colon' : 'name';
}
