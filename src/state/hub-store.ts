import type { Aor } from '../model/aor.ts';
import type { AuditRow } from '../model/audit.ts';
import type { FeatureRow } from '../model/feature.ts';
import type { Leg } from '../model/pbx-event.ts';

/** What the hub asks of the store; `store/store.ts` satisfies it. */
export interface HubStore {
  /** Durable when it returns: it is called before anybody is told. */
  commitFeature(row: FeatureRow, audit: AuditRow | null): void;
  /** Write-behind. */
  putLegs(source: string, aor: Aor, legs: readonly Leg[]): void;
}

/** What the store remembers of the hub after a restart. */
export interface HubMemory {
  readonly features: readonly FeatureRow[];
  readonly dialogs: readonly { readonly source: string; readonly aor: Aor; readonly legs: readonly Leg[] }[];
}
