import type { EventPackage } from '../event-packages/event-package.ts';
import { type Aor, areNeighbours } from '../model/aor.ts';
import type { Watcher } from '../sip/front.ts';

/** May this party watch this resource by this package? Callers answer 403 where not (RFC 6665 4.2.1.3). */
export function mayWatch(watcher: Watcher, resource: Aor, watchers: EventPackage['watchers']): boolean {
  if (watchers === 'owner') return watcher.aor === resource;
  // A trusted neighbour without a usable From (tel:, anonymous) is nobody, but of our own network.
  if (watcher.aor === null) return watcher.how === 'trusted';
  return areNeighbours(watcher.aor, resource);
}
