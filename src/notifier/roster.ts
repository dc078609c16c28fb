import type { EventPackage } from '../event-packages/event-package.ts';
import type { Aor } from '../model/aor.ts';
import type { DialogState } from '../sip/dialog.ts';
import type { Subscription } from './record.ts';
import { noParams } from './terms.ts';

/** What makes a subscription the same after a phone has restarted with a new Call-ID. */
export type Identity = Pick<Subscription, 'aor' | 'pkg' | 'eventId' | 'watcher' | 'device' | 'kind'>;

type Counted = Pick<Subscription, 'watcher' | 'address' | 'counted'>;

const nobody: readonly Subscription[] = [];

/** What tells subscriptions of one phone apart beside package and id; null: nothing does. */
export function kindOf(pkg: EventPackage, params: Readonly<Record<string, string>> = noParams): string | null {
  return pkg.distinguishedBy === undefined ? null : (params[pkg.distinguishedBy] ?? '');
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

/** The living subscriptions: by resource and phone, and counted by user and address. Maps only; nothing is queried. */
export class Roster {
  readonly #moved: (sub: Subscription, here: boolean) => void;
  /** By resource, then by device: one or, rarely, several. A second index by identity would be 150 B of a subscription. */
  readonly #byAor = new Map<Aor, Map<string, Subscription | readonly Subscription[]>>();
  readonly #users = new Map<string, number>();
  readonly #addresses = new Map<string, number>();

  /** @param moved hears of each subscription that was added (`here`) or removed. */
  constructor(moved: (sub: Subscription, here: boolean) => void = () => undefined) {
    this.#moved = moved;
  }

  add(sub: Subscription): void {
    const devices = this.#byAor.get(sub.aor);
    if (devices === undefined) this.#byAor.set(sub.aor, new Map([[sub.device, sub]]));
    else {
      const there = devices.get(sub.device);
      devices.set(sub.device, there === undefined ? sub : [...listOf(there), sub]);
    }
    this.#moved(sub, true);
  }

  /** False: it was not there any more. */
  remove(sub: Subscription): boolean {
    const devices = this.#byAor.get(sub.aor);
    const there = listOf(devices?.get(sub.device));
    if (devices === undefined || !there.includes(sub)) return false;
    const others = there.filter((other) => other !== sub);
    const [first, second] = others;
    if (first !== undefined) devices.set(sub.device, second === undefined ? first : others);
    else if (devices.size > 1) devices.delete(sub.device);
    else this.#byAor.delete(sub.aor);
    this.#moved(sub, false);
    return true;
  }

  /** The subscriptions with this identity, oldest first. */
  twins(identity: Identity): readonly Subscription[] {
    const there = this.#byAor.get(identity.aor)?.get(identity.device);
    return there === undefined ? nobody : listOf(there).filter((sub) => isTwin(sub, identity));
  }

  /** For an admin's rare word about one: looks through them all, so that none is kept in one index more. */
  byId(id: number): Subscription | null {
    for (const sub of this.all()) if (sub.id === id) return sub;
    return null;
  }

  /** As it is now, in no order. */
  watching(aor: Aor): readonly Subscription[] {
    const devices = this.#byAor.get(aor);
    return devices === undefined ? nobody : listed(devices);
  }

  count(aor: Aor): number {
    let count = 0;
    for (const subs of this.#byAor.get(aor)?.values() ?? []) count += listOf(subs).length;
    return count;
  }

  /** The resources that somebody subscribes to. */
  aors(): Iterable<Aor> {
    return this.#byAor.keys();
  }

  /** In no order. */
  *all(): Iterable<Subscription> {
    for (const devices of this.#byAor.values()) yield* listed(devices);
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

function listOf(subs: Subscription | readonly Subscription[] = nobody): readonly Subscription[] {
  return 'id' in subs ? [subs] : subs;
}

/** A list, no generator: that would make an object for each of a thousand watchers. */
function listed(devices: ReadonlyMap<string, Subscription | readonly Subscription[]>): readonly Subscription[] {
  const all: Subscription[] = [];
  for (const subs of devices.values()) {
    if ('id' in subs) all.push(subs);
    else for (const sub of subs) all.push(sub);
  }
  return all;
}

function isTwin(sub: Subscription, { pkg, eventId, watcher, kind }: Identity): boolean {
  return sub.pkg === pkg && sub.watcher === watcher && sub.eventId === eventId && sub.kind === kind;
}

function step(counts: Map<string, number>, key: string, by: number): void {
  const next = (counts.get(key) ?? 0) + by;
  if (next <= 0) counts.delete(key);
  else counts.set(key, next);
}
