import type { AgentPhase, AgentState, AgentWish } from '../../src/model/agent.ts';
import type { Clock } from '../../src/model/clock.ts';
import { Fault } from '../../src/model/errors.ts';
import { granted, type Outcome, refused } from '../../src/model/outcome.ts';
import type { AgentTable } from './agents.ts';
import type { EslCommands } from './esl/commands.ts';
import type { AgentFact } from './facts.ts';

export interface AgentDeskTools {
  readonly clock: Clock;
  readonly esl: EslCommands;
  /** The agents as they are known now. */
  readonly table: () => AgentTable | null;
  readonly feed: (fact: AgentFact) => void;
}

/** Their names go into a command, whose words are parted by blanks and quoted by `'`; whoever writes them may choose them. */
const speakable = /^[\w.@+-]{1,128}$/;

const statuses: Readonly<Record<AgentPhase, string>> = {
  loggedOff: 'Logged Out',
  notReady: 'On Break',
  ready: 'Available',
  workingAfterCall: 'Available',
};

/**
 * Sets agents of mod_callcenter, by `callcenter_config agent set`. Only what a wish is about and only where it differs: what
 * the PBX or its people set is never put back.
 */
export class AgentDesk {
  readonly #tools: AgentDeskTools;

  constructor(tools: AgentDeskTools) {
    this.#tools = tools;
  }

  /** In every queue he is in. Rejects like `EslCommands.api`. */
  async write(wish: AgentWish, deadlineMs: number): Promise<Outcome<AgentState>> {
    const names = this.#tools.table()?.namesOf(wish.aor) ?? [];
    if (names.length === 0) return noAgent();
    if (!names.every((name) => speakable.test(name))) {
      return refused('pbx-refused', 'an agent of mod_callcenter whose name has blanks or quotes cannot be set');
    }
    const until = this.#tools.clock.now() + deadlineMs;
    for (const name of names) {
      const refusal = await this.#writeOne(name, wish, until);
      if (refusal !== null) return refusal;
    }
    const held = this.#tools.table()?.of(wish.aor) ?? null;
    return held === null ? noAgent() : granted(held);
  }

  /** null: it is done, and what he is now has been read and fed. */
  async #writeOne(name: string, { phase, reason }: AgentWish, until: number): Promise<Outcome<never> | null> {
    const { feed } = this.#tools;
    const seen = await this.#read(name, until);
    if (seen === null) return noAgent();
    const { status, state } = seen;
    if (phase === 'workingAfterCall' && /^(?:receiving|in a queue call)$/i.test(state)) {
      return refused('pbx-refused', 'a call is under way: mod_callcenter sets him waiting when it ends');
    }
    const sets: string[] = [];
    // The state first: with the status first a call could slip in between.
    if (phase === 'workingAfterCall' && !/^idle$/i.test(state)) sets.push(`state ${name} Idle`);
    if (phase === 'ready' && /^idle$/i.test(state)) sets.push(`state ${name} Waiting`);
    // `Available (On Demand)` is available; that it is on demand is the PBX's affair.
    const available = (phase === 'ready' || phase === 'workingAfterCall') && /^available/i.test(status);
    if (!available && status !== statuses[phase]) sets.push(`status ${name} '${statuses[phase]}'`);
    feed({ fact: 'agent', name, intended: phase === 'notReady' ? { reason } : null });
    // On the break he is on, for another reason or none: nothing is to be set, for mod_callcenter knows no reasons.
    if (sets.length === 0 && phase === 'notReady') feed({ fact: 'agent', name, status });
    try {
      for (const set of sets) {
        const answer = await this.#api(`agent set ${set}`, until);
        if (answer.startsWith('+OK')) continue;
        return /not found!?$/i.test(answer) ? noAgent() : refused('pbx-refused', answer.slice(0, 200));
      }
      if (sets.length > 0) await this.#read(name, until);
      return null;
    } finally {
      // A break that comes later is somebody else's.
      feed({ fact: 'agent', name, intended: null });
    }
  }

  /**
   * What he is, fed; null: mod_callcenter does not know him. Each answer is fed before the next is asked for, or it would
   * undo an event between the two; the state first, or who becomes available would be shown in the one he had before.
   */
  async #read(name: string, until: number): Promise<{ readonly status: string; readonly state: string } | null> {
    const { feed } = this.#tools;
    const state = (await this.#api(`agent get state ${name}`, until)).trim();
    if (state.startsWith('-')) return null;
    feed({ fact: 'agent', name, state });
    const status = (await this.#api(`agent get status ${name}`, until)).trim();
    if (status.startsWith('-')) return null;
    feed({ fact: 'agent', name, status });
    return { status, state };
  }

  /** Who asked was told in time that it failed: nothing is written behind his back. */
  #api(args: string, until: number): Promise<string> {
    const left = until - this.#tools.clock.now();
    if (left <= 0) throw new Fault('pbx-unreachable', 'mod_callcenter was busy for too long');
    return this.#tools.esl.api('callcenter_config', args, left);
  }
}

function noAgent(): Outcome<never> {
  return refused('no-agent', 'mod_callcenter has no such agent');
}
