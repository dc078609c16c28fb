import { type AgentState, sameAgent } from '../model/agent.ts';
import { userOf } from '../model/aor.ts';
import { refused } from '../model/outcome.ts';
import type { AgentContext, AgentMatter, Ending } from './context.ts';
import { refuse } from './context.ts';
import { ask, compare, limit, readBack } from './put.ts';

/** What an agent is. Its audit rows are all written here: what a PBX does with an agent at each call is in none. */
export const agentMatter: AgentMatter = {
  way: [normalise, authorise, limit, compare, ask, readBack],
  source: ({ aor }, tools) => tools.agentSourceFor?.(aor) ?? null,
  present: ({ aor }, tools) => tools.view(aor).agent ?? null,
  // Until it is known what he is, who logs on is meant to be ready.
  wished: ({ phase, reason }) => ({ phase: phase === 'loggedOn' ? 'ready' : phase, reason }),
  same: sameAgent,
  ask: async ({ wish: { aor, origin }, wished, tools }, deadlineMs) => {
    if (wished === null || tools.askAgent === undefined) return refused('no-agent', `${userOf(aor)} is no agent`);
    return tools.askAgent({ aor, ...wished, origin }, deadlineMs);
  },
  commit: ({ wish: { aor }, before, tools }, source, agent) => {
    // An adapter tells what it read before it answers: what is something else by now is newer than the answer.
    const isOld = tools.view(aor).agent?.since !== before?.since;
    if (!isOld) tools.apply({ type: 'agent', source, aor, agent });
    return false;
  },
  commitLate: ({ wish, before, tools }, source, agent) => {
    if (tools.view(wish.aor).agent?.since !== before?.since) return;
    tools.apply({ type: 'agent', source, aor: wish.aor, agent });
  },
  row: ({ wish: { aor, origin }, before, wished }, { after, ...facts }) => ({
    ...facts,
    aor,
    feature: 'agent',
    origin,
    before: bareState(before),
    after: bareState(after),
    wished,
  }),
};

function bareState(agent: AgentState | null): AgentState | null {
  return agent === null ? null : { phase: agent.phase, reason: agent.reason };
}

const longestReason = 64;
/**
 * Of no use to a reader, or the end of a word in a queue log, a dialplan, a command, a row of members: all of them are PBXs'
 * languages. COMPAT(Asterisk): a comma ends a member in `Queue/PersistentMembers`, and those after it are lost at the restart.
 */
const notInReason = /[\p{C}\p{Zl}\p{Zp}",$;<>\\{|}]/gu;

/** Brings the reason into its one form, and `loggedOn` into what it means for him. */
export function normalise(context: AgentContext): Ending | null {
  const { wish, before } = context;
  if (wish.phase === 'loggedOn') {
    context.wished =
      before === null || before.phase === 'loggedOff' ? { phase: 'ready', reason: null } : bareState(before);
    return null;
  }
  const reason = wish.phase === 'notReady' ? cleanReason(wish.reason ?? '') : '';
  context.wished = { phase: wish.phase, reason: reason === '' ? null : reason };
  return null;
}

function cleanReason(text: string): string {
  const clean = text
    .slice(0, 16 * longestReason)
    .replace(notInReason, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return [...clean].slice(0, longestReason).join('').trim();
}

/** An agent is put to work and sent home by himself, or by who may use the API; never by another phone. */
export function authorise({ wish, source, before, tools }: AgentContext): Ending | null {
  const { aor, origin } = wish;
  if (!tools.view(aor).known) return refuse({ code: 'unknown-extension', message: `no PBX has ${userOf(aor)}` });
  if (before === null || source === null) {
    return refuse({ code: 'no-agent', message: `${userOf(aor)} is no agent of any queue` });
  }
  // A trusted source may have said no name.
  if (origin.kind === 'phone' && origin.who !== '' && origin.who !== userOf(aor)) {
    return refuse({ code: 'not-yours', message: 'a phone speaks for its own user only' });
  }
  return null;
}
