import type { FeatureValue } from '../model/feature.ts';
import type { Verdict } from '../model/verdict.ts';
import type { Context, Ending } from './context.ts';

/**
 * Says how the wish ended. One row for every wish: the hub's, written with the change, or this one; of phones that wish in
 * vain without end only as many as `TrailGuard` admits. Never throws.
 */
export function audit(context: Context, ending: Ending): Verdict {
  const { wish, before, wished, tools, written, guards } = context;
  const { aor, feature, origin } = wish;
  const state = tools.view(aor).features[feature];
  const { decision, refusal } = ending;
  const room = written || origin.kind !== 'phone' ? 'yes' : guards.trail.admits(aor);
  if (room === 'last') tools.logger.warn({ aor, origin }, 'too many wishes in vain: the next ones are not audited');
  if (!written && room !== 'full') {
    try {
      tools.audit({
        at: tools.clock.now(),
        aor,
        feature,
        origin,
        before: bareValue(before),
        after: bareValue(state),
        wished,
        decision,
        reason: refusal === null ? null : `${refusal.code}: ${refusal.message}`,
      });
    } catch (error) {
      tools.logger.error({ err: error, aor, feature, decision }, 'audit row not stored');
    }
  }
  if (refusal !== null && room !== 'full')
    tools.logger.info(
      { aor, feature, decision, code: refusal.code, reason: refusal.message, origin },
      'wish not granted',
    );
  return { decision, refusal, state };
}

function bareValue({ enabled, target, ringCount }: FeatureValue): FeatureValue {
  return { enabled, target, ringCount };
}
