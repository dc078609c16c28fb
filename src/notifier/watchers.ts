import type { LeftWatcher, WatcherEntry } from '../event-packages/event-package.ts';
import type { Aor } from '../model/aor.ts';
import type { Clock } from '../model/clock.ts';
import type { Subscription } from './record.ts';

const none: readonly WatcherEntry[] = [];
const nobodyLeft: readonly LeftWatcher[] = [];

/** Ended subscriptions to one resource that are remembered, and for how long: until all of the curious must have heard. */
const mostLeft = 50;
const leftMs = 600_000;

type Left = LeftWatcher & { readonly of: string; readonly at: number };

/** The words that RFC 3857 4.7.1 has for the end. */
const endings: readonly string[] = [
  'deactivated',
  'probation',
  'rejected',
  'timeout',
  'giveup',
  'noresource',
] satisfies readonly LeftWatcher['event'][];

/** Who is told of a resource. */
interface Watched {
  watching(aor: Aor): Iterable<Subscription>;
}

/** Who watches whom, for packages that are about subscriptions (RFC 3857). Costs nothing where nobody asks. */
export class Watchers {
  readonly #clock: Clock;
  readonly #watched: Watched;
  readonly #tell: (sub: Subscription) => void;
  /** Resource to the living subscriptions to its watchers. */
  readonly #curious = new Map<Aor, Set<Subscription>>();
  /** What ended, of resources whose watchers somebody watches; oldest first. */
  readonly #left = new Map<Aor, readonly Left[]>();

  /** @param tell puts one of the curious in debt. */
  constructor(clock: Clock, watched: Watched, tell: (sub: Subscription) => void) {
    this.#clock = clock;
    this.#watched = watched;
    this.#tell = tell;
  }

  /** A subscription came to the roster (`here`), or left it. `members`: of the list it is to; null: it is to `sub.aor`. */
  moved(sub: Subscription, here: boolean, members: readonly Aor[] | null): void {
    if (sub.pkg.about !== undefined) this.#note(sub, here);
    if (this.#curious.size === 0) return;
    for (const aor of members ?? [sub.aor]) {
      const concerned = [...(this.#curious.get(aor) ?? [])].filter(({ pkg }) => pkg.about === sub.pkg.event);
      if (concerned.length > 0 && !here) this.#remember(aor, sub);
      for (const curious of concerned) this.#tell(curious);
    }
  }

  /** The subscriptions that this one's document is about, oldest first. */
  for({ aor, pkg }: Subscription): readonly WatcherEntry[] {
    if (pkg.about === undefined) return none;
    const now = this.#clock.now();
    const entries: WatcherEntry[] = [];
    for (const { id, pkg: watched, watcher, createdAt, expiresAt } of this.#watched.watching(aor)) {
      if (watched.event !== pkg.about) continue;
      const subscribedFor = Math.max(Math.floor((now - createdAt) / 1000), 0);
      entries.push({ id, watcher, subscribedFor, expiresIn: Math.max(Math.ceil((expiresAt - now) / 1000), 0) });
    }
    return entries.sort((a, b) => a.id - b.id);
  }

  /** Subscriptions to the same that ended not long ago; whoever renders knows which of them were told as living. */
  leftFor({ aor, pkg }: Subscription): readonly LeftWatcher[] {
    const left = pkg.about === undefined ? undefined : this.#left.get(aor);
    return left === undefined ? nobodyLeft : left.filter(({ of }) => of === pkg.about);
  }

  #remember(aor: Aor, { id, watcher, createdAt, ending, pkg }: Subscription): void {
    const at = this.#clock.now();
    const young = (this.#left.get(aor) ?? []).filter((one) => at - one.at < leftMs);
    const subscribedFor = Math.max(Math.floor((at - createdAt) / 1000), 0);
    const left: Left = { id, watcher, subscribedFor, event: isEnding(ending) ? ending : 'timeout', of: pkg.event, at };
    this.#left.set(aor, [...young, left].slice(-mostLeft));
  }

  #note(sub: Subscription, here: boolean): void {
    const curious = this.#curious.get(sub.aor) ?? new Set();
    if (here) curious.add(sub);
    else curious.delete(sub);
    if (curious.size > 0) this.#curious.set(sub.aor, curious);
    else {
      this.#curious.delete(sub.aor);
      this.#left.delete(sub.aor);
    }
  }
}

/** One that vanished without a word (its phone began anew, or did not want it) has run out like any other. */
function isEnding(ending: string | null): ending is LeftWatcher['event'] {
  return ending !== null && endings.includes(ending);
}
