import type { Aor } from '../model/aor.ts';
import type { AuditRow } from '../model/audit.ts';
import type { Clock } from '../model/clock.ts';
import type { FeatureState, FeatureValue, Wish } from '../model/feature.ts';
import type { Logger } from '../model/logger.ts';
import type { Outcome, Refusal } from '../model/outcome.ts';
import type { PbxEvent } from '../model/pbx-event.ts';
import type { Verdict } from '../model/verdict.ts';
import type { ResourceView } from '../model/views.ts';
import type { OscillationGuard, RateGuard, TrailGuard } from './guards.ts';
import type { InFlight } from './in-flight.ts';
import type { TargetPolicy } from './policy.ts';

/** What the gate is made of. */
export interface GateTools {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly view: (aor: Aor) => ResourceView;
  /** Strictly: a PBX said that it has this extension. `Hub.isExtension`, never `Hub.has`, which doubts in favour. */
  readonly isExtension: (aor: Aor) => boolean;
  /** The PBX that takes an extension's wishes; null where none has it. */
  readonly sourceFor: (aor: Aor) => string | null;
  /** The hub's door. */
  readonly apply: (event: PbxEvent) => void;
  /** Writes to the PBX and answers what it then holds. */
  readonly ask: (wish: Wish, deadlineMs: number) => Promise<Outcome<FeatureValue>>;
  readonly policy: TargetPolicy;
  /** For wishes that change nothing; the hub writes the row of one that does, together with the change. */
  readonly audit: (row: AuditRow) => void;
  /** From the arrival of a wish to its end, milliseconds; 2000. */
  readonly deadlineMs?: number;
}

export interface Guards {
  readonly rate: RateGuard;
  readonly oscillation: OscillationGuard;
  readonly trail: TrailGuard;
  readonly inFlight: InFlight;
}

/** One wish on its way through the steps. */
export interface Context {
  readonly wish: Wish;
  readonly source: string | null;
  /** The truth when the wish's turn came. */
  readonly before: FeatureState;
  /** Milliseconds since the epoch. */
  readonly deadlineAt: number;
  readonly tools: GateTools;
  readonly guards: Guards;
  /** What is wished, made more exact by each step. */
  wished: FeatureValue;
  /** The wish named the target; false: the remembered one is meant. */
  targetNamed: boolean;
  /** What the PBX answered. */
  answer: FeatureValue | null;
  /** The hub wrote the audit row. */
  written: boolean;
}

/** How a wish ends. */
export type Ending = Pick<Verdict, 'decision' | 'refusal'>;

/** One step of the gate: null passes the wish on, an ending is the last word. */
export type Step = (context: Context) => Ending | null | Promise<Ending | null>;

/** By our rules. */
export function refuse(refusal: Refusal): Ending {
  return { decision: 'refused', refusal };
}

/** By the PBX, or by its silence. */
export function fail(refusal: Refusal): Ending {
  return { decision: 'failed', refusal };
}
