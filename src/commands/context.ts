import type { AgentRequest, AgentState, AgentView, AgentWish } from '../model/agent.ts';
import type { Aor } from '../model/aor.ts';
import type { AuditRow } from '../model/audit.ts';
import type { Clock } from '../model/clock.ts';
import type { FeatureState, FeatureValue, Wish } from '../model/feature.ts';
import type { Logger } from '../model/logger.ts';
import type { Meters } from '../model/meters.ts';
import type { Outcome, Refusal } from '../model/outcome.ts';
import type { PbxEvent } from '../model/pbx-event.ts';
import type { Verdict } from '../model/verdict.ts';
import type { ResourceView } from '../model/views.ts';
import type { OscillationGuard, RateGuard, TrailGuard } from './guards.ts';
import type { SetHook } from './hook.ts';
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
  /** The PBX whose agent he is; null where he is none. Default: nobody is. */
  readonly agentSourceFor?: (aor: Aor) => string | null;
  /** The hub's door. */
  readonly apply: (event: PbxEvent) => void;
  /** Writes to the PBX and answers what it then holds. */
  readonly ask: (wish: Wish, deadlineMs: number) => Promise<Outcome<FeatureValue>>;
  /** The same for an agent. Absent: no PBX has agents. */
  readonly askAgent?: (wish: AgentWish, deadlineMs: number) => Promise<Outcome<AgentState>>;
  readonly policy: TargetPolicy;
  /** The admin's own word on wishes for features; absent: he has none. */
  readonly hook?: SetHook | undefined;
  /** For wishes that change nothing; the hub writes the row of one that does, together with the change. */
  readonly audit: (row: AuditRow) => void;
  /** Where it counts; default: it does not. */
  readonly meters?: Pick<Meters, 'wishes' | 'refusals'> | undefined;
  /** From the arrival of a wish to its end, milliseconds; 2000. */
  readonly deadlineMs?: number;
}

export interface Guards {
  readonly rate: RateGuard;
  readonly oscillation: OscillationGuard;
  readonly trail: TrailGuard;
  readonly inFlight: InFlight;
}

/** What the steps common to all wishes know of one. */
export type AnyWish = Wish | AgentRequest;
export type AnyValue = FeatureValue | AgentState | null;

/** One wish on its way through the steps. */
export interface Context<W extends AnyWish, Value extends AnyValue, State extends Value> {
  /** A hook may put another one in its place. */
  wish: W;
  readonly matter: Matter<W, Value, State>;
  readonly source: string | null;
  /** The truth when the wish's turn came. */
  readonly before: State;
  /** Milliseconds since the epoch. */
  readonly deadlineAt: number;
  readonly tools: GateTools;
  readonly guards: Guards;
  /** What is wished, made more exact by each step. */
  wished: Value;
  /** The wish named the target of a forward; false: the remembered one is meant. */
  targetNamed: boolean;
  /** What the PBX answered, or a hook that keeps it itself; undefined: nobody was asked, or said no. */
  answer: Value | undefined;
  /** A hook wants no NOTIFY of it. */
  quiet: boolean;
  /** The hub wrote the audit row. */
  written: boolean;
}

/**
 * A kind of thing that can be wished for, a feature or what an agent is: all that differs between them on the one way from
 * a wish to the PBX.
 */
export interface Matter<W extends AnyWish, Value extends AnyValue, State extends Value> {
  /** The way of a wish. The first step that answers an ending is the last. */
  readonly way: readonly Step<Context<W, Value, State>>[];
  /** The PBX that takes the wish; null where none does. */
  source(wish: W, tools: GateTools): string | null;
  /** The truth as the hub has it. */
  present(wish: W, tools: GateTools): State;
  /** The wish as it came; the steps make it exact. */
  wished(wish: W): Value;
  same(one: Value, other: Value): boolean;
  /** Writes to the PBX and answers what it then holds. May reject. */
  ask(context: Context<W, Value, State>, deadlineMs: number): Promise<Outcome<Value>>;
  /** Hands the answer to the hub, in the name of who wished it. True: the hub wrote the audit row. */
  commit(context: Context<W, Value, State>, source: string, answer: Value): boolean;
  /** An answer after the deadline: handed to the hub as news of the PBX, where nothing newer came in between. */
  commitLate(context: Context<W, Value, State>, source: string, answer: Value): void;
  row(context: Context<W, Value, State>, facts: Facts<State>): AuditRow;
}

/** What of an audit row is the same for all kinds of wishes. */
export type Facts<State> = Pick<AuditRow, 'at' | 'decision' | 'reason'> & { readonly after: State };

export type FeatureContext = Context<Wish, FeatureValue, FeatureState>;
export type FeatureMatter = Matter<Wish, FeatureValue, FeatureState>;
/** null: he is no agent. */
export type AgentContext = Context<AgentRequest, AgentState | null, AgentView | null>;
export type AgentMatter = Matter<AgentRequest, AgentState | null, AgentView | null>;

/** How a wish ends. */
export type Ending = Pick<Verdict, 'decision' | 'refusal'>;

/** One step of the gate: null passes the wish on, an ending is the last word. */
export type Step<C> = (context: C) => Ending | null | Promise<Ending | null>;

/** By our rules. */
export function refuse(refusal: Refusal): Ending {
  return { decision: 'refused', refusal };
}

/** By the PBX, or by its silence. */
export function fail(refusal: Refusal): Ending {
  return { decision: 'failed', refusal };
}
