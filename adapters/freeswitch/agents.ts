import type { AgentPhase, AgentState } from '../../src/model/agent.ts';
import type { Aor } from '../../src/model/aor.ts';
import type { AgentFact } from './facts.ts';

/** An agent of mod_callcenter as its list and its events show him. */
interface Agent {
  /** Whose phone he answers with; null until a list said it, and for one who has no extension here. */
  readonly aor: Aor | null;
  /** `Logged Out`, `Available`, `Available (On Demand)`, `On Break`. */
  readonly status: string;
  /** `Waiting`, `Receiving`, `In a queue call`, `Idle`, `Reserved`. */
  readonly state: string;
  readonly wrapUpMs: number;
  /** The next call is not offered before; milliseconds since the epoch. */
  readonly wrapUpUntil: number;
  /** Ours, as mod_callcenter has no place for it; it lasts as long as the break. */
  readonly reason: string | null;
  /** A break that was asked for and is not told yet. */
  readonly intended: { readonly reason: string | null } | null;
}

const unseen: Agent = {
  aor: null,
  status: '',
  state: '',
  wrapUpMs: 0,
  wrapUpUntil: 0,
  reason: null,
  intended: null,
};

/** What he is counts that brings him calls: one user may be several agents, of several queues. */
const rank: readonly AgentPhase[] = ['ready', 'workingAfterCall', 'notReady', 'loggedOff'];

/** The agents of mod_callcenter, by their names there. */
export class AgentTable {
  readonly #now: () => number;
  readonly #agents = new Map<string, Agent>();
  readonly #names = new Map<Aor, Set<string>>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** null: he is no agent. */
  of(aor: Aor): AgentState | null {
    const states = this.namesOf(aor).flatMap((name) => stateOf(this.#agents.get(name) ?? unseen, this.#now()) ?? []);
    return rank.map((phase) => states.find((one) => one.phase === phase)).find((one) => one !== undefined) ?? null;
  }

  /** How mod_callcenter calls him. */
  namesOf(aor: Aor): readonly string[] {
    return [...(this.#names.get(aor) ?? [])];
  }

  aors(): Iterable<Aor> {
    return this.#names.keys();
  }

  /** Whom the fact is about; null where that is nobody here. */
  apply({ name, aor, status, state, wrapUp, intended }: AgentFact): Aor | null {
    const before = this.#agents.get(name) ?? unseen;
    const now = this.#now();
    const wrapUpMs = wrapUp === undefined || wrapUp === 'begins' ? before.wrapUpMs : wrapUp.ms;
    const began = wrapUp === 'begins' ? now : wrapUp === undefined ? null : wrapUp.since;
    const after = {
      ...before,
      ...(aor === undefined ? {} : { aor }),
      ...(status === undefined ? {} : withStatus(before, status)),
      ...(state === undefined ? {} : { state }),
      ...(intended === undefined ? {} : { intended }),
      wrapUpMs,
      wrapUpUntil: began === null || wrapUpMs === 0 ? before.wrapUpUntil : began + wrapUpMs,
    };
    this.#put(name, after);
    return after.aor;
  }

  /** How long until somebody's wrap-up ends by itself, which no event tells; null: nobody's does. Milliseconds. */
  get nextEnd(): number | null {
    const now = this.#now();
    const ends = [...this.#agents.values()].map((it) => it.wrapUpUntil - now).filter((ms) => ms > 0);
    return ends.length === 0 ? null : Math.min(...ends);
  }

  /**
   * What an older table knows and no list tells: reasons of breaks that still last.
   * @param listed the agents were read anew; else those of the older table are all that is known.
   */
  inherit(older: AgentTable, listed: boolean): void {
    for (const [name, before] of older.#agents) {
      const now = this.#agents.get(name);
      if (now === undefined && listed) continue;
      if (now === undefined) this.#put(name, before);
      else {
        const same = isBreak(before.status) && isBreak(now.status);
        const wrapUpUntil = Math.max(before.wrapUpUntil, now.wrapUpUntil);
        this.#put(name, { ...now, reason: same ? before.reason : now.reason, intended: before.intended, wrapUpUntil });
      }
    }
  }

  #put(name: string, agent: Agent): void {
    this.#agents.set(name, agent);
    if (agent.aor !== null) this.#names.set(agent.aor, (this.#names.get(agent.aor) ?? new Set<string>()).add(name));
  }
}

function withStatus(before: Agent, status: string): Pick<Agent, 'status' | 'reason' | 'intended'> {
  if (!isBreak(status)) return { status, reason: null, intended: null };
  // Somebody who sends him on the break he is on does not know why he is.
  if (isBreak(before.status) && before.intended === null) return { status, reason: before.reason, intended: null };
  return { status, reason: before.intended?.reason ?? null, intended: null };
}

/** null: mod_callcenter has not said what he is. */
function stateOf({ status, state, wrapUpUntil, reason }: Agent, now: number): AgentState | null {
  if (isBreak(status)) return { phase: 'notReady', reason };
  if (/^logged out$/i.test(status)) return { phase: 'loggedOff', reason: null };
  if (!/^available/i.test(status)) return null;
  // `Idle`: until somebody sets him waiting. Wrap-up time counts from the end of the call, not while he is in the next.
  const wrapping = /^idle$/i.test(state) || (/^waiting$/i.test(state) && now < wrapUpUntil);
  return { phase: wrapping ? 'workingAfterCall' : 'ready', reason: null };
}

function isBreak(status: string): boolean {
  return /^on break$/i.test(status);
}
