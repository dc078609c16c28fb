/** What sofia spells its own way; all others get a capital after each dash. */
const spellings: Readonly<Record<string, string>> = {
  'call-id': 'Call-ID',
  cseq: 'CSeq',
  'sip-etag': 'SIP-ETag',
  'sip-if-match': 'SIP-If-Match',
  'www-authenticate': 'WWW-Authenticate',
  'mime-version': 'MIME-Version',
  'min-se': 'Min-SE',
  rack: 'RAck',
  rseq: 'RSeq',
};

/** `m_setImmutableHdrs` of drachtio.cpp: what a client may not set is dropped without a word. */
const dropped: ReadonlySet<string> = new Set(['via', 'route', 'rseq', 'record-route', 'content-length']);
const withHost: ReadonlySet<string> = new Set(['from', 'to', 'contact', 'p-asserted-identity']);

const token = /^[A-Za-z0-9\-._!%*+`'~]+$/;

/** Headers a client gave for a request or a response: `makeTags` of drachtio.cpp. */
export class AppHeaders {
  readonly #all: (readonly [name: string, value: string])[] = [];

  /** `hostPort`: takes the place of `@localhost`. */
  constructor(lines: readonly string[], hostPort: string) {
    for (const line of lines) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).trim();
      const lower = name.toLowerCase();
      if (colon < 0 || !token.test(name) || dropped.has(lower)) continue;
      const value = line.slice(colon + 1).trim();
      const own = withHost.has(lower) ? value.replace(/@localhost(?::\d+)?/, `@${hostPort}`) : value;
      this.#all.push([spellings[lower] ?? capitalised(name), own]);
    }
  }

  /** undefined: not given. */
  get(name: string): string | undefined {
    return this.#all.find(([it]) => it.toLowerCase() === name.toLowerCase())?.[1];
  }

  /** Whole lines of all but these. */
  linesBut(...names: readonly string[]): string[] {
    const left = this.#all.filter(([name]) => !names.some((it) => it.toLowerCase() === name.toLowerCase()));
    return left.map(([name, value]) => `${name}: ${value}`);
  }
}

function capitalised(name: string): string {
  return /^x-/i.test(name) ? name : name.replace(/(?:^|(?<=-))[a-z]/g, (it) => it.toUpperCase());
}
