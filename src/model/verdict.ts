import type { AgentState } from './agent.ts';
import type { Decision } from './audit.ts';
import type { FeatureState } from './feature.ts';
import type { Refusal } from './outcome.ts';

/** How the gate ended a wish. */
export interface Verdict<State = FeatureState> {
  readonly decision: Exclude<Decision, 'observed'>;
  /** Why, where the decision is `refused` or `failed`. */
  readonly refusal: Refusal | null;
  /** What the PBX holds now. */
  readonly state: State;
  /** A hook wanted no NOTIFY of it. */
  readonly quiet?: true;
}

/** How a wish for an agent ended; the state is null where he is none. */
export type AgentVerdict = Verdict<AgentState | null>;
