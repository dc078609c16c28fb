import { type Aor, domainOf, userOf } from '../model/aor.ts';
import { reachable } from '../model/reachable.ts';
import type { ResourceView } from '../model/views.ts';
import type { HubReader } from './deps.ts';

/** Extensions of one domain that are counted together. */
export interface Group {
  readonly name: string;
  readonly domain: string;
  /** Of the whole number. */
  readonly extensions: RegExp;
}

function isMember(group: Group, aor: Aor): boolean {
  return domainOf(aor) === group.domain && group.extensions.test(userOf(aor));
}

/** The extensions of a group, in the order of all. */
export function membersOf(group: Group, hub: Pick<HubReader, 'list'>): readonly ResourceView[] {
  return hub.list().filter((view) => view.known && isMember(group, view.aor));
}

/** What the API says of a group: its extensions, and how many of their phones can take a call now. */
export function groupShape(group: Group, hub: Pick<HubReader, 'list'>): object {
  const members = membersOf(group, hub);
  const { name, domain } = group;
  const sum = members.reduce((total, view) => total + reachable(view), 0);
  return { name, domain, extensions: members.length, reachable: sum };
}

/** Counts along with the changes, so that nobody has to look at all extensions for each; answers how to stop. */
export function followGroups(groups: readonly Group[], hub: HubReader, tell: (group: Group) => void): () => void {
  if (groups.length === 0) return () => undefined;
  const counts = new Map(hub.list().map((view) => [view.aor, reachable(view)]));
  return hub.onChange(({ aor }) => {
    const view = hub.view(aor);
    const now = view?.known ? reachable(view) : 0;
    if (now === (counts.get(aor) ?? 0)) return;
    if (now === 0) counts.delete(aor);
    else counts.set(aor, now);
    for (const group of groups) if (isMember(group, aor)) tell(group);
  });
}
