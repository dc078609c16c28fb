import { domainOf, userOf } from '../model/aor.ts';
import { mostRings, sameFeature } from '../model/feature.ts';
import type { Refusal } from '../model/outcome.ts';
import { printable } from '../model/printable.ts';
import { type Ending, type FeatureContext, refuse } from './context.ts';
import { neighbour } from './in-flight.ts';
import { normaliseTarget, type Place } from './normalise.ts';
import { isVoicemail, judgeTarget } from './policy.ts';

/** So much of a target that is none is kept for the audit trail. */
const longestShown = 80;

/**
 * Brings target and ring count into their one form. Switching off needs no target: a bad one is then ignored, for off must
 * always work.
 */
export function normalise(context: FeatureContext): Ending | null {
  const { wish, before } = context;
  if (wish.feature === 'dnd') return null;
  const ringCount = wish.feature === 'cfna' ? (rings(wish.ringCount) ?? before.ringCount) : null;
  context.wished = { enabled: wish.enabled, target: before.target, ringCount };
  const named = wish.target?.trim() ?? '';
  const text = named === '' ? before.target : named;
  // A remembered target is needed only to switch on; it was written by the PBX, in the PBX's form.
  if (text === null || (named === '' && !wish.enabled)) return null;
  const target = normaliseTarget(text, wish.aor, placeOf(context));
  if (!target.ok) {
    if (!wish.enabled) return null;
    // The audit trail says what was wished, not the target that is remembered.
    context.wished = { ...context.wished, target: printable(text, longestShown) };
    return refuse(target.refusal);
  }
  context.wished = { ...context.wished, target: target.value };
  context.targetNamed = named !== '';
  return null;
}

/** Whether the user has the feature, and may forward there. */
export function authorise(context: FeatureContext): Ending | null {
  const { wish, before, tools, guards, wished, targetNamed } = context;
  if (context.source === null || !tools.view(wish.aor).known) {
    return refuse({ code: 'unknown-extension', message: `no PBX has ${userOf(wish.aor)}` });
  }
  if (!before.assigned) return refuse({ code: 'not-assigned', message: `this user does not have ${wish.feature}` });
  if (wish.feature === 'dnd') return null;
  if (wish.enabled) {
    if (wished.target === null)
      return refuse({ code: 'no-target', message: 'no target was given, none is remembered' });
    // The PBX's admin may set what a phone may not; a phone that repeats it wishes nothing.
    if (sameFeature(before, wished)) return null;
    const refusal = judge(context, wished.target);
    if (refusal !== null) return refuse(refusal);
    if (wish.feature === 'cfa') guards.inFlight.plan(wish.aor, wished.target);
  } else if (targetNamed && wished.target !== null && judge(context, wished.target) !== null) {
    context.wished = { ...wished, target: before.target };
    context.targetNamed = false;
  }
  return null;
}

function judge(context: FeatureContext, target: string): Refusal | null {
  const { wish, tools, guards } = context;
  return judgeTarget(tools.policy, wish.aor, target, {
    isExtension: tools.isExtension,
    forwardsOf: (aor) => {
      const { cfa } = tools.view(aor).features;
      const present = cfa.enabled && cfa.target !== null ? normaliseTarget(cfa.target, aor, placeOf(context)) : null;
      const planned = guards.inFlight.planned(aor);
      return [...(present?.ok ? [present.value] : []), ...(planned === null ? [] : [planned])];
    },
  });
}

function placeOf({ wish, tools }: FeatureContext): Place {
  const isExtension = (user: string) => tools.isExtension(neighbour(wish.aor, user));
  return {
    aliases: tools.policy.aliases.get(domainOf(wish.aor)) ?? [],
    alnum: tools.policy.alnum,
    isName: (text) => isExtension(text) || isVoicemail(text, isExtension),
  };
}

/** Phones send 0 or nothing with a switch alone, so that keeps what was; too many rings would be a call that nobody takes. */
function rings(count: number | undefined): number | null {
  if (count === undefined || !Number.isInteger(count) || count < 1) return null;
  return Math.min(count, mostRings);
}
