import type { Endpoint, HeaderEdits, Transport } from '../../engine.ts';
import { parseParams, splitList } from '../../message/name-addr.ts';
import type { ParsedRequest, ParsedResponse } from '../../message/parse.ts';
import { reasonPhrase } from '../../message/reasons.ts';
import { stampVia } from '../../message/via.ts';
import { aroundBytes, headerLine, requestLine } from '../../message/write.ts';
import { sentBy } from '../compose.ts';

/** RFC 3261 16.6 step 3: what a request has that came without Max-Forwards. */
const defaultHops = 70;
/** Written by us, whatever came. */
const own: ReadonlySet<string> = new Set(['Via', 'Max-Forwards', 'Content-Length']);

/** How a request leaves: where its Request-URI and headers differ from what came, and our Via. */
export interface Outgoing {
  readonly uri: string;
  readonly headers: HeaderEdits;
  readonly via: string;
}

/** The Via line that a response has to bring back. `rport` is always asked for (RFC 3581 3). */
export function ourVia(transport: Transport, at: Endpoint, branch: string): string {
  return `SIP/2.0/${transport.toUpperCase()} ${sentBy(at)};rport;branch=${branch}`;
}

/** The Via lines as they came, the first with its true source (RFC 3261 18.2.1): they are what goes back, too. */
export function stampedVias(message: ParsedRequest, source: Endpoint): string[] {
  return message.headers
    .lines('Via')
    .map((line, hop) => (hop === 0 ? stampVia(line, message.via, source.address, source.port) : line));
}

/** Hops the request may still go after us; a request that came with 0 must not come here. */
export function hopsLeft({ headers }: ParsedRequest): number {
  return Number(headers.first('Max-Forwards') ?? defaultHops + 1) - 1;
}

/**
 * RFC 3261 16.6: the request as it goes on, written anew from what our parser read, so that nobody behind us reads another
 * message than we did. Throws Fault('internal') where an edit could open a new line.
 */
export function relayedRequest(message: ParsedRequest, vias: readonly string[], out: Outgoing): string {
  let lines = `Via: ${out.via}\r\n`;
  for (const via of vias) lines += `Via: ${via}\r\n`;
  lines += `Max-Forwards: ${hopsLeft(message)}\r\n`;
  lines += headerLines(message.headers.entries(), out.headers);
  return aroundBytes(requestLine(message.method, out.uri), lines, message.body);
}

/**
 * RFC 3261 16.7: a response on its way back, with the Via lines of the request it answers: an element behind us that
 * changed them must not choose where it goes.
 */
export function relayedResponse(response: ParsedResponse, vias: readonly string[], edits: HeaderEdits | null): string {
  const { status, reason, headers, body } = response;
  let lines = '';
  for (const via of vias) lines += `Via: ${via}\r\n`;
  lines += headerLines(headers.entries(), edits ?? none);
  return aroundBytes(`SIP/2.0 ${status} ${reason === '' ? reasonPhrase(status) : reason}\r\n`, lines, body);
}

const none: HeaderEdits = new Map();

/** What the client transaction, a digest and a second try need of a refusal. */
const needed: ReadonlySet<string> = new Set([
  'From',
  'To',
  'Call-ID',
  'CSeq',
  'WWW-Authenticate',
  'Proxy-Authenticate',
  'Retry-After',
  'Min-Expires',
  'Min-SE',
  'Unsupported',
]);

/** The same response with nothing in it that its reader can do without. */
export function least(response: ParsedResponse): ParsedResponse {
  return { ...response, headers: response.headers.only(needed), body: nothing };
}

/** In their order; a header that is edited stands where the first of its name stood, or else in front. */
function headerLines(entries: readonly (readonly [string, string])[], edits: HeaderEdits): string {
  const present = new Set(edits.size === 0 ? [] : entries.map(([name]) => name));
  const pending = new Map(edits);
  let lines = '';
  for (const [name, values] of edits) {
    if (present.has(name) || own.has(name)) continue;
    for (const value of values) lines += headerLine(name, value);
  }
  for (const [name, value] of entries) {
    if (own.has(name)) continue;
    const edited = edits.get(name);
    // what the strict parser let in holds nothing that could open a line
    if (edited === undefined) lines += `${name}: ${value}\r\n`;
    else if (pending.delete(name)) for (const one of edited) lines += headerLine(name, one);
  }
  return lines;
}

/** RFC 3261 17.1.1.3: the ACK of a refusal, hop by hop. `to`: of the response. */
export function ackOf(message: ParsedRequest, out: Outgoing, to: string): string {
  return hopByHop('ACK', message, out, to);
}

/** RFC 3261 9.1. `by`: the CANCEL that came; null: it is our own idea. */
export function cancelOf(message: ParsedRequest, out: Outgoing, by: ParsedRequest | null): string {
  // RFC 3326 2: or a phone counts a call as missed that was answered elsewhere
  const reasons = by?.headers.lines('Reason').filter(isReason) ?? [];
  return hopByHop('CANCEL', message, out, message.headers.first('To') ?? '', reasons);
}

const reason = /^[A-Za-z0-9\-.!%*_+`'~]+[ \t]*(;[\t\x20-\x7e]*)?$/;

/** `SIP;cause=200;text="Call completed elsewhere"`; what cannot be read stays here, as of all that goes on. */
function isReason(line: string): boolean {
  const values = splitList(line) ?? [''];
  return values.every((value) => {
    const [whole, params = ''] = reason.exec(value) ?? [];
    return whole !== undefined && parseParams(params) !== null;
  });
}

/** A request of our own that names the one we sent on: its Request-URI, branch, Call-ID, number and Route. */
function hopByHop(
  method: string,
  message: ParsedRequest,
  { uri, headers, via }: Outgoing,
  to: string,
  reasons: readonly string[] = [],
): string {
  let lines = `Via: ${via}\r\nMax-Forwards: ${defaultHops}\r\n`;
  for (const route of headers.get('Route') ?? message.headers.lines('Route')) lines += headerLine('Route', route);
  lines += headerLine('From', message.headers.first('From') ?? '');
  lines += headerLine('To', to);
  lines += headerLine('Call-ID', message.headers.first('Call-ID') ?? '');
  lines += `CSeq: ${message.cseq} ${method}\r\n`;
  for (const one of reasons) lines += headerLine('Reason', one);
  return aroundBytes(requestLine(method, uri), lines, nothing);
}

const nothing = Buffer.alloc(0);

/** Each hop of the Via lines, the newest first. */
export function hopsOf(message: ParsedRequest): readonly string[] {
  return message.headers.lines('Via').flatMap((line) => splitList(line) ?? [line]);
}
