import type { AgentRequest } from '../model/agent.ts';
import type { Aor } from '../model/aor.ts';
import type { FeatureValue, Wish } from '../model/feature.ts';
import { granted, type Outcome } from '../model/outcome.ts';
import type { PbxEvent } from '../model/pbx-event.ts';
import type { AgentVerdict, Verdict } from '../model/verdict.ts';
import type { Change } from '../model/views.ts';
import { agentMatter } from './agent-matter.ts';
import { audit } from './audit.ts';
import {
  type AnyValue,
  type AnyWish,
  type Context,
  type Ending,
  type FeatureMatter,
  fail,
  type GateTools,
  type Guards,
  type Matter,
} from './context.ts';
import { featureMatter, hookedFeatureMatter } from './feature-matter.ts';
import { OscillationGuard, RateGuard, TrailGuard } from './guards.ts';
import { freely } from './hook.ts';
import { InFlight } from './in-flight.ts';
import { authorise, normalise } from './judge.ts';
import { Lanes } from './lanes.ts';

const defaultDeadlineMs = 2_000;

/** The one way from a wish to the PBX, for phones, API, RPC and command line alike. */
export class Gate {
  #tools: GateTools;
  readonly #guards: Guards;
  #features: FeatureMatter;
  readonly #lanes = new Lanes();

  constructor(tools: GateTools) {
    this.#tools = { ...tools, logger: tools.logger.child('commands') };
    this.#guards = {
      rate: new RateGuard(tools.clock),
      oscillation: new OscillationGuard(tools.clock),
      trail: new TrailGuard(tools.clock),
      inFlight: new InFlight(),
    };
    this.#features = tools.hook === undefined ? featureMatter : hookedFeatureMatter;
  }

  /** From the next wish on. Those under way end as they began. */
  exchange({ policy, hook }: Required<Pick<GateTools, 'policy' | 'hook'>>): void {
    this.#tools = { ...this.#tools, policy, hook };
    this.#features = hook === undefined ? featureMatter : hookedFeatureMatter;
  }

  /**
   * Judges a wish and puts it to the PBX. Wishes of one user pass one after the other. Never rejects, and resolves within
   * the deadline, waiting included. The verdict's state is what the PBX holds, whatever became of the wish.
   */
  grant(wish: Wish): Promise<Verdict> {
    return this.#enter(wish, this.#features);
  }

  /** The same for an agent, whose wishes wait for those for his features and they for his. */
  grantAgent(wish: AgentRequest): Promise<AgentVerdict> {
    return this.#enter(wish, agentMatter);
  }

  /** Runs a task in the turn of a user's wishes: none of them is under way meanwhile. */
  inTurn<T>(aor: Aor, task: () => Promise<T>): Promise<T> {
    return this.#lanes.run(aor, task);
  }

  /**
   * What a hook says of itself, normalised and judged as a wish of it would be; nobody is asked and nothing is written. The
   * refusals are those of a wish.
   */
  judge(wish: Wish): Outcome<FeatureValue> {
    const { hook, policy } = this.#tools;
    const begun = this.#begin(wish, this.#features, Number.POSITIVE_INFINITY);
    const tools = hook?.targets === 'any' ? { ...this.#tools, policy: freely(policy) } : this.#tools;
    const context = { ...begun, tools, guards: { ...this.#guards, inFlight: new InFlight() } };
    const refusal = (normalise(context) ?? authorise(context))?.refusal ?? null;
    return refusal === null ? granted(context.wished) : { ok: false, refusal };
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

  #enter<W extends AnyWish, V extends AnyValue, S extends V>(wish: W, matter: Matter<W, V, S>): Promise<Verdict<S>> {
    const deadlineAt = this.#tools.clock.now() + (this.#tools.deadlineMs ?? defaultDeadlineMs);
    return this.#lanes.run(wish.aor, () => this.#pass(this.#begin(wish, matter, deadlineAt)));
  }

  /** The audit comes after every ending. */
  async #pass<W extends AnyWish, V extends AnyValue, S extends V>(context: Context<W, V, S>): Promise<Verdict<S>> {
    const { aor, feature } = context.wish;
    const ending = await this.#walk(context);
    this.#guards.inFlight.done(aor, feature);
    return audit(context, ending);
  }

  async #walk<W extends AnyWish, V extends AnyValue, S extends V>(context: Context<W, V, S>): Promise<Ending> {
    try {
      for (const step of context.matter.way) {
        const ending = await step(context);
        if (ending !== null) return ending;
      }
    } catch (error) {
      const { aor, feature } = context.wish;
      this.#tools.logger.error({ err: error, aor, feature }, 'the gate failed');
    }
    return fail({ code: 'internal', message: 'the wish could not be judged' });
  }

  #begin<W extends AnyWish, V extends AnyValue, S extends V>(
    wish: W,
    matter: Matter<W, V, S>,
    deadlineAt: number,
  ): Context<W, V, S> {
    return {
      wish,
      matter,
      source: matter.source(wish, this.#tools),
      before: matter.present(wish, this.#tools),
      deadlineAt,
      tools: this.#tools,
      guards: this.#guards,
      wished: matter.wished(wish),
      targetNamed: false,
      answer: undefined,
      quiet: false,
      written: false,
    };
  }
}
