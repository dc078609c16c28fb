import type { EventPackage } from '../event-packages/event-package.ts';
import type { Aor } from '../model/aor.ts';
import type { PhoneProfile } from '../model/profile.ts';
import type { Change } from '../model/views.ts';
import type { Lifecycle } from './lifecycle.ts';
import { listTermsOf } from './list-terms.ts';
import type { ListWatches } from './list-watches.ts';
import { isNews } from './news.ts';
import type { Outbox } from './outbox.ts';
import type { ListReader } from './ports.ts';
import type { Subscription } from './record.ts';
import type { Roster } from './roster.ts';
import { changed } from './subscription.ts';
import type { Watchers } from './watchers.ts';

export interface DebtDeps {
  readonly roster: Roster;
  readonly lists: ListWatches;
  readonly watchers: Watchers;
  readonly outbox: Outbox;
  readonly lives: Lifecycle;
  readonly profileFor: (userAgent: string | null) => PhoneProfile;
}

/** Which subscriptions owe their phones a word when something is different, and about what. */
export class Debts {
  readonly #deps: DebtDeps;
  /** Every PBX has told which groups it has: nobody asks too early any more. */
  #listsComplete = false;

  constructor(deps: DebtDeps) {
    this.#deps = deps;
  }

  /** Of the truth. */
  changed(change: Change): void {
    const { roster, outbox, lists } = this.#deps;
    // Scopes are made of the aspects of these: a change of anything else is about the whole document.
    const aspects = change.topic === 'features' || change.topic === 'agent' ? change.aspects : [];
    let pkg: EventPackage | null = null;
    let isOfUse = false;
    for (const sub of roster.watching(change.aor)) {
      // most of them are to one package
      if (sub.pkg !== pkg) {
        pkg = sub.pkg;
        isOfUse = isNews(change, pkg);
      }
      if (!isOfUse || listTermsOf(sub) !== null) continue;
      // A hook's wish; lamps are told all the same, or they would lie.
      if (change.quiet === true && sub.pkg.watchers === 'owner') continue;
      sub.debt = changed(sub.debt, aspects);
      outbox.wake(sub.channel);
    }
    if (lists.size > 0) this.#tellLists(change);
  }

  /** Everything, where that is not on its way already: restored ones that wait for their turn are told it anyway. */
  tellAll(sub: Subscription): void {
    if (!this.#deps.lives.untold.has(sub)) this.#owe(sub, []);
  }

  /** A PBX has told its picture: who is in a list may be somebody else now. */
  listsRead(reader: ListReader): void {
    const { lists, watchers, lives, roster } = this.#deps;
    const { changed: moved, gone } = lists.renew();
    for (const { sub, came, left } of moved) {
      watchers.moved(sub, true, came);
      watchers.moved(sub, false, left);
      this.tellAll(sub); // RFC 4662 5.2: only full state takes a member out
    }
    // They ask again, and hear what is there now.
    for (const sub of gone) void lives.terminate(sub, 'deactivated', 'gone');
    if (this.#listsComplete) return;
    this.#listsComplete = reader.complete;
    for (const aor of [...roster.aors()]) {
      if (reader.find(aor) === null) continue;
      for (const sub of roster.watching(aor)) {
        // Who subscribed to a group of a PBX before that had told of it was taken for the watcher of an extension.
        const isEarly = sub.pkg.eventlist === true && listTermsOf(sub) === null;
        if (isEarly) void lives.terminate(sub, 'deactivated', 'gone');
      }
    }
  }

  /** `change` makes documents read otherwise: those of the `affected` are compared, and told where they do. */
  restyle(affected: (sub: Subscription, seen: readonly Aor[]) => boolean, change: () => void): void {
    const { roster, outbox, profileFor } = this.#deps;
    const before = new Map<Subscription, string>();
    for (const sub of roster.all()) {
      const seen = this.#seenBy(sub);
      if (affected(sub, seen)) before.set(sub, outbox.imprint(sub, seen));
    }
    change();
    for (const sub of roster.all()) {
      sub.profile = profileFor(sub.userAgent);
      const was = before.get(sub);
      if (was !== undefined && was !== outbox.imprint(sub, this.#seenBy(sub))) this.tellAll(sub);
    }
  }

  /** Everybody who is told of this resource, by itself or in a list. */
  *watching(aor: Aor): Iterable<Subscription> {
    const { roster, lists } = this.#deps;
    for (const sub of roster.watching(aor)) if (listTermsOf(sub) === null) yield sub;
    yield* lists.watching(aor);
  }

  /** RFC 4662 4.5: the subscriptions to lists owe the member that changed, and only that. */
  #tellLists(change: Change): void {
    const { lists, lives } = this.#deps;
    const { topic, aor, aspects } = change;
    // The list itself has its name, and says whether there is such a member at all.
    const isListed = topic === 'extension' && (aspects.includes('known') || aspects.includes('displayName'));
    for (const sub of lists.watching(aor)) {
      // After a restart the whole list comes first.
      if ((isListed || isNews(change, sub.pkg)) && !lives.untold.has(sub)) this.#owe(sub, [aor]);
    }
  }

  #owe(sub: Subscription, aspects: readonly string[]): void {
    sub.debt = changed(sub.debt, aspects);
    this.#deps.outbox.wake(sub.channel);
  }

  /** The resources that a subscription tells of. */
  #seenBy(sub: Subscription): readonly Aor[] {
    return listTermsOf(sub) === null ? [sub.aor] : this.#deps.lists.seenBy(sub);
  }
}
