import { Fault } from '../../model/errors.ts';
import { reasonPhrase } from './reasons.ts';
import { fromText } from './wire-text.ts';

/** Header lines in order; Content-Length is added by the writer, never given. */
export type WireHeaders = readonly (readonly [name: string, value: string])[];

const unsafe = /[^\t\x20-\x7e\x80-\xff]/;
const wide = /[\u0100-\uffff]/;
const nameToken = /^[A-Za-z0-9\-.!%*_+`'~]+$/;
const startToken = /^[\x21-\x7e]+$/;

/** One header line. Throws Fault('internal') where name or value could open another line: foreign text is never glued. */
export function headerLine(name: string, value: string): string {
  if (!nameToken.test(name)) throw new Fault('internal', 'a SIP header name that is no token');
  return `${name}: ${clean(value, name)}\r\n`;
}

function clean(value: string, where: string): string {
  if (!unsafe.test(value)) return value;
  const bytes = wide.test(value) ? fromText(value) : value; // text beyond Latin-1 never came off the wire
  if (unsafe.test(bytes)) throw new Fault('internal', `a control character in ${where}`);
  return bytes;
}

/**
 * A whole message as one wire string: each character is one byte, so `length` is its size and it is sent as latin1.
 * `head` is complete lines, each made by `headerLine`; `body` is text and becomes UTF-8.
 */
function assemble(head: string, body: string): string {
  const content = fromText(body);
  return `${head}Content-Length: ${content.length}\r\n\r\n${content}`;
}

/** A request; headers as given, Content-Length added. */
export function writeRequest(method: string, uri: string, headers: WireHeaders, body = ''): string {
  return requestFromLines(method, uri, headers.map(([name, value]) => headerLine(name, value)).join(''), body);
}

/** As `writeRequest`, from lines that `headerLine` made. */
export function requestFromLines(method: string, uri: string, lines: string, body: string): string {
  return assemble(requestLine(method, uri) + lines, body);
}

/** A response without body; headers as given, Content-Length added. Default reason: the RFC's phrase. */
export function writeResponse(status: number, reason: string | undefined, headers: WireHeaders, body = ''): string {
  return responseFromLines(status, reason, headers.map(([name, value]) => headerLine(name, value)).join(''), body);
}

/** As `writeResponse`, from lines that `headerLine` made. */
export function responseFromLines(status: number, reason: string | undefined, lines: string, body: string): string {
  if (!Number.isInteger(status) || status < 100 || status > 699) throw new Fault('internal', `SIP status ${status}`);
  return assemble(`SIP/2.0 ${status} ${clean(reason ?? reasonPhrase(status), 'reason')}\r\n${lines}`, body);
}

/** With its CRLF. Throws Fault('internal') where it would be none. */
export function requestLine(method: string, uri: string): string {
  if (!nameToken.test(method) || !startToken.test(uri)) throw new Fault('internal', 'a request line that is none');
  return `${method} ${uri} SIP/2.0\r\n`;
}

/** A whole message around bytes that came from elsewhere; `start` with its CRLF, `lines` as above. */
export function aroundBytes(start: string, lines: string, body: Buffer): string {
  return `${start}${lines}Content-Length: ${body.length}\r\n\r\n${body.toString('latin1')}`;
}
