import type { Aor } from '../../model/aor.ts';
import { XmlWriter } from '../../xml/write.ts';
import { accountUri } from '../account-uri.ts';
import type { LeftWatcher, Rendered, RenderRequest } from '../event-package.ts';

export const mediaType = 'application/watcherinfo+xml';
export const namespace = 'urn:ietf:params:xml:ns:watcherinfo';

/** RFC 3323 4.1.1.3: a watcher whose name is not known. */
const anonymousUri = 'sip:anonymous@anonymous.invalid';

/** Some 40 kB, which a datagram can still carry. */
const mostWatchers = 300;

/**
 * RFC 3858 3, always a full document. Each subscription is a watcher of its own; of more than 300 the youngest are told. Who
 * was told as active and has left is terminated in the next document, with what ended it, and in none after that.
 */
export function renderWatchers(about: string, request: RenderRequest): Rendered {
  const xml = new XmlWriter('UTF-8');
  xml.open('watcherinfo', { xmlns: namespace, version: String(request.version), state: 'full' });
  xml.open('watcher-list', { resource: request.entity, package: about });
  const active = request.watchers.slice(-mostWatchers);
  for (const { id, watcher, subscribedFor, event } of leftOf(request)) {
    const attributes = { id: String(id), status: 'terminated', event, 'duration-subscribed': String(subscribedFor) };
    xml.leaf('watcher', attributes, uriOf(watcher));
  }
  for (const { id, watcher, subscribedFor, expiresIn } of active) {
    const attributes = {
      id: String(id),
      status: 'active',
      event: 'subscribe', // RFC 3857 4.7.1: accepted at once, by policy
      'duration-subscribed': String(subscribedFor),
      expiration: String(expiresIn),
    };
    xml.leaf('watcher', attributes, uriOf(watcher));
  }
  const shown = active.map(({ id }) => String(id));
  return { bodies: [{ contentType: mediaType, content: xml.end(), covers: 'full' }], shown };
}

function leftOf({ left = [], shown, watchers }: RenderRequest): readonly LeftWatcher[] {
  if (left.length === 0) return left;
  return left.filter(({ id }) => shown.includes(String(id)) && !watchers.some((other) => other.id === id));
}

function uriOf(watcher: Aor | null): string {
  return watcher === null ? anonymousUri : accountUri(watcher);
}
