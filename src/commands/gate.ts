import type { FeatureValue, Wish } from '../model/feature.ts';
import type { PbxEvent } from '../model/pbx-event.ts';
import type { Verdict } from '../model/verdict.ts';
import type { Change } from '../model/views.ts';
import { audit } from './audit.ts';
import { type Context, type Ending, fail, type GateTools, type Guards, type Step } from './context.ts';
import { OscillationGuard, RateGuard, TrailGuard } from './guards.ts';
import { InFlight } from './in-flight.ts';
import { authorise, normalise } from './judge.ts';
import { Lanes } from './lanes.ts';
import { ask, compare, limit, readBack } from './put.ts';

const defaultDeadlineMs = 2_000;

/** The way of a wish. The first step that answers an ending is the last; the audit comes after every ending. */
const steps: readonly Step[] = [normalise, authorise, limit, compare, ask, readBack];

/** The one way from a wish to the PBX, for phones, API, RPC and command line alike. */
export class Gate {
  readonly #tools: GateTools;
  readonly #guards: Guards;
  readonly #lanes = new Lanes();

  constructor(tools: GateTools) {
    this.#tools = { ...tools, logger: tools.logger.child('commands') };
    this.#guards = {
      rate: new RateGuard(tools.clock),
      oscillation: new OscillationGuard(tools.clock),
      trail: new TrailGuard(tools.clock),
      inFlight: new InFlight(),
    };
  }

  /**
   * Judges a wish and puts it to the PBX. Wishes of one user pass one after the other. Never rejects, and resolves within
   * the deadline, waiting included. The verdict's state is what the PBX holds, whatever became of the wish.
   */
  grant(wish: Wish): Promise<Verdict> {
    const deadlineAt = this.#tools.clock.now() + (this.#tools.deadlineMs ?? defaultDeadlineMs);
    return this.#lanes.run(wish.aor, () => this.#pass(wish, deadlineAt));
  }

  /** Every change of the hub goes through here (`hub.onChange`): changes made by the PBX count for the oscillation guard. */
  observe(change: Change): void {
    if (change.topic !== 'features') return;
    const { features } = this.#tools.view(change.aor);
    for (const feature of ['dnd', 'cfa', 'cfb', 'cfna'] as const) {
      if (!change.aspects.includes(feature)) continue;
      if (!this.#guards.oscillation.flipped(change.aor, feature)) continue;
      const { enabled, target, updatedBy } = features[feature];
      this.#tools.logger.warn(
        { aor: change.aor, feature, enabled, target, updatedBy },
        'a feature changes back and forth: the value of the PBX stands, wishes of phones are refused for 5 s',
      );
    }
  }

  /**
   * Every event of an adapter goes through here on its way to the hub: a report that is the fruit of a wish under way gets
   * the wish's origin, so that the audit names the phone and not the PBX.
   */
  attribute(event: PbxEvent): PbxEvent {
    return this.#guards.inFlight.attribute(event);
  }

  async #pass(wish: Wish, deadlineAt: number): Promise<Verdict> {
    const context = this.#begin(wish, deadlineAt);
    const ending = await this.#walk(context);
    this.#guards.inFlight.done(wish.aor, wish.feature);
    return audit(context, ending);
  }

  async #walk(context: Context): Promise<Ending> {
    try {
      for (const step of steps) {
        const ending = await step(context);
        if (ending !== null) return ending;
      }
    } catch (error) {
      const { aor, feature } = context.wish;
      this.#tools.logger.error({ err: error, aor, feature }, 'the gate failed');
    }
    return fail({ code: 'internal', message: 'the wish could not be judged' });
  }

  #begin(wish: Wish, deadlineAt: number): Context {
    const before = this.#tools.view(wish.aor).features[wish.feature];
    return {
      wish,
      source: this.#tools.sourceFor(wish.aor),
      before,
      deadlineAt,
      tools: this.#tools,
      guards: this.#guards,
      wished: asWished(wish),
      targetNamed: false,
      answer: null,
      written: false,
    };
  }
}

/** The wish as it came; `normalise` makes it exact. */
function asWished({ feature, enabled, target, ringCount }: Wish): FeatureValue {
  if (feature === 'dnd') return { enabled, target: null, ringCount: null };
  return { enabled, target: target ?? null, ringCount: feature === 'cfna' ? (ringCount ?? null) : null };
}
