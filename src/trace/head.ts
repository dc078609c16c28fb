/** What a ladder says of a message, read as far as it can be: also of one that no parser would take. Wire text throughout. */
export interface Head {
  /** null: it does not begin as SIP does. */
  readonly start:
    | { readonly kind: 'request'; readonly method: string; readonly uri: string }
    | { readonly kind: 'response'; readonly status: number; readonly reason: string }
    | null;
  readonly firstLine: string;
  /** The first value of each header that is looked at, by its long name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly callId: string | null;
  readonly cseq: number | null;
  /** Of CSeq; where there is none that of the request line. */
  readonly method: string | null;
  /** Where the body begins; the length of the text where there is none. */
  readonly bodyAt: number;
}

/** By their compact forms and long names (RFC 3261 7.3.3, RFC 6665 8.2.1). */
const wanted: ReadonlyMap<string, string> = new Map([
  ...['via', 'from', 'to', 'call-id', 'cseq', 'event', 'expires', 'content-type', 'subscription-state'].map(
    (name) => [name, name] as const,
  ),
  ['v', 'via'],
  ['f', 'from'],
  ['t', 'to'],
  ['i', 'call-id'],
  ['o', 'event'],
  ['c', 'content-type'],
]);

/** Strangers write long heads: further than this nobody looks. Characters. */
const longestHead = 16_384;
/** Of one From or To. */
const longestValue = 2_000;

export function readHead(wire: string): Head {
  // COMPAT(old phones): empty lines before the message (RFC 3261 7.5)
  const begin = /^[\r\n]*/.exec(wire)?.[0].length ?? 0;
  const text = wire.slice(begin, begin + longestHead);
  const blank = /\r?\n\r?\n/.exec(text);
  const [firstLine = '', ...lines] = text.slice(0, blank?.index).split(/\r?\n/);
  const headers = new Map<string, string>();
  let last: string | null = null;
  for (const line of lines) {
    if (line.startsWith(' ') || line.startsWith('\t')) {
      if (last !== null) headers.set(last, `${headers.get(last)} ${line.trim()}`);
      continue;
    }
    const colon = line.indexOf(':');
    const name = wanted.get(line.slice(0, Math.max(colon, 0)).trimEnd().toLowerCase());
    last = name === undefined || headers.has(name) ? null : name;
    if (last !== null) headers.set(last, line.slice(colon + 1).trim());
  }
  const start = readStart(firstLine);
  const [, cseq, cseqMethod] = /^(\d{1,10})\s+(\S{1,32})/.exec(headers.get('cseq') ?? '') ?? [];
  return {
    start,
    firstLine,
    headers,
    callId: headers.get('call-id') || null,
    cseq: cseq === undefined ? null : Number(cseq),
    method: cseqMethod ?? (start?.kind === 'request' ? start.method : null),
    bodyAt: blank === null ? wire.length : begin + blank.index + blank[0].length,
  };
}

function readStart(line: string): Head['start'] {
  const [, status, reason = ''] = /^SIP\/2\.0 (\d{3})(?: (.*))?$/.exec(line) ?? [];
  if (status !== undefined) return { kind: 'response', status: Number(status), reason };
  const [, method, uri] = /^([A-Za-z0-9.!%*_+`'~-]{1,32}) (\S+) SIP\/2\.0$/.exec(line) ?? [];
  return method === undefined || uri === undefined ? null : { kind: 'request', method, uri };
}

/** The URI of a From, a To or a Contact; null: there is none. */
export function uriIn(value: string | undefined): string | null {
  if (value === undefined) return null;
  const bare = value.slice(0, longestValue).replace(/"(?:[^"\\]|\\.)*"/g, '');
  const [, bracketed] = /<([^<>\s]+)>/.exec(bare) ?? [];
  return bracketed ?? /^\s*([^;,\s<>]+)/.exec(bare)?.[1] ?? null;
}

/** The user part of a SIP URI as it is written, without a password; null: it has none. */
export function userIn(uri: string | null): string | null {
  return /^sips?:([^@:]+)(?::[^@]*)?@/i.exec(uri ?? '')?.[1] ?? null;
}

/** The host of a SIP URI, an IPv6 address in its brackets; null: it has none. */
export function hostIn(uri: string): string | null {
  return /^sips?:(?:[^@]*@)?(\[[^\]]*\]|[^:;?>]+)/i.exec(uri)?.[1] ?? null;
}

/** Of a To: the request is within a dialog. */
export function hasTag(to: string | undefined): boolean {
  return toTag(to) !== '';
}

/** What two copies of one message have in common and no other has; null: it cannot be told. */
export function sameness(head: Head, direction: string, remote: string): string | null {
  const { start, headers, callId, cseq } = head;
  const [, branch] = /;\s*branch\s*=\s*([^;,\s]+)/i.exec(headers.get('via') ?? '') ?? [];
  if (start === null || branch === undefined || callId === null) return null;
  const what = start.kind === 'request' ? start.method : String(start.status);
  return [direction, remote, what, branch, callId, cseq, toTag(headers.get('to'))].join('\n');
}

function toTag(to: string | undefined): string {
  return /;\s*tag\s*=\s*([^;,\s]+)/i.exec(to ?? '')?.[1] ?? '';
}
