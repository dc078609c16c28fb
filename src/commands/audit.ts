import type { Verdict } from '../model/verdict.ts';
import type { AnyValue, AnyWish, Context, Ending } from './context.ts';

/**
 * Says how the wish ended. One row for every wish: the hub's, written with the change, or this one; of phones that wish in
 * vain without end only as many as `TrailGuard` admits. Never throws.
 */
export function audit<W extends AnyWish, V extends AnyValue, S extends V>(
  context: Context<W, V, S>,
  ending: Ending,
): Verdict<S> {
  const { wish, matter, tools, written, guards } = context;
  const { aor, feature, origin } = wish;
  const state = matter.present(wish, tools);
  const { decision, refusal } = ending;
  tools.meters?.wishes.add(decision);
  if (refusal !== null) tools.meters?.refusals.add(decision, refusal.code);
  const room = written || decision === 'granted' || origin.kind !== 'phone' ? 'yes' : guards.trail.admits(aor);
  if (room === 'last') tools.logger.warn({ aor, origin }, 'too many wishes in vain: the next ones are not audited');
  if (!written && room !== 'full') {
    const reason = refusal === null ? null : `${refusal.code}: ${refusal.message}`;
    try {
      tools.audit(matter.row(context, { at: tools.clock.now(), after: state, decision, reason }));
    } catch (error) {
      tools.logger.error({ err: error, aor, feature, decision }, 'audit row not stored');
    }
  }
  if (refusal !== null && room !== 'full')
    tools.logger.info(
      { aor, feature, decision, code: refusal.code, reason: refusal.message, origin },
      'wish not granted',
    );
  return { decision, refusal, state, ...(context.quiet ? { quiet: true } : {}) };
}
