import type { EventPackage } from '../event-packages/event-package.ts';
import type { Change } from '../model/views.ts';

/**
 * Whether a change alters what the package tells of that resource. The last truth stands while a PBX is away, so `stale` is
 * not told to phones.
 */
export function isNews(change: Change, pkg: EventPackage): boolean {
  if (!pkg.reads.includes(change.topic)) return false;
  if (change.topic === 'extension' && change.aspects.length === 1 && change.aspects[0] === 'stale') return false;
  return pkg.concerns?.(change) ?? true;
}
