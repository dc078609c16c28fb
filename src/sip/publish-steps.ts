import type { Aor } from '../model/aor.ts';
import type { SipRequest } from './engine.ts';
import type { Watcher } from './front.ts';
import type { PublishMessage } from './publish-message.ts';
import {
  authenticate,
  refuseEncodedBodies,
  refuseForeignSchemes,
  refuseLargeBodies,
  refuseUnknownExtensions,
  requireOneDomain,
  requireOurResource,
  type StepTools,
  type Verdict,
} from './subscribe-steps.ts';

/** One PUBLISH on its way to the compositor; the steps fill in what they find. */
export interface PublishAttempt {
  readonly request: SipRequest;
  readonly message: PublishMessage;
  /** No dialog says what it is about: the Request-URI does. */
  readonly initial: true;
  /** As the authenticator says. */
  who: Aor | null;
  domain: string | null;
  how: Watcher['how'];
}

type Step = (attempt: PublishAttempt, tools: StepTools) => Verdict | Promise<Verdict>;

/** As for SUBSCRIBE: what costs nothing first, and nothing is looked up before somebody has shown who he is. */
const steps: readonly Step[] = [
  refuseUnknownExtensions,
  refuseForeignSchemes,
  refuseLargeBodies,
  // Also one with `handling=optional`: without it a modification would be taken for a refresh, and its publisher be told
  // that it stands (RFC 3903 6 step 5: what cannot be understood is refused).
  refuseEncodedBodies,
  refuseStrays,
  authenticate,
  requireOurResource,
  requireOneDomain,
];

/** Runs all steps; null where every one let it pass. */
export async function judgePublish(attempt: PublishAttempt, tools: StepTools): Promise<Verdict> {
  for (const step of steps) {
    const verdict = await step(attempt, tools);
    if (verdict !== null) return verdict;
  }
  return null;
}

/** RFC 3261 12.2.2: in a dialog that is none of ours. Within one of ours it is like any other: it does not use it. */
function refuseStrays({ message: { callId, fromTag, toTag } }: PublishAttempt, { dialogs }: StepTools): Verdict {
  if (toTag === null) return null;
  return dialogs.find({ callId, localTag: toTag, remoteTag: fromTag }) === null ? { status: 481 } : null;
}
