import { parseUri } from '../message/uri.ts';
import type { Places } from '../places.ts';

/**
 * True where a digest `uri` names the same target as the Request-URI. COMPAT(several): phones leave out or change URI
 * parameters and the default port there, which do not change the resource; a proxy in between writes another of our names
 * (never that of another domain) into the Request-URI (RFC 3261 16.6), and the digest cannot follow. COMPAT(SIPp): the `uri` is this server's own address
 * without a user, as in a REGISTER. Everything else must agree.
 */
export function sameTarget(digestUri: string, requestUri: string, places: Pick<Places, 'isOurs' | 'agree'>): boolean {
  if (digestUri === requestUri) return true;
  const [a, b] = [parseUri(digestUri), parseUri(requestUri)];
  if (a === null || b === null || a.host === '' || a.scheme !== b.scheme) return false;
  if (a.user === null && places.isOurs(a.host)) return places.agree(a.host, b.host);
  if (a.user !== b.user) return false;
  if (places.agree(a.host, b.host)) return true;
  const defaultPort = a.scheme === 'sips' ? 5061 : 5060;
  return a.host === b.host && (a.port ?? defaultPort) === (b.port ?? defaultPort);
}
