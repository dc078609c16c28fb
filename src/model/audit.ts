import type { Aor } from './aor.ts';
import type { FeatureName, FeatureValue, Origin } from './feature.ts';

/**
 * `granted`: a wish the PBX took; `equal`: a wish for what already was; `refused`: by policy; `failed`: the PBX said no
 * or nothing; `observed`: the PBX changed without us.
 */
export type Decision = 'granted' | 'equal' | 'refused' | 'failed' | 'observed';

/** One line of the audit trail: who changed what, from where, old, new, decision. */
export interface AuditRow {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly aor: Aor;
  readonly feature: FeatureName;
  readonly origin: Origin;
  readonly before: FeatureValue;
  /** What the PBX holds afterwards. */
  readonly after: FeatureValue;
  /** What was wished; null where nobody wished (`observed`). */
  readonly wished: FeatureValue | null;
  readonly decision: Decision;
  /** The refusal's code and message; null otherwise. */
  readonly reason: string | null;
}
