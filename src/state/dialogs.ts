import type { Aor } from '../model/aor.ts';
import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { Leg } from '../model/pbx-event.ts';
import type { DialogView } from '../model/views.ts';
import { Call, isLive, type LiveLeg, sameDialogs } from './call.ts';
import type { ChangeSet } from './change-set.ts';
import type { HubStore } from './hub-store.ts';
import { Tombstones } from './tombstones.ts';

/** Calls of one resource at most; a PBX that reports more has lost its mind, or is attacked. */
const maxDialogs = 100;
const none: readonly DialogView[] = [];

export interface DialogsTools {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly store: Pick<HubStore, 'putLegs'>;
  readonly secret: Buffer;
}

/** Legs in, logical calls out. A set of branches, never a sum of weights: the order of events cannot spoil it. */
export class Dialogs {
  readonly #tools: DialogsTools;
  readonly #tombstones: Tombstones;
  readonly #calls = new Map<Aor, Call[]>();
  readonly #views = new Map<Aor, readonly DialogView[]>();
  readonly #full = new Set<Aor>();

  constructor(tools: DialogsTools) {
    this.#tools = tools;
    this.#tombstones = new Tombstones(tools.clock);
  }

  /** Oldest first. */
  of(aor: Aor): readonly DialogView[] {
    return this.#views.get(aor) ?? none;
  }

  /** The resources with live legs of this source. */
  heldBy(source: string): readonly Aor[] {
    return [...this.#calls].filter(([, calls]) => calls.some((call) => call.source === source)).map(([aor]) => aor);
  }

  /** The PBX is not there any more; when it is again, its calls are as good as any. */
  unbury(source: string): void {
    this.#tombstones.forget(source);
  }

  /** Resources with calls. */
  aors(): Iterable<Aor> {
    return this.#calls.keys();
  }

  /** Takes the stored legs back; they stand until the PBX tells. */
  load(source: string, aor: Aor, legs: readonly Leg[]): void {
    const calls = this.#calls.get(aor) ?? [];
    for (const leg of legs) {
      const call = calls.find((one) => one.takes(source, leg));
      if (call === undefined) calls.push(new Call(source, aor, leg, this.#tools.secret));
      else if (isLive(leg)) call.put(leg);
    }
    this.#keep(aor, calls);
  }

  /** Takes the complete list of a resource's legs at one source. */
  set(source: string, aor: Aor, legs: readonly Leg[], changes: ChangeSet): void {
    const before = this.of(aor);
    const calls = this.#calls.get(aor) ?? [];
    const told = this.#living(source, aor, legs);
    const renewed = this.#renew(source, aor, calls, told);
    // Ended calls go before new legs come: a call that rings again after its end is a new dialog, never the old id.
    const living = calls.filter((call) => !call.ended);
    const added = this.#add(source, aor, living, told);
    if (!renewed && !added) return;
    this.#keep(aor, living);
    this.#save(source, aor);
    if (!sameDialogs(before, this.of(aor))) changes.add('dialogs', aor);
  }

  /** The legs that may live, by id; whatever ended is buried. */
  #living(source: string, aor: Aor, legs: readonly Leg[]): Map<string, LiveLeg> {
    const told = new Map<string, LiveLeg>();
    for (const leg of legs) {
      if (!isLive(leg)) this.#tombstones.bury(source, aor, leg.id);
      else if (!this.#tombstones.holds(source, aor, leg.id)) told.set(leg.id, leg);
    }
    for (const leg of legs) if (!isLive(leg)) told.delete(leg.id);
    return told;
  }

  /** A leg stays with its call for life, even where a transfer gave it another call key. Takes what it used from `told`. */
  #renew(source: string, aor: Aor, calls: readonly Call[], told: Map<string, LiveLeg>): boolean {
    let changed = false;
    for (const call of calls) {
      if (call.source !== source) continue;
      for (const id of [...call.branches.keys()]) {
        const leg = told.get(id);
        told.delete(id);
        if (leg !== undefined) {
          changed = call.put(leg) || changed;
          continue;
        }
        call.end(id);
        this.#tombstones.bury(source, aor, id);
        changed = true;
      }
    }
    return changed;
  }

  #add(source: string, aor: Aor, calls: Call[], told: ReadonlyMap<string, LiveLeg>): boolean {
    let changed = false;
    for (const leg of told.values()) {
      const call = calls.find((one) => one.takes(source, leg));
      if (call !== undefined) {
        changed = call.put(leg) || changed;
      } else if (calls.length < maxDialogs) {
        calls.push(new Call(source, aor, leg, this.#tools.secret));
        changed = true;
      } else {
        this.#complain(source, aor);
      }
    }
    return changed;
  }

  #keep(aor: Aor, calls: readonly Call[]): void {
    const living = calls.filter((call) => !call.ended);
    if (living.length < maxDialogs) this.#full.delete(aor);
    if (living.length === 0) {
      this.#calls.delete(aor);
      this.#views.delete(aor);
      return;
    }
    this.#calls.set(aor, living);
    const views = living.map((call) => call.view());
    this.#views.set(
      aor,
      views.sort((a, b) => a.since - b.since || (a.id < b.id ? -1 : 1)),
    );
  }

  #save(source: string, aor: Aor): void {
    const calls = (this.#calls.get(aor) ?? []).filter((call) => call.source === source);
    try {
      this.#tools.store.putLegs(
        source,
        aor,
        calls.flatMap((call) => call.stored()),
      );
    } catch (error) {
      this.#tools.logger.error({ err: error, aor }, 'legs not stored; lamps go on from memory');
    }
  }

  #complain(source: string, aor: Aor): void {
    if (this.#full.has(aor)) return;
    this.#full.add(aor);
    this.#tools.logger.warn(
      { source, aor, maxDialogs },
      'too many calls of one extension; the further ones are not shown',
    );
  }
}
