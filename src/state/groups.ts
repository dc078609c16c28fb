import { type Aor, aorOf, domainOf } from '../model/aor.ts';
import type { PbxGroup } from '../model/pbx-event.ts';

const none: readonly Aor[] = [];

/** The groups of extensions that PBXs have, each in its domain; of one name at two PBXs the members are put together. */
export class Groups {
  readonly #told = new Map<string, readonly PbxGroup[]>();
  #members: ReadonlyMap<Aor, readonly Aor[]> = new Map();

  /** The whole of what one PBX has. */
  replace(source: string, groups: readonly PbxGroup[]): void {
    if (groups.length === 0 && !this.#told.has(source)) return;
    this.#told.set(source, groups);
    const members = new Map<Aor, Set<Aor>>();
    for (const group of [...this.#told.values()].flat()) {
      for (const member of group.members) {
        // A tenant's group has nobody of another one, whatever a PBX says.
        if (group.domain !== undefined && domainOf(member) !== group.domain) continue;
        const name = aorOf(group.name, domainOf(member));
        const there = members.get(name) ?? new Set();
        members.set(name, there.add(member));
      }
    }
    this.#members = new Map([...members].map(([name, of]) => [name, [...of]]));
  }

  /** `name@domain` to its members; empty: no PBX has such a group. */
  members(group: Aor): readonly Aor[] {
    return this.#members.get(group) ?? none;
  }
}
