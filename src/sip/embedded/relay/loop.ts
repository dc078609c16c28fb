import { createHmac } from 'node:crypto';
import type { ParsedRequest } from '../../message/parse.ts';
import { parseVia } from '../../message/via.ts';
import { hopsOf } from './rewrite.ts';

/** Parts a branch of ours: chance before it, the mark behind. */
const separator = '.';
/** What decides where a request goes: one that comes back with all of it the same would go round for ever. */
const decisive = ['From', 'To', 'Call-ID', 'CSeq', 'Route', 'Proxy-Require', 'Proxy-Authorization'];

/**
 * RFC 3261 16.6 step 8: the part of a branch by which a request is known that comes back unchanged. Without our secret
 * nobody can make one, so that no stranger can have requests refused as loops.
 */
export function loopMark(message: ParsedRequest, secret: string): string {
  const hash = createHmac('sha256', secret).update(message.uri, 'latin1');
  for (const name of decisive) hash.update(`\n${message.headers.lines(name).join('\r')}`, 'latin1');
  return hash.digest('hex').slice(0, 16);
}

/** A branch of ours (RFC 3261 8.1.1.7: with the magic cookie). */
export function markedBranch(token: string, mark: string): string {
  return `z9hG4bK${token}${separator}${mark}`;
}

/** RFC 3261 16.3 step 4: we sent this very request on before. A spiral, with another Request-URI or route, is none. */
export function isLooped(message: ParsedRequest, mark: string): boolean {
  const hops = hopsOf(message);
  return hops.length > 1 && hops.some((hop) => parseVia(hop)?.branch?.endsWith(separator + mark) === true);
}
