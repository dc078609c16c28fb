import { canonicalName, knownName } from './header-names.ts';
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

/**
 * Headers that must not come twice: joined by comma or first-wins, two programs would read two messages (RFC 3261
 * 7.3.1). Contact is not here: a REGISTER may have several; who needs exactly one (RFC 6665) checks it.
 */
const single: ReadonlySet<string> = new Set([
  'CSeq',
  'Call-ID',
  'Content-Disposition',
  'Content-Length',
  'Content-Type',
  'Event',
  'Expires',
  'From',
  'MIME-Version',
  'Max-Forwards',
  'Min-Expires',
  'Refer-To',
  'Replaces',
  'SIP-ETag',
  'SIP-If-Match',
  'Session-Expires',
  'Subscription-State',
  'Suppress-If-Match',
  'To',
]);

// TAB is white space; CR and LF are looked at where lines are cut
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
const control = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/;
const nameToken = /^[A-Za-z0-9\-.!%*_+`'~]+$/;
const space = 0x20;
const tab = 0x09;

/** Splits a head (everything before the empty line) or says what is wrong with it. */
export function splitHead(head: string): Lines | { readonly fault: HeadFault } {
  if (control.test(head)) return { fault: 'control' };
  const names: string[] = [];
  const values: string[] = [];
  let viaHops = 0;
  let routes = 0;
  let recorded = 0;
  const startEnd = lineEnd(head, 0);
  if (startEnd < 0) return { fault: 'control' };
  if (startEnd > limits.headerLine) return { fault: 'long' };
  for (let at = startEnd + 2; at < head.length; ) {
    const end = headerEnd(head, at);
    if (end < 0) return { fault: 'control' };
    if (end - at > limits.headerLine) return { fault: 'long' };
    if (names.length === limits.headerLines) return { fault: 'lines' };
    const first = head.charCodeAt(at);
    if (first === space || first === tab) return { fault: 'fold' };
    const colon = head.indexOf(':', at);
    if (colon < 0 || colon >= end) return { fault: 'colon' };
    const spelling = head.slice(at, colon);
    const name = knownName(spelling) ?? otherName(spelling);
    if (name === null) return { fault: 'name' };
    const raw = head.slice(colon + 1, end);
    const value = trimmed(raw.includes('\r\n') ? raw.replace(/(?:\r\n[ \t]+)+/g, ' ') : raw);
    if (single.has(name) && names.includes(name)) return { fault: 'twice' };
    if (name === 'Via') viaHops += elements(value);
    else if (name === 'Route') routes += elements(value);
    else if (name === 'Record-Route') recorded += elements(value);
    names.push(name);
    values.push(value);
    at = end + 2;
  }
  return { start: head.slice(0, startEnd), names, values, viaHops, routeHops: Math.max(routes, recorded) };
}

/** Where the line ends; -1: a CR or LF that are not a pair come first. */
function lineEnd(head: string, from: number): number {
  const cr = head.indexOf('\r', from);
  const lf = head.indexOf('\n', from);
  if (cr < 0) return lf < 0 ? head.length : -1;
  return lf === cr + 1 ? cr : -1;
}

/** Where the header that starts at `from` ends, continuation lines included (RFC 3261 7.3.1); -1 as `lineEnd`. */
function headerEnd(head: string, from: number): number {
  let end = lineEnd(head, from);
  for (;;) {
    const next = head.charCodeAt(end + 2);
    if (end < 0 || end === head.length || (next !== space && next !== tab)) return end;
    end = lineEnd(head, end + 2);
  }
}

/** White space before the colon is allowed (RFC 3261 7.3.1), anything else that is no token is not. */
function otherName(spelling: string): string | null {
  const name = trimmed(spelling);
  return nameToken.test(name) ? canonicalName(name) : null;
}

/** At most this many elements: a comma in quotes counts as well, which only makes the limit stricter. */
function elements(value: string): number {
  let count = 1;
  for (let at = value.indexOf(','); at >= 0; at = value.indexOf(',', at + 1)) count++;
  return count;
}
