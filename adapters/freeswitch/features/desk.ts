import type { Aor } from '../../../src/model/aor.ts';
import type { Clock, Timer } from '../../../src/model/clock.ts';
import type { FeatureName, FeatureValue, Wish } from '../../../src/model/feature.ts';
import type { Logger } from '../../../src/model/logger.ts';
import { type Outcome, refused } from '../../../src/model/outcome.ts';
import type { EslCommands } from '../esl/commands.ts';
import type { FeatureBackend, Holding } from './backend.ts';

/** What a desk is made of. */
export interface DeskTools {
  readonly esl: EslCommands;
  readonly backend: FeatureBackend;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where each value read goes; equal ones are harmless. */
  readonly feed: (aor: Aor, feature: FeatureName, value: FeatureValue) => void;
}

/** COMPAT(FusionPBX): its script tells phones first and clears the cache we read afterwards, 300 ms and more later. */
const laterMs = 1_500;

/** How much longer than a sweep the pause after it is, at least. */
const restShare = 3;

/**
 * All that is done to the features of a FreeSWITCH, one thing at a time for each user: a reading never sees half of a
 * write. A sweep over all users asks for one user after the other, and only for those who may have something, so that a
 * key that is pressed waits for one question at most.
 */
export class FeatureDesk {
  readonly #tools: DeskTools;
  readonly #lanes = new Map<Aor, Promise<unknown>>();
  /** Users that will be read anyway. */
  readonly #due = new Set<Aor>();
  readonly #later = new Map<Aor, Timer>();
  /** Users of whom something newer is known than what the survey of the sweep under way says. */
  #touched = new Set<Aor>();
  #sweep: Timer | null = null;
  #life = 0;

  constructor(tools: DeskTools) {
    this.#tools = tools;
  }

  /** Like `FeatureBackend.write`; what changed with it is fed before it answers. */
  write(wish: Wish, before: FeatureValue, deadlineMs: number): Promise<Outcome<FeatureValue>> {
    const { esl, backend, clock, feed } = this.#tools;
    const until = clock.now() + deadlineMs;
    const life = this.#life;
    let done = false;
    this.#touched.add(wish.aor);
    return this.#run(wish.aor, async () => {
      // Who asked was told that it failed, or will be: nothing is written behind his back, or into another life of the PBX.
      const lost = life !== this.#life;
      done = lost || clock.now() >= until;
      if (lost) return refused<FeatureValue>('pbx-away', 'the connection to the PBX was lost; nothing was written');
      if (done) return refused<FeatureValue>('pbx-timeout', 'the PBX was busy for too long; nothing was written');
      const outcome = await backend.write(esl, wish, before, Math.max(until - clock.now(), 1));
      if (outcome.ok && life === this.#life) feed(wish.aor, wish.feature, outcome.value);
      if (backend.entangled) await this.#read(wish.aor, life);
      done = outcome.ok;
      return outcome;
    }).finally(() => {
      this.#touched.add(wish.aor);
      // It may have been carried out all the same.
      if (!done && life === this.#life) this.lookLater(wish.aor);
    });
  }

  /** Somebody else changed something: reads the user soon, once for many calls. */
  look(aor: Aor): void {
    this.#touched.add(aor);
    if (this.#due.has(aor)) return;
    this.#due.add(aor);
    const life = this.#life;
    void this.#run(aor, async () => {
      this.#due.delete(aor);
      await this.#read(aor, life);
    }).catch((error: unknown) => {
      this.#tools.logger.debug({ aor, error: String(error) }, 'features could not be read');
    });
  }

  /** What was told of a user by others, which is believed now and looked at when their caches are cleared. */
  heard(aor: Aor, reports: readonly { readonly feature: FeatureName; readonly value: FeatureValue }[]): void {
    for (const { feature, value } of reports) this.#tools.feed(aor, feature, value);
    this.lookLater(aor);
  }

  /** Reads the user in a moment; a second call postpones the first. */
  lookLater(aor: Aor): void {
    this.#later.get(aor)?.cancel();
    const timer = this.#tools.clock.after(laterMs, () => {
      this.#later.delete(aor);
      this.look(aor);
    });
    this.#later.set(aor, timer);
  }

  /**
   * Reads all users, again and again, with this time in between; with thousands of them more, so that FreeSWITCH does
   * other things most of the time. A second call replaces the first.
   */
  watch(users: () => readonly Aor[], everyMs: number): void {
    this.#sweepIn(everyMs, users, everyMs);
  }

  #sweepIn(waitMs: number, users: () => readonly Aor[], everyMs: number): void {
    const { clock } = this.#tools;
    this.#sweep?.cancel();
    const life = this.#life;
    this.#sweep = clock.after(waitMs, () => {
      const start = clock.now();
      void this.#readAll(users(), life).then(() => {
        const took = clock.now() - start;
        if (life === this.#life) this.#sweepIn(Math.max(everyMs, took * restShare), users, everyMs);
      });
    });
  }

  /** Nothing is read any more until `watch`, `look` or `write` is called again. */
  stop(): void {
    this.#life++;
    this.#sweep?.cancel();
    this.#sweep = null;
    for (const timer of this.#later.values()) timer.cancel();
    this.#later.clear();
  }

  async #readAll(users: readonly Aor[], life: number): Promise<void> {
    const { esl, backend } = this.#tools;
    this.#touched = new Set();
    const holding = await backend.survey(esl).catch((error: unknown) => {
      this.#tools.logger.debug({ error: String(error) }, 'features could not be read');
      return null;
    });
    if (holding === null) return;
    for (const aor of users) {
      if (life !== this.#life) return;
      // What was told of him is newer than what could be read of him now.
      if (this.#later.has(aor)) continue;
      try {
        await this.#run(aor, () => this.#read(aor, life, this.#touched.has(aor) ? undefined : holding));
      } catch (error) {
        this.#tools.logger.debug({ aor, error: String(error) }, 'features could not be read');
        return;
      }
    }
  }

  async #read(aor: Aor, life: number, holding?: Holding): Promise<void> {
    const { esl, backend, feed } = this.#tools;
    if (life !== this.#life) return;
    const values = await backend.read(esl, aor, holding);
    if (life !== this.#life) return;
    for (const [feature, value] of values) feed(aor, feature, value);
  }

  #run<T>(aor: Aor, task: () => Promise<T>): Promise<T> {
    const before = this.#lanes.get(aor) ?? Promise.resolve();
    const result = before.then(task);
    const done = (): void => {
      if (this.#lanes.get(aor) === tail) this.#lanes.delete(aor);
    };
    const tail: Promise<void> = result.then(done, done);
    this.#lanes.set(aor, tail);
    return result;
  }
}
