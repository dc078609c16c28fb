import { type Aor, aorOf, domainOf, userOf } from '../model/aor.ts';
import type { Logger } from '../model/logger.ts';
import {
  deepestList,
  type ListDefinition,
  type ListMember,
  mostMembers,
  type ResourceList,
} from '../model/resource-list.ts';

/** Who is there, as the hub knows. */
export interface ListTruths {
  list(): readonly Aor[];
  /** Every PBX has told its picture. */
  readonly synced: boolean;
  /** Some PBX has this extension or lamp. */
  isKnown(aor: Aor): boolean;
  /** Members of a group of a PBX; empty: there is none. */
  groupMembers(group: Aor): readonly Aor[];
  /** After each picture of a PBX; nothing else moves members. Answers how to stop. */
  onPicture(listener: () => void): () => void;
}

export interface ListTools {
  readonly truths: ListTruths;
  readonly logger: Logger;
  /** The configured lists, whose names are unique within a domain. */
  readonly lists: readonly ListDefinition[];
  /** The configured groups: an extension with the name of one is an extension. */
  readonly groups: readonly ListDefinition[];
}

/**
 * Which lists there are, and who is in them now: those of the configuration, then its groups, then those of the PBXs. A list
 * is looked up when somebody asks for it, kept, and looked up again whenever a PBX has told its picture.
 */
export class Lists {
  readonly #tools: ListTools;
  #lists: ReadonlyMap<Aor, ListDefinition>;
  #groups: ReadonlyMap<Aor, ListDefinition>;
  readonly #kept = new Map<Aor, ResourceList>();
  readonly #onChange = new Set<() => void>();
  /** Lists that were cut, said once. */
  readonly #cut = new Set<Aor>();

  constructor(tools: ListTools) {
    this.#tools = tools;
    this.#lists = byName(tools.lists);
    this.#groups = byName(tools.groups);
    tools.truths.onPicture(() => this.#look());
  }

  /** Others are configured now. Who subscribes to one that is different is told as after a picture of a PBX. */
  exchange({ lists, groups }: Pick<ListTools, 'lists' | 'groups'>): void {
    this.#lists = byName(lists);
    this.#groups = byName(groups);
    this.#cut.clear();
    this.#look();
  }

  /** null: there is no such list. The same object as long as nobody comes or goes. */
  find(aor: Aor): ResourceList | null {
    const kept = this.#kept.get(aor);
    if (kept !== undefined) return kept;
    if (!this.#isList(aor)) return null; // asked of each resource that somebody subscribes to
    const found = this.#resolve(aor);
    this.#kept.set(aor, found);
    return found;
  }

  /** Every PBX has told which groups it has. */
  get complete(): boolean {
    return this.#tools.truths.synced;
  }

  /** Told after each picture of a PBX; answers how to stop. */
  onChange(listener: () => void): () => void {
    this.#onChange.add(listener);
    return () => this.#onChange.delete(listener);
  }

  #look(): void {
    for (const [aor, before] of [...this.#kept]) {
      const now = this.#isList(aor) ? this.#resolve(aor) : null;
      if (now === null) this.#kept.delete(aor);
      else if (!isSame(before, now)) this.#kept.set(aor, now);
    }
    for (const listener of [...this.#onChange]) listener();
  }

  #isList(aor: Aor): boolean {
    return this.#lists.has(aor) || this.#isGroup(aor);
  }

  #isGroup(aor: Aor): boolean {
    const { truths } = this.#tools;
    return (this.#groups.has(aor) || truths.groupMembers(aor).length > 0) && !truths.isKnown(aor);
  }

  #resolve(aor: Aor): ResourceList {
    const members = new Map<Aor, ListMember>();
    this.#collect(aor, members, new Set());
    if (members.size > mostMembers && !this.#cut.has(aor)) {
      this.#cut.add(aor);
      this.#tools.logger.warn({ list: aor, members: members.size, most: mostMembers }, 'a list is too long and is cut');
    }
    return { names: this.#lists.get(aor)?.names ?? [], members: [...members.values()].slice(0, mostMembers) };
  }

  /** False: there is no such list. `within`: those it stands in; one that contains itself is in it once. */
  #collect(aor: Aor, members: Map<Aor, ListMember>, within: ReadonlySet<Aor>): boolean {
    const list = this.#lists.get(aor);
    if (list === undefined) return this.#collectGroup(aor, members);
    if (within.has(aor) || within.size >= deepestList) return true; // the configuration has been checked for both
    const inside = new Set([...within, aor]);
    for (const name of list.members) {
      const member = aorOf(name, list.domain);
      if (!this.#collect(member, members, inside)) add(members, member);
    }
    if (list.group !== null) this.#collectGroup(aorOf(list.group, list.domain), members);
    this.#collectMatching(list, members);
    return true;
  }

  #collectGroup(aor: Aor, members: Map<Aor, ListMember>): boolean {
    if (!this.#isGroup(aor)) return false;
    for (const member of this.#tools.truths.groupMembers(aor)) add(members, member);
    const group = this.#groups.get(aor);
    if (group !== undefined) this.#collectMatching(group, members);
    return true;
  }

  #collectMatching({ domain, extensions }: ListDefinition, members: Map<Aor, ListMember>): void {
    if (extensions === null) return;
    for (const aor of this.#tools.truths.list()) {
      if (domainOf(aor) === domain && extensions.test(userOf(aor))) add(members, aor);
    }
  }
}

function byName(definitions: readonly ListDefinition[]): ReadonlyMap<Aor, ListDefinition> {
  return new Map(definitions.map((definition) => [aorOf(definition.name, definition.domain), definition]));
}

function add(members: Map<Aor, ListMember>, aor: Aor): void {
  if (!members.has(aor)) members.set(aor, { aor, uri: null, names: [] });
}

function isSame(a: ResourceList, b: ResourceList): boolean {
  const hasSameNames = JSON.stringify(a.names) === JSON.stringify(b.names);
  return (
    hasSameNames &&
    a.members.length === b.members.length &&
    a.members.every(({ aor }, at) => aor === b.members[at]?.aor)
  );
}
