import { endOf, tokenBit } from './char-classes.ts';
import { parseParams, splitList } from './name-addr.ts';
import type { ReadParams } from './params.ts';
import { type HostPort, parseHostPort } from './uri.ts';
import { trimmed } from './wire-text.ts';

/** The first hop of a Via value. */
export interface Via {
  /** Upper case: UDP, TCP, and whatever else came. */
  readonly transport: string;
  /** Lower case, IPv6 without brackets. */
  readonly host: string;
  readonly port: number | null;
  readonly branch: string | null;
  readonly params: ReadParams;
}

/** `SIP/2.0/UDP host:port` with the white space RFC 3261 25.1 allows around slash and colon. */
const sentPattern =
  /^SIP[ \t]*\/[ \t]*2\.0[ \t]*\/[ \t]*([A-Za-z0-9\-.!%*_+`'~]+)[ \t]+(\[[^\] \t]*\]|[^ \t:;,[\]]+)[ \t]*(?::[ \t]*(\d+)[ \t]*)?$/i;

/** The first element of a Via header line and where it ends. Via values hold no angle brackets; quotes are rare. */
function firstOf(value: string): string | null {
  if (!value.includes(',')) return value;
  return splitList(value)?.[0] ?? null;
}

const usualStart = 'SIP/2.0/';

/** Reads the topmost Via; null where it is not well formed. */
export function parseVia(value: string): Via | null {
  const first = firstOf(value);
  if (first === null) return null;
  const semicolon = first.indexOf(';');
  const end = semicolon < 0 ? first.length : semicolon;
  let transport = '';
  let hostPort: HostPort | null = null;
  // the usual spelling, with nothing but one space in it; what is not that is looked at more closely
  const transportEnd = first.startsWith(usualStart) ? endOf(first, tokenBit, usualStart.length, end) : 0;
  if (transportEnd > usualStart.length && first.charAt(transportEnd) === ' ') {
    hostPort = parseHostPort(first, transportEnd + 1, end);
    transport = first.slice(usualStart.length, transportEnd);
  }
  if (hostPort === null) {
    const sent = sentPattern.exec(trimmed(first.slice(0, end)));
    if (sent === null) return null;
    transport = sent[1] ?? '';
    hostPort = parseHostPort(sent[3] === undefined ? (sent[2] ?? '') : `${sent[2]}:${sent[3]}`);
  }
  const params = parseParams(semicolon < 0 ? '' : first.slice(semicolon));
  if (hostPort === null || params === null) return null;
  const branch = params.get('branch') ?? null;
  return { transport: transport.toUpperCase(), host: hostPort.host, port: hostPort.port, branch, params };
}

const stamped = /^[ \t]*(?:received|rport)[ \t]*(?:=|$)/i;
const plainRport = ';rport';

/**
 * The Via line as it goes back: the first hop with the true source. `received` is always set; `rport` where the client
 * asked (RFC 3581 4); whatever the client itself put there is replaced.
 */
export function stampVia(value: string, via: Via, address: string, port: number): string {
  const first = firstOf(value) ?? value;
  const rest = first === value ? '' : value.slice(value.indexOf(first) + first.length);
  const source = address.includes('%') ? address.slice(0, address.indexOf('%')) : address; // no zone on the wire
  const rport = via.params.has('rport') ? `;rport=${port}` : '';
  return `${trimmed(unstamped(first, via))};received=${source}${rport}${rest}`;
}

/** Without `received` and `rport`. */
function unstamped(first: string, { params }: Via): string {
  if (!params.has('received')) {
    if (!params.has('rport')) return first;
    // as nearly every phone writes it, and only once; a quote might hold another one
    const at = first.indexOf(plainRport);
    const after = at + plainRport.length;
    const isWhole = at >= 0 && (after === first.length || first.charAt(after) === ';');
    if (isWhole && !first.includes('"') && semicolonsIn(first) === params.size) {
      return first.slice(0, at) + first.slice(after);
    }
  }
  // a quoted parameter value may hold a semicolon: match whole parameters, not text between semicolons
  return first.replace(/;((?:[^;"]|"(?:[^"\\]|\\.)*")*)/g, (whole, param: string) =>
    stamped.test(param) ? '' : whole,
  );
}

function semicolonsIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf(';'); at >= 0; at = text.indexOf(';', at + 1)) count++;
  return count;
}
