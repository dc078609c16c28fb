import type { Aor } from '../model/aor.ts';
import { Lane } from './lane.ts';
import { type PushRule, type Wanted, wantedFor } from './rules.ts';

/** The users whose phones are registered, with what they are told. */
export class Phones {
  #rules: readonly PushRule[];
  readonly #lanes = new Map<Aor, readonly Lane[]>();
  readonly #byResource = new Map<Aor, Set<Lane>>();

  constructor(rules: readonly PushRule[]) {
    this.#rules = rules;
  }

  /**
   * Other rules from now on. Of these users and those that are here it answers those who are told otherwise; the lanes of the
   * others go on as they are.
   */
  exchange(rules: readonly PushRule[], users: Iterable<Aor>): readonly Aor[] {
    this.#rules = rules;
    const different = [...new Set([...this.users(), ...users])].filter((phone) => {
      const told = this.lanesOf(phone).map(({ wanted }) => wanted);
      return textOf(told) !== textOf(wantedFor(rules, phone));
    });
    for (const phone of different) {
      this.remove(phone);
      this.#lanes.delete(phone); // what is on its way still is of the old rules
      this.add(phone);
    }
    return different;
  }

  /** In the order of their coming. */
  *users(): Iterable<Aor> {
    for (const [phone, lanes] of this.#lanes) if (lanes.some(({ gone }) => !gone)) yield phone;
  }

  /** Empty: he is told nothing. */
  lanesOf(phone: Aor): readonly Lane[] {
    return (this.#lanes.get(phone) ?? []).filter(({ gone }) => !gone);
  }

  all(): readonly Lane[] {
    return [...this.#lanes.values()].flat().filter(({ gone }) => !gone);
  }

  watching(resource: Aor): Iterable<Lane> {
    return this.#byResource.get(resource) ?? [];
  }

  /** Lanes whose last NOTIFY is still on its way are used on: two at once could pass each other. */
  add(phone: Aor): void {
    const lanes = this.#lanes.get(phone) ?? wantedFor(this.#rules, phone).map((wanted) => new Lane(phone, wanted));
    if (lanes.length === 0) return;
    this.#lanes.set(phone, lanes);
    for (const lane of lanes) {
      lane.gone = false;
      for (const resource of lane.wanted.resources) {
        const watching = this.#byResource.get(resource) ?? new Set();
        this.#byResource.set(resource, watching.add(lane));
      }
    }
  }

  remove(phone: Aor): void {
    for (const lane of this.lanesOf(phone)) {
      lane.gone = true;
      lane.forgive();
      lane.timer?.cancel();
      for (const resource of lane.wanted.resources) {
        const watching = this.#byResource.get(resource);
        watching?.delete(lane);
        if (watching?.size === 0) this.#byResource.delete(resource);
      }
    }
    this.tidy(phone);
  }

  /** Forgets a user who has gone, unless something of his is on its way. */
  tidy(phone: Aor): void {
    const lanes = this.#lanes.get(phone) ?? [];
    if (lanes.every(({ gone, busy }) => gone && !busy)) this.#lanes.delete(phone);
  }
}

/** Two are the same where the same is told in the same way. */
function textOf(wanted: readonly Wanted[]): string {
  return JSON.stringify(
    wanted.map(({ rule: { extensions: _, packages: __, ...rule }, pkg, resources }) => [pkg.event, resources, rule]),
  );
}
