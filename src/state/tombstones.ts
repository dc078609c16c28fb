import type { Aor } from '../model/aor.ts';
import type { Clock } from '../model/clock.ts';

/** How long an ended leg is remembered, milliseconds: longer than any event of it can be under way. */
const tombstoneMs = 60_000;
const limit = 20_000;

/**
 * Remembers ended legs, so that an event that was overtaken cannot bring one back to life: a PBX lists its calls while they
 * end, and the lamp would shine with nobody talking. After the time a PBX that still insists on the leg is believed: a wrong
 * end must not darken a lamp for a whole call.
 */
export class Tombstones {
  readonly #clock: Clock;
  /** Key to time of burial; insertion order is time order. */
  readonly #buried = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  bury(source: string, aor: Aor, leg: string): void {
    const key = keyOf(source, aor, leg);
    if (this.#buried.has(key)) return;
    const now = this.#clock.now();
    for (const [old, at] of this.#buried) {
      if (now - at < tombstoneMs && this.#buried.size < limit) break;
      this.#buried.delete(old);
    }
    this.#buried.set(key, now);
  }

  holds(source: string, aor: Aor, leg: string): boolean {
    const at = this.#buried.get(keyOf(source, aor, leg));
    if (at === undefined) return false;
    if (this.#clock.now() - at < tombstoneMs) return true;
    this.#buried.delete(keyOf(source, aor, leg));
    return false;
  }

  /** All that one PBX buried. */
  forget(source: string): void {
    for (const key of [...this.#buried.keys()]) if (key.startsWith(`${source}\0`)) this.#buried.delete(key);
  }

  get size(): number {
    return this.#buried.size;
  }
}

/** With the resource: a leg that a transfer gives to another extension has ended here and lives there. */
function keyOf(source: string, aor: Aor, leg: string): string {
  return `${source}\0${aor}\0${leg}`;
}
