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

/** The canonical name of a spelling that is in use, without looking further; undefined for others. */
export function knownName(spelling: string): string | undefined {
  return spellings.get(spelling);
}

/** The canonical long form of any header name, in any letter case (RFC 3261 7.3.1); unknown names in Title-Case. */
export function canonicalName(spelling: string): string {
  const found = spellings.get(spelling);
  if (found !== undefined) return found;
  const lower = spelling.toLowerCase();
  return spellings.get(lower) ?? lower.replace(/(?<![^-])[a-z]/g, (letter) => letter.toUpperCase());
}
