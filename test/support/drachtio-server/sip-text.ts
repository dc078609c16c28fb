/**
 * SIP as this server needs it: text that is taken apart loosely and put together again, one character a byte (latin1), so
 * that what came is what goes on. Its own reader on purpose: what is tested with it must not share its mistakes.
 */

export interface SipText {
  readonly startLine: string;
  /** Names in long form and lower case, values unfolded and trimmed, otherwise as they came. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

const longNames: Readonly<Record<string, string>> = {
  a: 'accept-contact',
  b: 'referred-by',
  c: 'content-type',
  e: 'content-encoding',
  f: 'from',
  i: 'call-id',
  k: 'supported',
  l: 'content-length',
  m: 'contact',
  o: 'event',
  r: 'refer-to',
  s: 'subject',
  t: 'to',
  u: 'allow-events',
  v: 'via',
  x: 'session-expires',
};

/** null: no SIP. */
export function readSip(text: string): SipText | null {
  const blank = text.indexOf('\r\n\r\n');
  if (blank < 0) return null;
  const [startLine = '', ...lines] = text
    .slice(0, blank)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  if (!/^(?:SIP\/2\.0 \d{3}|\S+ \S+ SIP\/2\.0$)/.test(startLine)) return null;
  return { startLine, headers: lines.flatMap(headerOf), body: text.slice(blank + 4) };
}

function headerOf(line: string): [string, string][] {
  const colon = line.indexOf(':');
  if (colon <= 0) return [];
  const name = line.slice(0, colon).trim().toLowerCase();
  return [[longNames[name] ?? name, line.slice(colon + 1).trim()]];
}

export function first(message: SipText, name: string): string {
  return message.headers.find(([it]) => it === name)?.[1] ?? '';
}

export function all(message: SipText, name: string): string[] {
  return message.headers.filter(([it]) => it === name).map(([, value]) => value);
}

export function methodOf(message: SipText): string {
  return message.startLine.split(' ', 1)[0] ?? '';
}

export function statusOf(message: SipText): number {
  return Number(/^SIP\/2\.0 (\d{3})/.exec(message.startLine)?.[1] ?? 0);
}

/** The tag of a From or To value. */
export function tagOf(value: string): string | undefined {
  return paramOf(value.slice(value.lastIndexOf('>') + 1), 'tag');
}

/** Without its tag. */
export function untagged(value: string): string {
  const params = value.lastIndexOf('>') + 1;
  return value.slice(0, params) + value.slice(params).replace(/;\s*tag\s*=\s*[^;]*/i, '');
}

/** The URI in the first of these addresses. */
export function uriOf(value: string): string {
  return /<([^>]*)>/.exec(value)?.[1] ?? (value.split(/[;,]/, 1)[0] ?? '').trim();
}

/** A parameter of what stands behind a URI or in it; '' where it has no value. */
export function paramOf(text: string, name: string): string | undefined {
  const found = new RegExp(`;\\s*${name}\\s*(?:=\\s*([^;?>,\\s]*))?(?=[;?>,\\s]|$)`, 'i').exec(text);
  return found === null ? undefined : (found[1] ?? '');
}

/** Values of address lists, split at the commas between them. */
export function split(values: readonly string[]): string[] {
  return values.flatMap((value) => value.match(/(?:[^,<"]|<[^>]*>|"(?:[^"\\]|\\.)*")+/g) ?? []).map((it) => it.trim());
}

export interface Place {
  readonly user: string;
  /** IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly hasPort: boolean;
  /** Lower case; undefined: not said. */
  readonly transport: string | undefined;
}

/** null: no sip URI. */
export function placeOf(uri: string): Place | null {
  const found = /^(?:sips?:)?(?:([^@;?<>\s]*)@)?(\[[^\]]*\]|[^:;?<>\s]+)(?::(\d+))?(?=[;?]|$)/i.exec(uri);
  if (found === null) return null;
  const host = (found[2] ?? '').replace(/^\[|\]$/g, '');
  const transport = paramOf(uri.split('?', 1)[0] ?? '', 'transport')?.toLowerCase();
  return { user: found[1] ?? '', host, port: Number(found[3] ?? 5060), hasPort: found[3] !== undefined, transport };
}

/** `host:port`, IPv6 in brackets. */
export function hostPort({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** A whole message; Content-Length is added. */
export function writeSip(startLine: string, lines: readonly string[], body: string): string {
  return [startLine, ...lines, `Content-Length: ${body.length}`, '', body].join('\r\n');
}

/**
 * The text with the true source in its topmost Via, as sofia's NTATAG_SERVER_RPORT(2) does: `rport` always, in its place;
 * `received` where the host differs.
 */
export function stamped(text: string, address: string, port: number): string {
  const head = /^((?:.*\r\n)*?(?:via|v)[ \t]*:[ \t]*)([^,\r]*)/i.exec(text);
  if (head === null) return text;
  const [whole, before = '', via = ''] = head;
  const host = /^\S+\s+(\[[^\]]*\]|[^:;\s]+)/.exec(via)?.[1] ?? '';
  let own = via.trim().replace(/;\s*received\s*=\s*[^;]*/i, '');
  own = /;\s*rport\b[^;]*/i.test(own) ? own.replace(/;\s*rport\b[^;]*/i, `;rport=${port}`) : `${own};rport=${port}`;
  if (host.replace(/^\[|\]$/g, '') !== address) own += `;received=${address}`;
  return before + own + text.slice(whole.length);
}
