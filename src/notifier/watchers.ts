import type { WatcherEntry } from '../event-packages/event-package.ts';
import type { Aor } from '../model/aor.ts';
import type { Clock } from '../model/clock.ts';
import type { Subscription } from './record.ts';
import type { Roster } from './roster.ts';

const none: readonly WatcherEntry[] = [];

/** Who watches whom, for packages that are about subscriptions (RFC 3857). Costs nothing where nobody asks. */
export class Watchers {
  readonly #clock: Clock;
  readonly #roster: Pick<Roster, 'watching'>;
  readonly #tell: (sub: Subscription) => void;
  /** Resource to the living subscriptions to its watchers. */
  readonly #curious = new Map<Aor, Set<Subscription>>();

  /** @param tell puts one of the curious in debt. */
  constructor(clock: Clock, roster: Pick<Roster, 'watching'>, tell: (sub: Subscription) => void) {
    this.#clock = clock;
    this.#roster = roster;
    this.#tell = tell;
  }

  /** A subscription came to the roster (`here`), or left it. */
  moved(sub: Subscription, here: boolean): void {
    if (sub.pkg.about !== undefined) this.#note(sub, here);
    if (this.#curious.size === 0) return;
    for (const curious of this.#curious.get(sub.aor) ?? []) {
      if (curious.pkg.about === sub.pkg.event) this.#tell(curious);
    }
  }

  /** The subscriptions that this one's document is about, oldest first. */
  for({ aor, pkg }: Subscription): readonly WatcherEntry[] {
    if (pkg.about === undefined) return none;
    const now = this.#clock.now();
    const entries: WatcherEntry[] = [];
    for (const { id, pkg: watched, watcher, createdAt, expiresAt } of this.#roster.watching(aor)) {
      if (watched.event !== pkg.about) continue;
      const subscribedFor = Math.max(Math.floor((now - createdAt) / 1000), 0);
      entries.push({ id, watcher, subscribedFor, expiresIn: Math.max(Math.ceil((expiresAt - now) / 1000), 0) });
    }
    return entries;
  }

  #note(sub: Subscription, here: boolean): void {
    const curious = this.#curious.get(sub.aor) ?? new Set();
    if (here) curious.add(sub);
    else curious.delete(sub);
    if (curious.size > 0) this.#curious.set(sub.aor, curious);
    else this.#curious.delete(sub.aor);
  }
}
