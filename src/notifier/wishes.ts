import type { PhoneWish } from '../event-packages/event-package.ts';
import type { AgentRequest } from '../model/agent.ts';
import { userOf } from '../model/aor.ts';
import type { Origin, Wish } from '../model/feature.ts';
import type { Logger } from '../model/logger.ts';
import type { AgentVerdict, Verdict } from '../model/verdict.ts';
import type { Draft } from './subscribe.ts';

/** The gate's door. */
export type Grant = (wish: Wish | AgentRequest) => Promise<Verdict | AgentVerdict>;

/**
 * Puts what a phone wished to the gate, one after the other in the order of the body. Never rejects: whatever the gate
 * does, the phone is told the truth afterwards.
 */
export async function putWishes(
  wishes: readonly PhoneWish[],
  { aor, request }: Pick<Draft, 'aor' | 'request'>,
  grant: Grant,
  logger: Logger,
): Promise<void> {
  const { watcher, source, userAgent } = request;
  const who = watcher.aor === null ? '' : userOf(watcher.aor);
  const origin: Origin = { kind: 'phone', who, from: source, userAgent };
  for (const wish of wishes) {
    try {
      await grant({ ...wish, aor, origin });
    } catch (error) {
      logger.error({ err: error, aor, feature: wish.feature }, 'the gate failed on a wish');
    }
  }
}
