import { routed } from '../embedded/compose.ts';
import type { AddressedRequest, Flow, HeaderList } from '../engine.ts';
import { toText } from '../message/wire-text.ts';
import { headerLine } from '../message/write.ts';
import { bracketed } from '../own-contact.ts';
import type { SrfRequestOptions } from './srf.ts';

/** The server copies URIs into 1,024 bytes without looking (its drachtio.cpp, normalizeSipUri). */
const longestUri = 1000;

const printable = /^[\x21-\x7e]+$/;
const wide = /[\u0100-\uffff]/;

/**
 * Header values for srf, which writes what it is given: each is checked here, and becomes text, because the control
 * connection is UTF-8. Lines of the same name go as one value with line breaks of ours between them: joined by commas, as
 * srf does it, two challenges would be one (RFC 3261 7.3.1).
 *
 * Throws Fault('internal') where a value could open a line.
 */
export function srfHeaders(headers: HeaderList): Record<string, string> {
  const all: Record<string, string> = {};
  for (const [name, value] of headers) {
    const checked = headerLine(name, value).slice(name.length + 2, -2);
    const text = wide.test(value) ? value : toText(checked);
    const before = all[name];
    all[name] = before === undefined ? text : `${before}\r\n${name}: ${text}`;
  }
  return all;
}

/** A request in a dialog the server holds: it adds From, To, Call-ID, CSeq, the routes and the target. */
export function draftByName(
  request: Pick<AddressedRequest, 'method' | 'headers' | 'body'>,
  stackDialogId: string,
  userAgent: string,
): SrfRequestOptions {
  const { method, headers } = request;
  return { method, headers: srfHeaders(withAgent(headers, userAgent)), ...bodyOf(request), stackDialogId };
}

export interface ExplicitDraft {
  readonly uri: string;
  readonly options: SrfRequestOptions;
}

/**
 * A request that names everything itself, and goes where the flow leads. The server takes no Route header, but those
 * in the URI, which it takes out again (sofia's nta.c, outgoing_create).
 *
 * Null: its URI is longer than the server can hold. Throws Fault('internal') where a value could open a line.
 */
export function draftExplicit(request: AddressedRequest, userAgent: string): ExplicitDraft | null {
  const { method, from, to, callId, cseq, flow } = request;
  const { uri, routes } = routed(request);
  const escaped = routes.length === 0 ? uri : `${uri}?Route=${encodeURIComponent(toText(routes.join(',')))}`;
  if (escaped.length > longestUri || !printable.test(escaped)) return null;
  const own: HeaderList = [
    ['From', from],
    ['To', to],
    ['Call-ID', callId],
    ['CSeq', `${cseq} ${method}`],
  ];
  const headers = srfHeaders([...own, ...withAgent(request.headers, userAgent)]);
  return { uri: escaped, options: { method, headers, ...bodyOf(request), proxy: nextHop(flow) } };
}

function withAgent(headers: HeaderList, userAgent: string): HeaderList {
  return userAgent === '' ? headers : [...headers, ['User-Agent', userAgent]];
}

function bodyOf({ body = '' }: Pick<AddressedRequest, 'body'>): { readonly body?: string } {
  return body === '' ? {} : { body };
}

function nextHop({ transport, remote }: Flow): string {
  const kind = transport === 'wss' ? 'ws' : transport; // RFC 7118 5.2.1: `ws` for both
  return `sip:${bracketed(remote.address)}:${remote.port};transport=${kind}`;
}
