import { parseUri } from '../message/uri.ts';

/**
 * True where a digest `uri` names the same target as the Request-URI. COMPAT(several): phones leave out or change URI
 * parameters and the default port there, which do not change the resource; a proxy in between writes another of our names
 * into the Request-URI (RFC 3261 16.6), and the digest cannot follow. COMPAT(SIPp): the `uri` is this server's own address
 * without a user, as in a REGISTER. Everything else must agree.
 */
export function sameTarget(digestUri: string, requestUri: string, isOurs: (host: string) => boolean): boolean {
  if (digestUri === requestUri) return true;
  const [a, b] = [parseUri(digestUri), parseUri(requestUri)];
  if (a === null || b === null || a.host === '' || a.scheme !== b.scheme) return false;
  if (a.user === null && isOurs(a.host)) return isOurs(b.host);
  if (a.user !== b.user) return false;
  if (isOurs(a.host) && isOurs(b.host)) return true;
  const defaultPort = a.scheme === 'sips' ? 5061 : 5060;
  return a.host === b.host && (a.port ?? defaultPort) === (b.port ?? defaultPort);
}
