import type { Aor } from '../../../src/model/aor.ts';
import type { Clock, Timer } from '../../../src/model/clock.ts';
import type { FeatureName } from '../../../src/model/feature.ts';

/** Told more often than this within the window, a feature goes back and forth: the gate counts the same for its own part. */
const mostTold = 4;
const windowMs = 10_000;
/** So long nothing may change before phones are told again, and so long they are left untold at most; milliseconds. */
const quietMs = 2_000;
const mostRestMs = 10_000;

/**
 * Users whose phones contradict each other. COMPAT(Yealink): with key synchronisation and feature codes both set up, a phone
 * dials the code of what it is told; two of them, told on and off while the answers are on their way, go on for ever. The
 * gate cannot refuse what is dialled; so they are told nothing until it is quiet, and then all of them how things stand.
 */
export class Rest {
  readonly #clock: Clock;
  readonly #told = new Map<Aor, readonly { readonly feature: FeatureName; readonly at: number }[]>();
  readonly #resting = new Map<Aor, { readonly since: number; readonly timer: Timer }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** All phones of a user were told this. */
  note(aor: Aor, features: readonly FeatureName[]): void {
    const at = this.#clock.now();
    const times = [...this.#recent(aor), ...features.map((feature) => ({ feature, at }))];
    this.#told.delete(aor);
    this.#told.set(aor, times);
    // Told last at the end.
    for (const [old, all] of this.#told) {
      if ((all.at(-1)?.at ?? 0) > at - windowMs) break;
      this.#told.delete(old);
    }
  }

  /** His phones are to be told nothing now. */
  needs(aor: Aor): boolean {
    if (this.#resting.has(aor)) return true;
    const counts = new Map<FeatureName, number>();
    for (const { feature } of this.#recent(aor)) counts.set(feature, (counts.get(feature) ?? 0) + 1);
    return [...counts.values()].some((count) => count > mostTold);
  }

  isUnderWay(aor: Aor): boolean {
    return this.#resting.has(aor);
  }

  /** Begins his rest, or begins it anew: something changed. True: it is the beginning. */
  begin(aor: Aor, over: () => void): boolean {
    const now = this.#clock.now();
    const before = this.#resting.get(aor);
    before?.timer.cancel();
    const since = before?.since ?? now;
    const timer = this.#clock.after(Math.min(quietMs, since + mostRestMs - now), () => {
      this.#resting.delete(aor);
      over();
    });
    this.#resting.set(aor, { since, timer });
    return before === undefined;
  }

  /** Ends all rests without a word. */
  stop(): void {
    for (const { timer } of this.#resting.values()) timer.cancel();
    this.#resting.clear();
  }

  #recent(aor: Aor): readonly { readonly feature: FeatureName; readonly at: number }[] {
    const since = this.#clock.now() - windowMs;
    return (this.#told.get(aor) ?? []).filter(({ at }) => at > since);
  }
}
