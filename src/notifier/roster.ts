import type { Aor } from '../model/aor.ts';
import type { DialogState } from '../sip/dialog.ts';
import type { Subscription } from './record.ts';

type Identity = Pick<Subscription, 'aor' | 'pkg' | 'eventId' | 'watcher' | 'device'>;

type Counted = Pick<Subscription, 'watcher' | 'address' | 'counted'>;

const nobody: readonly Subscription[] = [];

/**
 * What makes a subscription the same after a phone has restarted with a new Call-ID, as one text. The parts cannot hold a
 * line break, the grammar forbids it.
 */
export function identityOf(
  { aor, pkg, eventId, watcher, device }: Identity,
  params?: Readonly<Record<string, string>>,
): string {
  let event = eventId === null ? pkg.event : `${pkg.event};id=${eventId}`;
  if (pkg.distinguishedBy !== undefined) event += `;${params?.[pkg.distinguishedBy] ?? ''}`;
  return [aor, event, watcher ?? '', device].join('\n'); // flat; a template would stay the tree of its parts, 230 B
}

/** A subscription from the same place, younger than this, may be the same phone's other key: milliseconds. */
const youngMs = 10_000;

/**
 * True where a new subscription with this identity, from `flow`, takes this one's place. A phone that restarts has
 * forgotten its old dialogs; but two lamp keys for one extension, or two phones behind one Contact, subscribe from one
 * place in the same seconds, and both must go on. Feature keys belong to the phone as a whole: there the last one counts.
 */
export function isReplaceable(sub: Subscription, flow: DialogState['flow'], now: number): boolean {
  const before = sub.channel.dialog.flow.remote;
  const moved = before.address !== flow.remote.address || before.port !== flow.remote.port;
  return sub.pkg.watchers === 'owner' || moved || now - sub.createdAt >= youngMs;
}

/** The living subscriptions: by resource, by identity, and counted by user and address. Maps only; nothing is queried. */
export class Roster {
  readonly #moved: (sub: Subscription, here: boolean) => void;
  readonly #byAor = new Map<Aor, Set<Subscription>>();
  /** One or, rarely, several: a Set for each would be 200 B of a subscription. */
  readonly #byIdentity = new Map<string, Subscription | readonly Subscription[]>();
  readonly #users = new Map<string, number>();
  readonly #addresses = new Map<string, number>();

  /** @param moved hears of each subscription that was added (`here`) or removed. */
  constructor(moved: (sub: Subscription, here: boolean) => void = () => undefined) {
    this.#moved = moved;
  }

  add(sub: Subscription): void {
    put(this.#byAor, sub.aor, sub);
    const twins = this.#byIdentity.get(sub.identity);
    this.#byIdentity.set(sub.identity, twins === undefined ? sub : [...listOf(twins), sub]);
    this.#moved(sub, true);
  }

  /** False: it was not there any more. */
  remove(sub: Subscription): boolean {
    if (!drop(this.#byAor, sub.aor, sub)) return false;
    const others = this.twins(sub.identity).filter((twin) => twin !== sub);
    const [first, second] = others;
    if (first === undefined) this.#byIdentity.delete(sub.identity);
    else this.#byIdentity.set(sub.identity, second === undefined ? first : others);
    this.#moved(sub, false);
    return true;
  }

  /** The subscriptions with this identity, oldest first. */
  twins(identity: string): readonly Subscription[] {
    const twins = this.#byIdentity.get(identity);
    return twins === undefined ? nobody : listOf(twins);
  }

  /** For an admin's rare word about one: looks through them all, so that none is kept in one index more. */
  byId(id: number): Subscription | null {
    for (const sub of this.all()) if (sub.id === id) return sub;
    return null;
  }

  watching(aor: Aor): Iterable<Subscription> {
    return this.#byAor.get(aor) ?? [];
  }

  count(aor: Aor): number {
    return this.#byAor.get(aor)?.size ?? 0;
  }

  /** In no order. */
  *all(): Iterable<Subscription> {
    for (const subs of this.#byAor.values()) yield* subs;
  }

  /** Counts one more, from before its birth is stored, so that a burst cannot slip past the limits. */
  take({ watcher, address, counted }: Counted): void {
    if (!counted) return;
    if (watcher !== null) step(this.#users, watcher, 1);
    step(this.#addresses, address, 1);
  }

  giveBack({ watcher, address, counted }: Counted): void {
    if (!counted) return;
    if (watcher !== null) step(this.#users, watcher, -1);
    step(this.#addresses, address, -1);
  }

  ofUser(watcher: Aor): number {
    return this.#users.get(watcher) ?? 0;
  }

  ofAddress(address: string): number {
    return this.#addresses.get(address) ?? 0;
  }
}

function listOf(twins: Subscription | readonly Subscription[]): readonly Subscription[] {
  return 'id' in twins ? [twins] : twins;
}

function put<K>(index: Map<K, Set<Subscription>>, key: K, sub: Subscription): void {
  const there = index.get(key);
  if (there === undefined) index.set(key, new Set([sub]));
  else there.add(sub);
}

/** False: it was not there. */
function drop<K>(index: Map<K, Set<Subscription>>, key: K, sub: Subscription): boolean {
  const there = index.get(key);
  if (there?.delete(sub) !== true) return false;
  if (there.size === 0) index.delete(key);
  return true;
}

function step(counts: Map<string, number>, key: string, by: number): void {
  const next = (counts.get(key) ?? 0) + by;
  if (next <= 0) counts.delete(key);
  else counts.set(key, next);
}
