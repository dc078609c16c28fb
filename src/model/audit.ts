import type { AgentState } from './agent.ts';
import type { Aor } from './aor.ts';
import type { FeatureName, FeatureValue, Origin } from './feature.ts';

/**
 * `granted`: a wish the PBX took; `equal`: a wish for what already was; `refused`: by policy; `failed`: the PBX said no
 * or nothing; `observed`: the PBX changed without us.
 */
export type Decision = 'granted' | 'equal' | 'refused' | 'failed' | 'observed';

interface Audited<Name, Value> {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly aor: Aor;
  readonly feature: Name;
  readonly origin: Origin;
  readonly before: Value;
  /** What the PBX holds afterwards. */
  readonly after: Value;
  /** What was wished; null where nobody wished (`observed`). */
  readonly wished: Value | null;
  readonly decision: Decision;
  /** The refusal's code and message; null otherwise. */
  readonly reason: string | null;
}

export type FeatureAuditRow = Audited<FeatureName, FeatureValue>;

/** null: no agent. Wishes only: an agent changes with each call, and those rows would push out what people did. */
export type AgentAuditRow = Audited<'agent', AgentState | null>;

/** One line of the audit trail: who changed what, from where, old, new, decision. */
export type AuditRow = FeatureAuditRow | AgentAuditRow;
