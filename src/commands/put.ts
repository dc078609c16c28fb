import { within } from '../model/clock.ts';
import { type FeatureValue, sameFeature, type Wish } from '../model/feature.ts';
import type { Outcome, Refusal } from '../model/outcome.ts';
import { type Context, type Ending, fail, refuse } from './context.ts';

const timeout: Refusal = {
  code: 'pbx-timeout',
  message: 'the PBX did not answer in time; its last known value stands',
};

/** Too many wishes, or two systems correcting each other. Only phones are held: a person at the API can break a loop. */
export function limit(context: Context): Ending | null {
  const { wish, guards } = context;
  if (wish.origin.kind !== 'phone') return null;
  if (guards.oscillation.holds(wish.aor, wish.feature)) {
    return refuse({ code: 'oscillating', message: 'this feature changes too often; it rests for 5 s' });
  }
  if (!guards.rate.admits(wish.aor)) {
    return refuse({ code: 'too-many', message: 'more than 10 wishes of this user within a minute' });
  }
  return null;
}

/** A wish for what already is ends here: no write to the PBX, and no loop. */
export function compare(context: Context): Ending | null {
  const { wish, before, wished, tools } = context;
  if (tools.view(wish.aor).stale) {
    return fail({ code: 'pbx-away', message: 'the PBX is away; its last known value stands' });
  }
  return sameFeature(before, wished) ? { decision: 'equal', refusal: null } : null;
}

/** Puts the wish to the PBX, bounded. */
export async function ask(context: Context): Promise<Ending | null> {
  const { wish, wished, tools, guards, deadlineAt } = context;
  const left = deadlineAt - tools.clock.now();
  // It waited too long behind other wishes of this user.
  if (left <= 0) return fail(timeout);
  guards.inFlight.ask(wish.aor, wish.feature, { origin: wish.origin, wished, attributed: false });
  let late = false;
  const work = put(context, left);
  const outcome = await within<Outcome<FeatureValue>>(tools.clock, left, work, () => {
    late = true;
    return { ok: false, refusal: timeout };
  });
  if (late) void work.then((answer) => takeLate(context, answer));
  if (!outcome.ok) return fail(outcome.refusal);
  context.answer = outcome.value;
  return null;
}

/** Never rejects: a fault of the adapter is a PBX that could not be asked. */
async function put(context: Context, deadlineMs: number): Promise<Outcome<FeatureValue>> {
  const { wish, tools } = context;
  try {
    return await tools.ask(exactWish(context), deadlineMs);
  } catch (error) {
    tools.logger.error({ err: error, aor: wish.aor, feature: wish.feature }, 'the PBX could not be asked');
    return { ok: false, refusal: { code: 'pbx-failed', message: 'the PBX could not be asked' } };
  }
}

/** The wish as the adapter gets it: normalised, and with the remembered target where it switches on without naming one. */
function exactWish({ wish, wished, targetNamed }: Context): Wish {
  const { aor, feature, enabled, origin } = wish;
  const target = wished.target !== null && (enabled || targetNamed) ? { target: wished.target } : {};
  const ringCount = wished.ringCount === null ? {} : { ringCount: wished.ringCount };
  return { aor, feature, enabled, origin, ...target, ...ringCount };
}

/**
 * An answer after the deadline is news of the PBX, no longer the end of the wish, which was told as failed. It is taken
 * where nothing newer came in between.
 */
function takeLate(context: Context, answer: Outcome<FeatureValue>): void {
  const { wish, source, before, tools, guards } = context;
  const { aor, feature } = wish;
  if (!answer.ok || source === null || guards.inFlight.asked(aor, feature) !== null) return;
  if (tools.view(aor).features[feature].rev !== before.rev) return;
  tools.apply({ type: 'feature', source, aor, feature, value: answer.value });
}

/** Hands what the PBX now holds to the hub, in the name of who wished it, and sees what became true. */
export function readBack(context: Context): Ending | null {
  const { wish, source, before, wished, answer, tools, guards, targetNamed } = context;
  if (answer === null || source === null) return null;
  const { aor, feature, origin } = wish;
  // A PBX that forgets the target of an inactive forward would forget one that was just named: the hub remembers it.
  const kept = !answer.enabled && answer.target === null && !wish.enabled && targetNamed;
  const value = kept ? { ...answer, target: wished.target } : answer;
  const revThen = tools.view(aor).features[feature].rev;
  tools.apply({ type: 'feature', source, aor, feature, value, origin, wished });
  const after = tools.view(aor).features[feature];
  const attributed = guards.inFlight.asked(aor, feature)?.attributed ?? false;
  context.written = after.rev > revThen || (attributed && revThen > before.rev);
  if (context.written || !sameFeature(before, after)) return { decision: 'granted', refusal: null };
  return fail({ code: 'pbx-kept', message: 'the PBX took the wish, but holds what it held before' });
}
