import { type AgentState, type AgentView, sameAgent } from '../model/agent.ts';
import type { Aor } from '../model/aor.ts';
import type { Clock } from '../model/clock.ts';
import type { AgentReport } from '../model/pbx-event.ts';
import type { ChangeSet } from './change-set.ts';
import { PerSource } from './per-source.ts';

/**
 * The agents of the PBXs' queues; where two PBXs have one, the first PBX counts. A PBX that is away leaves its last word
 * standing.
 */
export class Agents {
  readonly #sources: readonly string[];
  readonly #clock: Clock;
  readonly #agents = new PerSource<AgentView>();

  constructor(sources: readonly string[], clock: Clock) {
    this.#sources = sources;
    this.#clock = clock;
  }

  /** null: he is no agent. */
  of(aor: Aor): AgentView | null {
    const source = this.sourceOf(aor);
    return source === null ? null : (this.#agents.get(source, aor) ?? null);
  }

  /** The PBX whose word counts, and that takes wishes; null: none has him as an agent. */
  sourceOf(aor: Aor): string | null {
    const agents = this.#agents.of(aor);
    return agents === undefined ? null : (this.#sources.find((name) => agents.has(name)) ?? null);
  }

  /** @param agent null: he is no agent of this PBX any more. */
  set(source: string, aor: Aor, agent: AgentState | null, changes: ChangeSet): void {
    const before = this.of(aor);
    const own = this.#agents.get(source, aor) ?? null;
    if (sameAgent(own, agent)) return;
    const since = Math.max(this.#clock.now(), (before?.since ?? 0) + 1, (own?.since ?? 0) + 1);
    if (agent === null) this.#agents.delete(source, aor);
    else this.#agents.set(source, aor, { phase: agent.phase, reason: agent.reason, since });
    const after = this.of(aor);
    if (sameAgent(before, after)) return;
    changes.add('agent', aor, 'agent');
    if (after === null) changes.add('agent', aor, 'dismissed');
    else if (before?.phase === 'loggedOff') changes.add('agent', aor, 'loggedOn');
  }

  /** All agents this PBX has now: whom the list leaves out is none any more. */
  replace(source: string, reports: readonly AgentReport[], changes: ChangeSet): void {
    const listed = new Set(reports.map(({ aor }) => aor));
    for (const aor of this.#agents.heldBy(source)) if (!listed.has(aor)) this.set(source, aor, null, changes);
    for (const { aor, agent } of reports) this.set(source, aor, agent, changes);
  }

  aors(): Iterable<Aor> {
    return this.#agents.aors();
  }
}
