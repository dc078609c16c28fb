import type { Aor } from '../model/aor.ts';
import type { Subscription } from './record.ts';

/** What makes a subscription the same after a phone has restarted with a new Call-ID. */
export type Identity = Pick<Subscription, 'aor' | 'pkg' | 'eventId' | 'watcher' | 'device'>;

/** The living subscriptions: by resource, by id, and counted by user and address. Maps only; nothing is queried. */
export class Roster {
  readonly #byAor = new Map<Aor, Map<string, Subscription>>();
  readonly #byId = new Map<number, Subscription>();
  readonly #users = new Map<string, number>();
  readonly #addresses = new Map<string, number>();

  /** Answers the one it replaces, which is then out of the index by resource. */
  add(sub: Subscription): Subscription | null {
    const key = keyOf(sub);
    const watching = this.#byAor.get(sub.aor) ?? new Map<string, Subscription>();
    const before = watching.get(key) ?? null;
    watching.set(key, sub);
    this.#byAor.set(sub.aor, watching);
    this.#byId.set(sub.id, sub);
    return before;
  }

  /** False: it was not there any more. */
  remove(sub: Subscription): boolean {
    if (!this.#byId.delete(sub.id)) return false;
    const key = keyOf(sub);
    const watching = this.#byAor.get(sub.aor);
    if (watching?.get(key) === sub) watching.delete(key);
    if (watching?.size === 0) this.#byAor.delete(sub.aor);
    return true;
  }

  /** The subscription that one with this identity would replace. */
  twin(identity: Identity): Subscription | null {
    return this.#byAor.get(identity.aor)?.get(keyOf(identity)) ?? null;
  }

  byId(id: number): Subscription | null {
    return this.#byId.get(id) ?? null;
  }

  watching(aor: Aor): Iterable<Subscription> {
    return this.#byAor.get(aor)?.values() ?? [];
  }

  count(aor: Aor): number {
    return this.#byAor.get(aor)?.size ?? 0;
  }

  all(): Iterable<Subscription> {
    return this.#byId.values();
  }

  /** Counts one more, from before its birth is stored, so that a burst cannot slip past the limits. */
  take(watcher: Aor | null, address: string): void {
    if (watcher !== null) step(this.#users, watcher, 1);
    step(this.#addresses, address, 1);
  }

  giveBack(watcher: Aor | null, address: string): void {
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

/** Within one resource. The parts cannot hold a line break, the grammar forbids it. */
function keyOf({ pkg, eventId, watcher, device }: Identity): string {
  return `${pkg.event}${eventId === null ? '' : `;id=${eventId}`}\n${watcher ?? ''}\n${device}`;
}

function step(counts: Map<string, number>, key: string, by: number): void {
  const next = (counts.get(key) ?? 0) + by;
  if (next <= 0) counts.delete(key);
  else counts.set(key, next);
}
