import { type FeatureName, sameFeature, type Wish } from '../model/feature.ts';
import type { HookAdvice, HookQuestion } from '../model/hook.ts';
import type { Outcome, Refusal } from '../model/outcome.ts';
import { type Ending, type FeatureContext, fail, refuse } from './context.ts';
import { authorise, normalise } from './judge.ts';
import type { TargetPolicy } from './policy.ts';

/** The admin's own word on wishes, as the gate knows it. */
export interface SetHook {
  /** The longest time one answer may take; milliseconds. */
  readonly deadlineMs: number;
  /** Features whose store is the hook's: the PBX is never asked for them. */
  readonly owns: ReadonlySet<FeatureName>;
  /** `any`: its targets need no permission by the policy; a deny pattern, oneself and a circle are refused all the same. */
  readonly targets: 'policy' | 'any';
  /**
   * Never rejects, and answers within `deadlineMs`. null: the hook has nothing to say. A refusal with the code `hook-failed`
   * means that it did not decide.
   */
  set(question: HookQuestion, deadlineMs: number): Promise<Outcome<HookAdvice | null>>;
}

const late: Refusal = { code: 'hook-failed', message: 'no time was left for the hook to decide' };

/** Asks the hook about a wish that our rules allow. What it changes is normalised and judged like a phone's own word. */
export async function consult(context: FeatureContext): Promise<Ending | null> {
  const { wish, before, wished, tools, deadlineAt } = context;
  const { hook, clock } = tools;
  if (hook === undefined) return null;
  const left = Math.min(hook.deadlineMs, deadlineAt - clock.now());
  if (left <= 0) return fail(late);
  const { aor, feature, origin, param = null } = wish;
  const answer = await hook.set({ aor, feature, value: wished, current: before, origin, param }, left);
  if (!answer.ok) return fail(answer.refusal);
  const advice = answer.value;
  if (advice !== null) {
    if (advice.refusal !== null) return refuse(advice.refusal);
    if (!advice.assigned) return hide(context);
    context.quiet = !advice.notify;
    const ending = follow(context, advice, hook.targets);
    if (ending !== null) return ending;
  }
  // What the hook holds is the truth: there is nothing to ask the PBX.
  if (advice?.handled || hook.owns.has(feature)) context.answer = context.wished;
  return null;
}

function hide({ wish, source, tools }: FeatureContext): Ending {
  const { aor, feature } = wish;
  if (source !== null) tools.apply({ type: 'assignment', source, aor, feature, assigned: false });
  return refuse({ code: 'not-assigned', message: `this user does not have ${feature}` });
}

/** The wish as the hook wants it, and once more through our rules. */
function follow(context: FeatureContext, advice: HookAdvice, targets: SetHook['targets']): Ending | null {
  const { wish, wished, tools } = context;
  const { enabled = wished.enabled, target = wished.target, ringCount = wished.ringCount } = advice;
  if (sameFeature({ enabled, target, ringCount }, wished)) return null;
  const named = context.targetNamed ? wished.target : undefined;
  const next: Wish = {
    ...wish,
    enabled,
    target: (target === wished.target ? named : target) ?? undefined,
    ringCount: ringCount ?? undefined,
  };
  const policy = targets === 'any' ? freely(tools.policy) : tools.policy;
  const again: FeatureContext = { ...context, wish: next, targetNamed: false, tools: { ...tools, policy } };
  const ending = normalise(again) ?? authorise(again);
  if (ending !== null) return ending;
  const { aor, feature, origin } = wish;
  tools.logger.info({ aor, feature, wished, now: again.wished, origin }, 'the hook changed a wish');
  context.wish = next;
  context.wished = feature === 'dnd' ? { enabled, target: null, ringCount: null } : again.wished;
  context.targetNamed = again.targetNamed;
  return null;
}

/** Everything but what a deny pattern names. */
export function freely(policy: TargetPolicy): TargetPolicy {
  return { ...policy, allow: [/(?:)/] };
}
