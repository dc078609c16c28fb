import type { Aor } from '../model/aor.ts';
import type { Clock } from '../model/clock.ts';
import type { AnyWish } from './context.ts';

/** A phone's wishes: 10 a minute for one user. */
const rateLimit = 10;
const rateWindowMs = 60_000;
/** More changes of one feature than this, within the window, is two systems correcting each other. */
const flipLimit = 4;
const flipWindowMs = 10_000;
const holdMs = 5_000;
/** Audit rows a minute for one user's wishes that change nothing. */
const trailLimit = 120;
const trailWindowMs = 60_000;

/** Times within a sliding window, for each key; keys without recent times are forgotten. */
class Window {
  readonly #clock: Clock;
  readonly #ms: number;
  /** Last used last, so that the forgotten ones stand in front. */
  readonly #times = new Map<string, readonly number[]>();

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
  }

  count(key: string): number {
    return this.#recent(key).length;
  }

  add(key: string): number {
    const times = [...this.#recent(key), this.#clock.now()];
    this.#times.delete(key);
    this.#times.set(key, times);
    for (const [old, at] of this.#times) {
      if ((at.at(-1) ?? 0) > this.#clock.now() - this.#ms) break;
      this.#times.delete(old);
    }
    return times.length;
  }

  clear(key: string): void {
    this.#times.delete(key);
  }

  /** What is later than now was before the clock was set back, and counts no more. */
  #recent(key: string): readonly number[] {
    const now = this.#clock.now();
    return (this.#times.get(key) ?? []).filter((at) => at > now - this.#ms && at <= now);
  }
}

/** Keeps one phone from hammering the PBX. */
export class RateGuard {
  readonly #wishes: Window;

  constructor(clock: Clock) {
    this.#wishes = new Window(clock, rateWindowMs);
  }

  /** Counts the wish, unless it is one too many: a refused one does not lengthen the wait. */
  admits(aor: Aor): boolean {
    if (this.#wishes.count(aor) >= rateLimit) return false;
    this.#wishes.add(aor);
    return true;
  }
}

/**
 * Breaks the circle of a phone and a PBX that each correct the other (the Yealink/FusionPBX loop; delays were tried there
 * and are no cure). It counts committed changes, whoever made them.
 */
export class OscillationGuard {
  readonly #clock: Clock;
  readonly #flips: Window;
  readonly #heldUntil = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#flips = new Window(clock, flipWindowMs);
  }

  /** Notes a change; true where it is the one that starts a hold. */
  flipped(aor: Aor, feature: AnyWish['feature']): boolean {
    const key = `${aor}\0${feature}`;
    if (this.#flips.add(key) <= flipLimit) return false;
    this.#flips.clear(key);
    const fresh = !this.holds(aor, feature);
    this.#heldUntil.set(key, this.#clock.now() + holdMs);
    return fresh;
  }

  /** True while phones' wishes for this feature are not put to the PBX. */
  holds(aor: Aor, feature: AnyWish['feature']): boolean {
    const key = `${aor}\0${feature}`;
    const until = this.#heldUntil.get(key);
    if (until === undefined) return false;
    const left = until - this.#clock.now();
    if (left > 0 && left <= holdMs) return true; // more: the clock was set back
    this.#heldUntil.delete(key);
    return false;
  }
}

/**
 * Keeps a phone that repeats a refused wish, or a thief who tries numbers, from filling the disk: each row is a write that
 * all phones wait for. Changes are always written.
 */
export class TrailGuard {
  readonly #rows: Window;

  constructor(clock: Clock) {
    this.#rows = new Window(clock, trailWindowMs);
  }

  /** `last`: write this one and say that the next ones are left out; `full`: leave it out. */
  admits(aor: Aor): 'yes' | 'last' | 'full' {
    if (this.#rows.count(aor) >= trailLimit) return 'full';
    return this.#rows.add(aor) === trailLimit ? 'last' : 'yes';
  }
}
