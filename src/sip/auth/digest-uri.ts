import { parseUri } from '../message/uri.ts';

/**
 * True where a digest `uri` names the same target as the Request-URI. COMPAT(several): phones leave out or change URI
 * parameters and the default port there, which do not change the resource; everything else must agree.
 */
export function sameTarget(digestUri: string, requestUri: string): boolean {
  if (digestUri === requestUri) return true;
  const [a, b] = [parseUri(digestUri), parseUri(requestUri)];
  if (a === null || b === null || a.host === '' || a.scheme !== b.scheme) return false;
  const defaultPort = a.scheme === 'sips' ? 5061 : 5060;
  return a.user === b.user && a.host === b.host && (a.port ?? defaultPort) === (b.port ?? defaultPort);
}
