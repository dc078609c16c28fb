/** Spellings that plain Title-Case would get wrong, and the usual ones, so that a lookup is all they cost. */
const known = [
  'Accept',
  'Accept-Contact',
  'Accept-Encoding',
  'Accept-Language',
  'Allow',
  'Allow-Events',
  'Authorization',
  'CSeq',
  'Call-ID',
  'Call-Info',
  'Contact',
  'Content-Disposition',
  'Content-Encoding',
  'Content-ID',
  'Content-Length',
  'Content-Type',
  'Date',
  'Event',
  'Expires',
  'From',
  'Identity',
  'Identity-Info',
  'MIME-Version',
  'Max-Breadth',
  'Max-Forwards',
  'Min-Expires',
  'Min-SE',
  'P-Asserted-Identity',
  'P-Preferred-Identity',
  'Path',
  'Priority',
  'Privacy',
  'Proxy-Authenticate',
  'Proxy-Authorization',
  'Proxy-Require',
  'RAck',
  'RSeq',
  'Reason',
  'Record-Route',
  'Refer-To',
  'Referred-By',
  'Reject-Contact',
  'Replaces',
  'Request-Disposition',
  'Require',
  'Retry-After',
  'Route',
  'SIP-ETag',
  'SIP-If-Match',
  'Server',
  'Service-Route',
  'Session-Expires',
  'Subject',
  'Subscription-State',
  'Supported',
  'Suppress-If-Match',
  'Target-Dialog',
  'Timestamp',
  'To',
  'Unsupported',
  'User-Agent',
  'Via',
  'WWW-Authenticate',
  'Warning',
] as const;

/** Compact forms of RFC 3261 7.3.3, 6665 8.4, 3515, 3892, 3841, 4028, 4474. */
const compact: ReadonlyMap<string, string> = new Map([
  ['a', 'Accept-Contact'],
  ['b', 'Referred-By'],
  ['c', 'Content-Type'],
  ['d', 'Request-Disposition'],
  ['e', 'Content-Encoding'],
  ['f', 'From'],
  ['i', 'Call-ID'],
  ['j', 'Reject-Contact'],
  ['k', 'Supported'],
  ['l', 'Content-Length'],
  ['m', 'Contact'],
  ['n', 'Identity-Info'],
  ['o', 'Event'],
  ['r', 'Refer-To'],
  ['s', 'Subject'],
  ['t', 'To'],
  ['u', 'Allow-Events'],
  ['v', 'Via'],
  ['x', 'Session-Expires'],
  ['y', 'Identity'],
]);

const spellings: ReadonlyMap<string, string> = new Map([
  ...compact,
  ...known.flatMap((name) => [[name, name] as const, [name.toLowerCase(), name] as const]),
]);

/** What the reader of a head needs to know of a name. */
export interface KnownName {
  /** Canonical. */
  readonly name: string;
  /** One bit for each header that must not come twice, 0 for the others. */
  readonly onlyOnce: number;
}

/**
 * Headers that must not come twice: joined by comma or first-wins, two programs would read two messages (RFC 3261
 * 7.3.1). Contact is not here: a REGISTER may have several; who needs exactly one (RFC 6665) checks it.
 */
const single = [
  'CSeq',
  'Call-ID',
  'Content-Disposition',
  'Content-Length',
  'Content-Type',
  'Event',
  'Expires',
  'From',
  'MIME-Version',
  'Max-Forwards',
  'Min-Expires',
  'Refer-To',
  'Replaces',
  'SIP-ETag',
  'SIP-If-Match',
  'Session-Expires',
  'Subscription-State',
  'Suppress-If-Match',
  'To',
];

const byName: ReadonlyMap<string, KnownName> = new Map(
  known.map((name) => [name, { name, onlyOnce: single.includes(name) ? 1 << single.indexOf(name) : 0 }] as const),
);

interface Spelling {
  readonly bytes: Buffer;
  readonly known: KnownName;
}

/** Spellings by length, first and last letter: a message has a dozen names, and each must cost next to nothing. */
const buckets: readonly (readonly Spelling[])[] = makeBuckets();

function bucketOf(length: number, first: number, last: number): number {
  return (length << 10) | ((first & 31) << 5) | (last & 31);
}

function makeBuckets(): Spelling[][] {
  const made: Spelling[][] = [];
  for (const [spelling, name] of spellings) {
    const found = byName.get(name);
    if (found === undefined) continue;
    const bucket = bucketOf(spelling.length, spelling.charCodeAt(0), spelling.charCodeAt(spelling.length - 1));
    made[bucket] = [...(made[bucket] ?? []), { bytes: Buffer.from(spelling, 'latin1'), known: found }];
  }
  return Array.from(made, (bucket) => bucket ?? []);
}

function isAt(bytes: Buffer, at: number, spelling: Buffer): boolean {
  for (let i = 0; i < spelling.length; i++) if (bytes[at + i] !== spelling[i]) return false;
  return true;
}

/** The header name these bytes are, in any letter case. They must be a token. */
export function nameAt(bytes: Buffer, at: number, end: number): KnownName {
  const bucket = buckets[bucketOf(end - at, bytes[at] ?? 0, bytes[end - 1] ?? 0)];
  if (bucket !== undefined) {
    for (let i = 0; i < bucket.length; i++) {
      const spelling = bucket[i];
      if (spelling !== undefined && isAt(bytes, at, spelling.bytes)) return spelling.known;
    }
  }
  const name = canonicalName(bytes.toString('latin1', at, end));
  return byName.get(name) ?? { name, onlyOnce: 0 };
}

/** The canonical long form of any header name, in any letter case (RFC 3261 7.3.1); unknown names in Title-Case. */
export function canonicalName(spelling: string): string {
  const found = spellings.get(spelling);
  if (found !== undefined) return found;
  const lower = spelling.toLowerCase();
  return spellings.get(lower) ?? lower.replace(/(?<![^-])[a-z]/g, (letter) => letter.toUpperCase());
}
