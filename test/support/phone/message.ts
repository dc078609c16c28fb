/*
 * The phone's own SIP reader and writer. It shares nothing with src/sip on purpose: a fault there must not hide behind the
 * same fault here.
 */

export type Header = readonly [name: string, value: string];

// RFC 3261 7.3.3, RFC 6665 8.2
const longNames: Readonly<Record<string, string>> = {
  v: 'via',
  f: 'from',
  t: 'to',
  i: 'call-id',
  m: 'contact',
  l: 'content-length',
  c: 'content-type',
  e: 'content-encoding',
  s: 'subject',
  k: 'supported',
  o: 'event',
  u: 'allow-events',
  r: 'refer-to',
  b: 'referred-by',
  x: 'session-expires',
};

function canonical(name: string): string {
  const lower = name.trim().toLowerCase();
  return longNames[lower] ?? lower;
}

/** One SIP request or response, as read from the wire or about to be written. */
export class Message {
  /** Request line or status line. */
  readonly start: string;
  /** In wire order, names as written by the sender. */
  readonly headers: readonly Header[];
  readonly body: Buffer;

  constructor(start: string, headers: readonly Header[], body: Buffer | string = '') {
    this.start = start;
    this.headers = headers;
    this.body = typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
  }

  /** Throws when the bytes are no SIP message. Bytes beyond Content-Length are cut (RFC 3261 18.3). */
  static parse(bytes: Buffer): Message {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) throw new Error('no empty line after the headers');
    const [start = '', ...lines] = bytes
      .subarray(0, end)
      .toString('utf8')
      .replace(/\r\n[ \t]+/g, ' ')
      .split('\r\n');
    if (!/^(SIP\/2\.0 \d{3} |[A-Z]+ \S+ SIP\/2\.0$)/.test(start)) throw new Error(`bad start line: ${start}`);
    const headers = lines.map((line): Header => {
      const colon = line.indexOf(':');
      if (colon < 1) throw new Error(`bad header line: ${line}`);
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    });
    const length = headers.find(([name]) => canonical(name) === 'content-length')?.[1];
    const rest = bytes.subarray(end + 4);
    if (length === undefined) return new Message(start, headers, rest);
    if (!/^\d+$/.test(length) || Number(length) > rest.length) throw new Error(`bad Content-Length: ${length}`);
    return new Message(start, headers, rest.subarray(0, Number(length)));
  }

  /** Empty for a response. */
  get method(): string {
    return this.isResponse ? '' : (this.start.split(' ')[0] ?? '');
  }

  get uri(): string {
    return this.isResponse ? '' : (this.start.split(' ')[1] ?? '');
  }

  /** 0 for a request. */
  get status(): number {
    return this.isResponse ? Number(this.start.split(' ')[1]) : 0;
  }

  get reason(): string {
    return this.isResponse ? this.start.split(' ').slice(2).join(' ') : '';
  }

  get isResponse(): boolean {
    return this.start.startsWith('SIP/2.0 ');
  }

  get text(): string {
    return this.body.toString('utf8');
  }

  header(name: string): string | undefined {
    return this.all(name)[0];
  }

  all(name: string): string[] {
    const wanted = canonical(name);
    return this.headers.filter(([have]) => canonical(have) === wanted).map(([, value]) => value);
  }

  /** Content-Length is written here, whatever the headers say. */
  toBytes(): Buffer {
    const lines = this.headers
      .filter(([name]) => canonical(name) !== 'content-length')
      .map(([name, value]) => `${name}: ${value}`);
    const head = [this.start, ...lines, `Content-Length: ${this.body.length}`, '', ''].join('\r\n');
    return Buffer.concat([Buffer.from(head, 'utf8'), this.body]);
  }

  toString(): string {
    return this.toBytes().toString('utf8');
  }
}

/** `sip:1001@pbx;transport=tcp` out of `"Name" <sip:1001@pbx;transport=tcp>;tag=x`. */
export function addressUri(value: string): string {
  const bracketed = /<([^>]*)>/.exec(value.replace(/^\s*"(?:[^"\\]|\\.)*"/, ''));
  return (bracketed?.[1] ?? value.split(';')[0] ?? '').trim();
}

/** A parameter behind the address, such as `tag`. */
function addressParam(value: string, name: string): string | undefined {
  const behind = value.includes('>') ? value.slice(value.lastIndexOf('>') + 1) : value.slice(value.indexOf(';'));
  return params(behind).get(name);
}

export function tagOf(value: string | undefined): string | undefined {
  return value === undefined ? undefined : addressParam(value, 'tag');
}

/** `;a=1;b="x;y";c` as a map with lower-case names; quotes taken off. What stands before the first `;` is left out. */
export function params(value: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const match of value.matchAll(/;\s*([^\s;="]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^;"]*))?/g)) {
    const raw = (match[2] ?? '').trim();
    found.set((match[1] ?? '').toLowerCase(), raw.startsWith('"') ? raw.slice(1, -1).replace(/\\(.)/g, '$1') : raw);
  }
  return found;
}

export function cseqOf(message: Message): { number: number; method: string } {
  const [number = '', method = ''] = (message.header('CSeq') ?? '').split(/\s+/);
  return { number: Number(number), method };
}

/** Cuts a byte stream into messages (RFC 3261 18.3); keep-alive CRLFs between messages are dropped. */
export class Framer {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const whole: Buffer[] = [];
    for (;;) {
      while (this.#rest[0] === 0x0d || this.#rest[0] === 0x0a) this.#rest = this.#rest.subarray(1);
      const end = this.#rest.indexOf('\r\n\r\n');
      if (end < 0) return whole;
      const head = this.#rest.subarray(0, end + 2).toString('latin1');
      const length = Number(/^(?:content-length|l)\s*:\s*(\d+)\s*$/im.exec(head)?.[1] ?? 0);
      if (this.#rest.length < end + 4 + length) return whole;
      whole.push(this.#rest.subarray(0, end + 4 + length));
      this.#rest = this.#rest.subarray(end + 4 + length);
    }
  }
}
