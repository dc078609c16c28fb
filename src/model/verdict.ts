import type { Decision } from './audit.ts';
import type { FeatureState } from './feature.ts';
import type { Refusal } from './outcome.ts';

/** How the gate ended a wish. */
export interface Verdict {
  readonly decision: Exclude<Decision, 'observed'>;
  /** Why, where the decision is `refused` or `failed`. */
  readonly refusal: Refusal | null;
  /** What the PBX holds now. */
  readonly state: FeatureState;
}
