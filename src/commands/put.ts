import { within } from '../model/clock.ts';
import type { Outcome, Refusal } from '../model/outcome.ts';
import { type AnyValue, type AnyWish, type Context, type Ending, fail, refuse } from './context.ts';

const timeout: Refusal = {
  code: 'pbx-timeout',
  message: 'the PBX did not answer in time; its last known value stands',
};

/** Too many wishes, or two systems correcting each other. Only phones are held: a person at the API can break a loop. */
export function limit<W extends AnyWish, V extends AnyValue, S extends V>({
  wish,
  guards,
}: Context<W, V, S>): Ending | null {
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
export function compare<W extends AnyWish, V extends AnyValue, S extends V>(context: Context<W, V, S>): Ending | null {
  const { wish, matter, before, wished, tools } = context;
  const { stale, untold } = tools.view(wish.aor);
  if (context.answer === undefined && stale) {
    const what = untold === true ? 'it has not been reached since the start' : 'its last known value stands';
    return fail({ code: 'pbx-away', message: `the PBX is away; ${what}` });
  }
  return matter.same(before, wished) ? { decision: 'equal', refusal: null } : null;
}

/** Puts the wish to the PBX, bounded. */
export async function ask<W extends AnyWish, V extends AnyValue, S extends V>(
  context: Context<W, V, S>,
): Promise<Ending | null> {
  const { wish, wished, tools, guards, deadlineAt, quiet } = context;
  if (context.answer !== undefined) return null;
  const left = deadlineAt - tools.clock.now();
  // It waited too long behind other wishes of this user.
  if (left <= 0) return fail(timeout);
  guards.inFlight.ask(wish.aor, wish.feature, { origin: wish.origin, wished, quiet, attributed: false });
  let late = false;
  const work = put(context, left);
  const outcome = await within<Outcome<V>>(tools.clock, left, work, () => {
    late = true;
    return { ok: false, refusal: timeout };
  });
  if (late) void work.then((answer) => takeLate(context, answer));
  if (!outcome.ok) return fail(outcome.refusal);
  context.answer = outcome.value;
  return null;
}

/** Never rejects: a fault of the adapter is a PBX that could not be asked. */
async function put<W extends AnyWish, V extends AnyValue, S extends V>(
  context: Context<W, V, S>,
  deadlineMs: number,
): Promise<Outcome<V>> {
  const { wish, matter, tools } = context;
  try {
    return await matter.ask(context, deadlineMs);
  } catch (error) {
    tools.logger.error({ err: error, aor: wish.aor, feature: wish.feature }, 'the PBX could not be asked');
    return { ok: false, refusal: { code: 'pbx-failed', message: 'the PBX could not be asked' } };
  }
}

/** An answer after the deadline is news of the PBX, no longer the end of the wish, which was told as failed. */
function takeLate<W extends AnyWish, V extends AnyValue, S extends V>(
  context: Context<W, V, S>,
  answer: Outcome<V>,
): void {
  const { wish, source, matter, guards } = context;
  if (!answer.ok || source === null || guards.inFlight.asked(wish.aor, wish.feature) !== null) return;
  matter.commitLate(context, source, answer.value);
}

/** Hands what the PBX now holds to the hub, and sees what became true. */
export function readBack<W extends AnyWish, V extends AnyValue, S extends V>(context: Context<W, V, S>): Ending | null {
  const { wish, source, matter, before, answer, tools } = context;
  if (answer === undefined || source === null) return null;
  context.written = matter.commit(context, source, answer);
  if (context.written || !matter.same(before, matter.present(wish, tools))) {
    return { decision: 'granted', refusal: null };
  }
  return fail({ code: 'pbx-kept', message: 'the PBX took the wish, but holds what it held before' });
}
