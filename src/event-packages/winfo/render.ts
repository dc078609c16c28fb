import { XmlWriter } from '../../xml.ts';
import { accountUri } from '../account-uri.ts';
import type { Rendered, RenderRequest } from '../event-package.ts';

export const mediaType = 'application/watcherinfo+xml';
export const namespace = 'urn:ietf:params:xml:ns:watcherinfo';

/** RFC 3323 4.1.1.3: a watcher whose name is not known. */
const anonymousUri = 'sip:anonymous@anonymous.invalid';

/** Some 40 kB, which a datagram can still carry. */
const mostWatchers = 300;

/**
 * RFC 3858 3, always a full document: who is not in it any more has left. Each subscription is a watcher of its own; of more
 * than 300 the youngest are told.
 */
export function renderWatchers(about: string, request: RenderRequest): Rendered {
  const xml = new XmlWriter('UTF-8');
  xml.open('watcherinfo', { xmlns: namespace, version: String(request.version), state: 'full' });
  xml.open('watcher-list', { resource: request.entity, package: about });
  for (const { id, watcher, subscribedFor, expiresIn } of request.watchers.slice(-mostWatchers)) {
    const attributes = {
      id: String(id),
      status: 'active',
      event: 'subscribe', // RFC 3857 4.7.1: accepted at once, by policy
      'duration-subscribed': String(subscribedFor),
      expiration: String(expiresIn),
    };
    xml.leaf('watcher', attributes, watcher === null ? anonymousUri : accountUri(watcher));
  }
  return { bodies: [{ contentType: mediaType, content: xml.end(), covers: 'full' }], shown: [] };
}
