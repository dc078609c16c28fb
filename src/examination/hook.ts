import { broken, type Check, fine, type Remark } from '../model/check.ts';
import type { HookTrouble } from '../model/hook.ts';
import type { DaemonSeen, ExaminedHook } from './seen.ts';

type Seen = Pick<DaemonSeen, 'hook' | 'extensions'>;

/** The admin's own code: whether it answers, by a `get` of ours, and what of it failed last. */
export const hook: Check<Seen> = {
  name: 'hook',
  look: async ({ hook: it, extensions }) => {
    if (it === null) return [];
    const isAsked = await ask(it, extensions);
    if (it.troubles.length > 0) return it.troubles.map((trouble) => judge(it, trouble));
    return [fine(isAsked ? `${it.name} answers` : `${it.name}: no question to it has failed`)];
  },
};

/** How things stand, as before a phone is answered: what it says is thrown away. False: it takes no `get`, or nobody is there to ask about. */
async function ask(it: ExaminedHook, extensions: Seen['extensions']): Promise<boolean> {
  const somebody = extensions.find(({ lamp }) => lamp !== true);
  if (somebody === undefined || !it.takes('get')) return false;
  const { aor, features } = somebody;
  await it.get({ aor, feature: 'dnd', value: features.dnd, current: null, origin: null, param: null });
  return true;
}

function judge({ name, onFailure }: ExaminedHook, { call, since, times, reason }: HookTrouble): Remark {
  const count = times === 1 ? 'once' : `${times} times in a row`;
  return broken(
    `${name} fails at ${call}, ${count} since ${new Date(since).toISOString()}: ${reason}${lossOf(call, onFailure)}`,
    'correct the module, program or web server of hooks, and try it by hand with a question of docs/hooks.md; it is asked again by itself',
  );
}

/** What phones have of it. */
function lossOf(call: HookTrouble['call'], onFailure: ExaminedHook['onFailure']): string {
  if (call === 'set') return onFailure.set === 'refuse' ? '; wishes are refused' : '; wishes go on without it';
  if (call === 'notify') return '; it is not told of changes';
  return onFailure.get === 'refuse'
    ? '; subscriptions to feature keys are answered 503'
    : '; phones are told what is known without it';
}
