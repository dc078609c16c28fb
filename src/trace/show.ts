import { isUtf8 } from 'node:buffer';
import { hostPort } from '../model/host-port.ts';
import type { TracedEnd } from '../model/trace.ts';
import { type Head, uriIn, userIn } from './head.ts';
import { told } from './told.ts';

/** Of a summary; it stands in one line of a table. */
const longestSummary = 160;

/** Control characters but for line ends and tabs, and what turns the direction of writing: none of it may reach a terminal. */
const unshowable = /\r(?!\n)|(?![\r\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Wire text as people can read it: UTF-8 where it is that; bytes that are not, and control characters, as `\xNN`. */
export function shown(wire: string): string {
  const bytes = Buffer.from(wire, 'latin1');
  const text = isUtf8(bytes) ? bytes.toString('utf8') : wire.replace(/[\x80-\xff]/g, (byte) => `\\x${hex(byte)}`);
  return text.replace(unshowable, (sign) => (sign <= '\xff' ? `\\x${hex(sign)}` : `\\u{${hex(sign)}}`));
}

function hex(sign: string): string {
  return (sign.codePointAt(0) ?? 0).toString(16).padStart(2, '0');
}

/** `192.0.2.1:5060`, `[2001:db8::1]:5060`. */
export function shownEnd({ address, port }: TracedEnd): string {
  return hostPort(address, port);
}

/** One line that says what the message is about. @param wire all of it */
export function summaryOf(head: Head, wire: string): string {
  const line = shown(summary(head, wire.slice(head.bodyAt))).replace(/[\r\n\t]+/g, ' ');
  return line.length > longestSummary ? `${line.slice(0, longestSummary)}…` : line;
}

function summary({ start, headers, firstLine, method }: Head, body: string): string {
  if (start === null) return `no SIP: ${firstLine}`;
  if (start.kind === 'response') {
    const said = `${start.status} ${start.reason}`.trimEnd();
    const granted = method === 'SUBSCRIBE' && start.status < 300 ? headers.get('expires') : undefined;
    return granted === undefined ? said : `${said}, expires ${granted}`;
  }
  const event = headers.get('event');
  const about = userIn(uriIn(headers.get('to')));
  const parts = [
    event ?? '',
    start.method === 'NOTIFY' ? stateOf(headers.get('subscription-state')) : expiryOf(headers),
    event === undefined ? '' : told(body),
  ];
  if (start.method !== 'NOTIFY' && about !== null) parts.unshift(`to ${about}`);
  const said = parts.filter((part) => part !== '').join(', ');
  return said === '' ? start.method : `${start.method} ${said}`;
}

/** `active`, `terminated;reason=timeout`. */
function stateOf(value = ''): string {
  return value.replace(/;\s*expires\s*=\s*\d+/i, '');
}

function expiryOf(headers: Head['headers']): string {
  const expires = headers.get('expires');
  return expires === undefined ? '' : `expires ${expires}`;
}
