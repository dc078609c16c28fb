import type { Aor } from '../model/aor.ts';
import type { ResourceList } from '../model/resource-list.ts';
import { mayWatch } from './authorize.ts';
import { type ListTerms, listTermsOf } from './list-terms.ts';
import type { ListReader } from './ports.ts';
import type { Subscription } from './record.ts';

/** Who is in the list of a living subscription. */
interface Held {
  /** null: there is no such list, or not yet. */
  readonly list: ResourceList | null;
  /** Those of them that its watcher may see. */
  readonly seen: readonly Aor[];
}

/** A subscription whose list has others in it now. */
interface Renewed {
  readonly sub: Subscription;
  /** Members that its watcher did not see before, and that he sees no more. */
  readonly came: readonly Aor[];
  readonly left: readonly Aor[];
}

const nobody: readonly Subscription[] = [];
const nothingHeld: Held = { list: null, seen: [] };

/**
 * The living subscriptions to lists, by the members they see: who has to be told when one of them changes. Subscriptions to
 * single resources are not in it, and cost nothing.
 */
export class ListWatches {
  readonly #reader: ListReader | null;
  readonly #held = new Map<Subscription, Held>();
  readonly #byMember = new Map<Aor, Set<Subscription>>();
  readonly #ofUser = new Map<Aor, number>();

  /** @param reader null: there are no lists but those of phones. */
  constructor(reader: ListReader | null) {
    this.#reader = reader;
  }

  get size(): number {
    return this.#held.size;
  }

  /** A subscription came to the roster (`here`) or left it. Answers the members it sees; null: it is to no list. */
  moved(sub: Subscription, here: boolean): readonly Aor[] | null {
    const terms = listTermsOf(sub);
    if (terms === null) return null;
    this.#count(sub, here ? 1 : -1);
    if (here) return this.#hold(sub, this.#find(sub, terms)).seen;
    const { seen } = this.#held.get(sub) ?? nothingHeld;
    this.#drop(sub);
    return seen;
  }

  /** The subscriptions to lists in which this resource is seen. */
  watching(member: Aor): Iterable<Subscription> {
    return this.#byMember.get(member) ?? nobody;
  }

  /** The list of a subscription, one that is in no index included; null: there is none. */
  listOf(sub: Subscription): ResourceList | null {
    const terms = listTermsOf(sub);
    return this.#held.get(sub)?.list ?? (terms === null ? null : this.#find(sub, terms));
  }

  /** The members that a subscription to a list sees. */
  seenBy(sub: Subscription): readonly Aor[] {
    return this.#held.get(sub)?.seen ?? [];
  }

  /** Subscriptions of one user to lists. */
  ofUser(watcher: Aor): number {
    return this.#ofUser.get(watcher) ?? 0;
  }

  /**
   * Lists have been looked up anew: those subscriptions of which the members are others now, and those whose list has gone.
   * One that was not there yet is not gone.
   */
  renew(): { readonly changed: readonly Renewed[]; readonly gone: readonly Subscription[] } {
    const changed: Renewed[] = [];
    const gone: Subscription[] = [];
    for (const [sub, { list: before, seen: saw }] of [...this.#held]) {
      const terms = listTermsOf(sub);
      if (terms === null || terms.own !== null) continue;
      const now = this.#find(sub, terms);
      if (now === null && (before !== null || this.#reader?.complete === true)) gone.push(sub);
      if (now === before) continue;
      this.#drop(sub);
      const { seen } = this.#hold(sub, now);
      if (now === null) continue;
      changed.push({ sub, came: without(seen, saw), left: without(saw, seen) });
    }
    return { changed, gone };
  }

  #find({ aor }: Subscription, { own }: ListTerms): ResourceList | null {
    return own ?? this.#reader?.find(aor) ?? null;
  }

  #hold(sub: Subscription, list: ResourceList | null): Held {
    const seen = (list?.members ?? []).flatMap(({ aor }) => (aor !== null && maySee(sub, aor) ? aor : []));
    const held = { list, seen };
    this.#held.set(sub, held);
    for (const aor of seen) {
      const there = this.#byMember.get(aor);
      if (there === undefined) this.#byMember.set(aor, new Set([sub]));
      else there.add(sub);
    }
    return held;
  }

  #drop(sub: Subscription): void {
    for (const aor of this.#held.get(sub)?.seen ?? []) {
      const there = this.#byMember.get(aor);
      there?.delete(sub);
      if (there?.size === 0) this.#byMember.delete(aor);
    }
    this.#held.delete(sub);
  }

  #count({ watcher, counted }: Subscription, step: 1 | -1): void {
    if (watcher === null || !counted) return;
    const count = this.ofUser(watcher) + step;
    if (count > 0) this.#ofUser.set(watcher, count);
    else this.#ofUser.delete(watcher);
  }
}

function without(all: readonly Aor[], others: readonly Aor[]): readonly Aor[] {
  const there = new Set(others);
  return all.filter((aor) => !there.has(aor));
}

/** RFC 4662 7.2: each member is judged for this watcher, as if he had subscribed to it alone. */
export function maySee({ watcher, pkg }: Subscription, member: Aor): boolean {
  return mayWatch({ aor: watcher, how: 'trusted' }, member, pkg.watchers); // without a name only a trusted one came in
}
