import type { Aor } from './aor.ts';
import type { Origin } from './feature.ts';

/**
 * What an agent of a call centre can be. `loggedOff`: in no queue; `notReady`: logged in, on a break; `ready`: calls come;
 * `workingAfterCall`: wrapping up the last one, the next does not come yet. A call in progress changes nothing here: it is
 * a dialog.
 */
export const agentPhases = ['loggedOff', 'notReady', 'ready', 'workingAfterCall'] as const;

export type AgentPhase = (typeof agentPhases)[number];

/** What a PBX holds for one agent. */
export interface AgentState {
  readonly phase: AgentPhase;
  /** Why not ready, as the phone or the PBX words it; foreign text. null in all other phases, and where nobody said why. */
  readonly reason: string | null;
}

/** The hub's truth about an agent. */
export interface AgentView extends AgentState {
  /** When we heard that he became so; milliseconds since the epoch. Never the same twice for one agent. */
  readonly since: number;
}

/**
 * What somebody wishes an agent to be, as the gate takes it. `loggedOn`: to be logged on; who is logged off becomes `ready`,
 * who is not stays what he is.
 */
export interface AgentRequest {
  readonly aor: Aor;
  readonly feature: 'agent';
  readonly phase: AgentPhase | 'loggedOn';
  /** For `notReady`; null: none given. As it was written: the gate cuts and cleans it. */
  readonly reason: string | null;
  readonly origin: Origin;
}

/** The wish as an adapter gets it. It becomes truth only when the PBX says so. */
export interface AgentWish {
  readonly aor: Aor;
  readonly phase: AgentPhase;
  /**
   * null in all phases but `notReady`. At most 64 characters, without control characters and without those that end a word
   * in the files and commands of PBXs: `" , $ ; < > \ { | }`.
   */
  readonly reason: string | null;
  readonly origin: Origin;
}

export function sameAgent(a: AgentState | null, b: AgentState | null): boolean {
  return a === b || (a !== null && b !== null && a.phase === b.phase && a.reason === b.reason);
}
