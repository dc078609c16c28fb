import { sameAgent } from '../model/agent.ts';
import type { Snapshot } from '../model/pbx-event.ts';
import type { ChangeSet } from './change-set.ts';
import { sameCounts } from './mailboxes.ts';
import { replace, type Truth } from './replace.ts';

/**
 * Other PBXs are configured now, or in another order. What one that is gone alone held is gone with it; where two speak of one
 * resource the word of the first counts. Answers those that are gone.
 *
 * @param sources changed in place: the aggregates read it.
 */
export function reorder(
  truth: Truth,
  sources: string[],
  wanted: readonly string[],
  changes: ChangeSet,
): readonly string[] {
  const gone = sources.filter((source) => !wanted.includes(source));
  for (const source of gone) withdraw(truth, source, changes);
  const { mailboxes, agents, extensions } = truth;
  const spokenOf = new Set([...mailboxes.aors(), ...agents.aors()]);
  const before = [...spokenOf].map((aor) => ({ aor, mailbox: mailboxes.of(aor), agent: agents.of(aor) }));
  sources.splice(0, sources.length, ...wanted);
  extensions.renew();
  for (const { aor, mailbox, agent } of before) {
    if (!sameCounts(mailbox, mailboxes.of(aor))) changes.add('mailbox', aor);
    if (!sameAgent(agent, agents.of(aor))) changes.add('agent', aor, 'agent');
  }
  return gone;
}

function withdraw(truth: Truth, source: string, changes: ChangeSet): void {
  replace(truth, source, nothingAtAll, changes);
  truth.dialogs.unbury(source);
  truth.mailboxes.forget(source, changes);
  truth.extensions.forget(source);
}

const nothingAtAll: Snapshot = { extensions: [], dialogs: [], features: [], registrations: [], mailboxes: [] };
