import type { Aor } from '../model/aor.ts';
import { type Clock, within } from '../model/clock.ts';
import type { FeatureName, FeatureValue, Wish } from '../model/feature.ts';
import type { HookAdvice, HookQuestion } from '../model/hook.ts';
import type { Logger } from '../model/logger.ts';
import type { Outcome } from '../model/outcome.ts';
import type { PbxEvent } from '../model/pbx-event.ts';
import type { ResourceView } from '../model/views.ts';
import type { Hooks } from './hooks.ts';

export interface HookReaderTools {
  readonly hooks: Pick<Hooks, 'name' | 'get' | 'assigned' | 'takes'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly view: (aor: Aor) => ResourceView;
  readonly sourceFor: (aor: Aor) => string | null;
  /** The hub's door. */
  readonly apply: (event: PbxEvent) => void;
  /** Our rules: they hold for what a hook says as for what a phone wishes. */
  readonly judge: (wish: Wish) => Outcome<FeatureValue>;
  /** While no wish of this user is under way. */
  readonly inTurn: <T>(aor: Aor, task: () => Promise<T>) => Promise<T>;
}

interface Reading {
  readonly feature: FeatureName;
  readonly assigned: boolean | null;
  readonly advice: HookAdvice | null;
}

/** Users that are read at once; the others wait for their turn, and a storm of phones is no outage. */
const atOnce = 12;
/** Of these, where nobody waits for it. */
const laterAtOnce = 8;
/** Values that were refused, and said: what is wrong with so many is wrong with the hook. */
const mostComplaints = 100;

/** Asks the hook how features stand and brings what it says to the hub, as news of a PBX would come. */
export class HookReader {
  readonly #tools: HookReaderTools;
  readonly #underWay = new Map<string, Promise<boolean>>();
  /** Users to be read when there is time; the last word on which features. */
  readonly #later = new Map<Aor, readonly FeatureName[]>();
  readonly #complained = new Set<string>();
  #workers = 0;
  #free = atOnce;
  readonly #waiting: (() => void)[] = [];
  #stopped = false;

  constructor(tools: HookReaderTools) {
    this.#tools = tools;
  }

  stop(): void {
    this.#stopped = true;
    this.#later.clear();
    for (const go of this.#waiting.splice(0)) go();
  }

  /**
   * Reads these features of a user; who asks meanwhile gets the same reading. True: the hook said all of it, in time. What
   * it says later is taken all the same.
   */
  readWithin(aor: Aor, features: readonly FeatureName[], patienceMs: number): Promise<boolean> {
    return within(this.#tools.clock, patienceMs, this.#read(aor, features), () => false);
  }

  /** In the background, a few users at a time. */
  readLater(aors: readonly Aor[], features: readonly FeatureName[]): void {
    if (features.length === 0 || this.#stopped) return;
    for (const aor of aors) {
      // All of them, where two ask for different ones.
      const before = this.#later.get(aor) ?? [];
      this.#later.set(aor, [...new Set([...before, ...features])]);
    }
    while (this.#workers < Math.min(laterAtOnce, this.#later.size)) {
      this.#workers++;
      void this.#work();
    }
  }

  async #work(): Promise<void> {
    for (let [next] = this.#later; next !== undefined; [next] = this.#later) {
      const [aor, features] = next;
      this.#later.delete(aor);
      await this.#read(aor, features);
    }
    this.#workers--;
  }

  #read(aor: Aor, features: readonly FeatureName[]): Promise<boolean> {
    const key = `${aor}\0${features.join()}`;
    const before = this.#underWay.get(key);
    if (before !== undefined) return before;
    const reading = this.#inSlot(() => this.#readInTurn(aor, features)).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, reading);
    return reading;
  }

  async #inSlot(task: () => Promise<boolean>): Promise<boolean> {
    if (this.#free === 0) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#free--;
    try {
      return this.#stopped ? false : await task();
    } finally {
      // A place is handed on as it is.
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }

  async #readInTurn(aor: Aor, features: readonly FeatureName[]): Promise<boolean> {
    try {
      return await this.#tools.inTurn(aor, async () => {
        const readings = await Promise.all(features.map((feature) => this.#ask(aor, feature)));
        if (this.#stopped) return false;
        for (const reading of readings) if (reading !== null) this.#take(aor, reading);
        return !readings.includes(null);
      });
    } catch (error) {
      this.#tools.logger.error({ err: error, aor }, 'the reading of a hook failed');
      return false;
    }
  }

  /** null: it did not say. */
  async #ask(aor: Aor, feature: FeatureName): Promise<Reading | null> {
    const { hooks, view } = this.#tools;
    const value = view(aor).features[feature];
    const question: HookQuestion = { aor, feature, value, current: null, origin: null, param: null };
    const [assigned, answer] = await Promise.all([hooks.assigned(question), hooks.get(question)]);
    return assigned.ok && answer.ok ? { feature, assigned: assigned.value, advice: answer.value } : null;
  }

  #take(aor: Aor, { feature, assigned, advice }: Reading): void {
    const { sourceFor, apply, hooks } = this.#tools;
    const source = sourceFor(aor);
    if (source === null) return;
    // As in OpenSIPS a feature is there unless each reading says that it is not.
    apply({ type: 'assignment', source, aor, feature, assigned: assigned !== false && advice?.assigned !== false });
    if (advice?.enabled === undefined) return;
    const origin = { kind: 'hook', who: hooks.name, from: null, userAgent: null } as const;
    const { enabled, target, ringCount, notify } = advice;
    const value = this.#tools.judge({ aor, feature, enabled, target, ringCount, origin });
    if (value.ok) {
      const silence = notify ? {} : ({ quiet: true } as const);
      apply({ type: 'feature', source, aor, feature, value: value.value, origin, ...silence });
    } else if (value.refusal.code !== 'not-assigned') this.#complain(aor, feature, value.refusal);
  }

  #complain(
    aor: Aor,
    feature: FeatureName,
    { code, message }: { readonly code: string; readonly message: string },
  ): void {
    const key = `${aor}\0${feature}\0${code}`;
    if (this.#complained.has(key) || this.#complained.size >= mostComplaints) return;
    this.#complained.add(key);
    this.#tools.logger.warn({ aor, feature, code, reason: message }, 'what the hook says is not allowed: not taken');
  }
}
