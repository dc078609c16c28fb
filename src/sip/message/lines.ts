import { classes, tokenBit } from './char-classes.ts';
import { nameAt } from './header-names.ts';
import { limits } from './limits.ts';
import { trimmed } from './wire-text.ts';

export type HeadFault = 'control' | 'fold' | 'colon' | 'name' | 'lines' | 'long' | 'twice';

/** A head cut into its start line and headers, values unfolded and trimmed, nothing else read yet. */
export interface Lines {
  readonly start: string;
  readonly names: readonly string[];
  readonly values: readonly string[];
  /** Via elements, those in comma lists counted too. */
  readonly viaHops: number;
  /** Route and Record-Route elements, the larger of the two. */
  readonly routeHops: number;
}

const space = 0x20;
const tab = 0x09;
const cr = 0x0d;
const lf = 0x0a;
const colon = 0x3a;
const del = 0x7f;

/**
 * Splits a head or says what is wrong with it. `bytes` from `from` to `end`: everything before the empty line; `head`: the
 * same as Latin-1 text. Both, because bytes are looked at twice as fast and text is what values are made of. One pass.
 */
export function splitHead(
  bytes: Buffer,
  from: number,
  end: number,
  head: string,
): Lines | { readonly fault: HeadFault } {
  const names: string[] = [];
  const values: string[] = [];
  let seen = 0;
  let viaHops = 0;
  let routes = 0;
  let recorded = 0;
  const startEnd = lineEnd(bytes, from, end);
  if (startEnd < 0) return { fault: 'control' };
  if (startEnd - from > limits.headerLine) return wrong('long', head);
  for (let at = startEnd + 2; at < end; ) {
    let nameEnd = at;
    while (nameEnd < end && ((classes[bytes[nameEnd] ?? 0] ?? 0) & tokenBit) !== 0) nameEnd++;
    let valueStart = nameEnd; // white space before the colon is allowed (RFC 3261 7.3.1)
    while (isBlank(bytes[valueStart])) valueStart++;
    if (nameEnd === at || bytes[valueStart] !== colon || valueStart >= end)
      return wrong(nameFault(head, at - from), head);
    let lineStop = lineEnd(bytes, valueStart + 1, end);
    const firstStop = lineStop;
    while (lineStop >= 0 && lineStop < end && isBlank(bytes[lineStop + 2]))
      lineStop = lineEnd(bytes, lineStop + 2, end);
    if (lineStop < 0) return { fault: 'control' };
    if (lineStop - at > limits.headerLine) return wrong('long', head);
    if (names.length === limits.headerLines) return wrong('lines', head);
    const { name, onlyOnce } = nameAt(bytes, at, nameEnd);
    if ((seen & onlyOnce) !== 0) return wrong('twice', head);
    seen |= onlyOnce;
    const value =
      lineStop === firstStop
        ? trimmedSlice(bytes, valueStart + 1, lineStop, head, from)
        : trimmed(head.slice(valueStart + 1 - from, lineStop - from).replace(/(?:\r\n[ \t]+)+/g, ' '));
    if (name === 'Via') viaHops += elements(value);
    else if (name === 'Route') routes += elements(value);
    else if (name === 'Record-Route') recorded += elements(value);
    names.push(name);
    values.push(value);
    at = lineStop + 2;
  }
  return { start: head.slice(0, startEnd - from), names, values, viaHops, routeHops: Math.max(routes, recorded) };
}

function isBlank(byte: number | undefined): boolean {
  return byte === space || byte === tab;
}

/** Where the line ends; -1: a control character, or a CR or LF that are not a pair, come first. TAB is white space. */
function lineEnd(bytes: Buffer, from: number, end: number): number {
  let at = from;
  // four at a time: this is where every byte of a head is looked at
  while (
    at + 3 < end &&
    (kindAt(bytes, at) | kindAt(bytes, at + 1) | kindAt(bytes, at + 2) | kindAt(bytes, at + 3)) === 0
  )
    at += 4;
  while (at < end && kindAt(bytes, at) === 0) at++;
  if (at >= end) return end;
  return bytes[at] === cr && at + 1 < end && bytes[at + 1] === lf ? at : -1;
}

/** 1 for control characters but TAB. */
const kinds: Readonly<Uint8Array> = Uint8Array.from({ length: 256 }, (_, byte) =>
  (byte < space && byte !== tab) || byte === del ? 1 : 0,
);

function kindAt(bytes: Buffer, at: number): number {
  return kinds[bytes[at] ?? 0] ?? 0;
}

function trimmedSlice(bytes: Buffer, from: number, end: number, head: string, offset: number): string {
  let start = from;
  let stop = end;
  while (start < stop && isBlank(bytes[start])) start++;
  while (stop > start && isBlank(bytes[stop - 1])) stop--;
  return head.slice(start - offset, stop - offset);
}

/** What is wrong with a line that does not begin with a name and a colon. */
function nameFault(head: string, at: number): HeadFault {
  if (isBlank(head.charCodeAt(at))) return 'fold';
  const place = head.indexOf(':', at);
  const stop = head.indexOf('\r\n', at);
  return place < 0 || (stop >= 0 && stop < place) ? 'colon' : 'name';
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
const uneven = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/;

/** A fault further up hides none that makes the place of the next message uncertain. */
function wrong(fault: HeadFault, head: string): { readonly fault: HeadFault } {
  return { fault: uneven.test(head) ? 'control' : fault };
}

/** At most this many elements: a comma in quotes counts as well, which only makes the limit stricter. */
function elements(value: string): number {
  let count = 1;
  for (let at = value.indexOf(','); at >= 0; at = value.indexOf(',', at + 1)) count++;
  return count;
}
