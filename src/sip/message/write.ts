import { Fault } from '../../model/errors.ts';
import { reasonPhrase } from './reasons.ts';
import { fromText } from './wire-text.ts';

/** Header lines in order; Content-Length is added by the writer, never given. */
export type WireHeaders = readonly (readonly [name: string, value: string])[];

const unsafe = /[^\t\x20-\x7e\x80-\xff]/;
const wide = /[\u0100-\uffff]/;
const nameToken = /^[A-Za-z0-9\-.!%*_+`'~]+$/;
const startToken = /^[\x21-\x7e]+$/;

/** Methods that need no look (RFC 3261, 3265, 3515, 3428, 3903): that of a token costs more than the request line. */
const methods: ReadonlySet<string> = new Set(
  'ACK BYE CANCEL INFO INVITE MESSAGE NOTIFY OPTIONS PRACK PUBLISH REFER REGISTER SUBSCRIBE UPDATE'.split(' '),
);

interface Line {
  value: string;
  text: string;
}

/**
 * The last line of each name: one message after the other has the same Contact, Event, Allow-Events and Server, and looking
 * at a value costs more than all else that is done with it (-0.3 us a NOTIFY). Names are ours, so they are few.
 */
const lastLines = new Map<string, Line>();
const mostNames = 100;
const longestKept = 200;

/** One header line. Throws Fault('internal') where name or value could open another line: foreign text is never glued. */
export function headerLine(name: string, value: string): string {
  const last = lastLines.get(name);
  if (last?.value === value) return last.text;
  if (last === undefined && !nameToken.test(name)) throw new Fault('internal', 'a SIP header name that is no token');
  const text = `${name}: ${clean(value, name)}\r\n`;
  if (value.length > longestKept) return text;
  if (last !== undefined) {
    last.value = value;
    last.text = text;
  } else if (lastLines.size < mostNames) lastLines.set(name, { value, text });
  return text;
}

/** The value as it may stand in a line, for what is not the same twice in a row. Throws as `headerLine` does. */
export function clean(value: string, where: string): string {
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
  if (body === '') return `${head}Content-Length: 0\r\n\r\n`;
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
  const phrase = reason === undefined ? reasonPhrase(status) : clean(reason, 'reason');
  return assemble(`SIP/2.0 ${status} ${phrase}\r\n${lines}`, body);
}

/** With its CRLF. Throws Fault('internal') where it would be none. */
export function requestLine(method: string, uri: string): string {
  if (!(methods.has(method) || nameToken.test(method)) || !startToken.test(uri))
    throw new Fault('internal', 'a request line that is none');
  return `${method} ${uri} SIP/2.0\r\n`;
}

/** A whole message around bytes that came from elsewhere; `start` with its CRLF, `lines` as above. */
export function aroundBytes(start: string, lines: string, body: Buffer): string {
  return `${start}${lines}Content-Length: ${body.length}\r\n\r\n${body.toString('latin1')}`;
}
