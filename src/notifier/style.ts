import type { Aor } from '../model/aor.ts';
import type { PhoneProfile } from '../model/profile.ts';
import type { Subscription } from './record.ts';

/** What documents depend on besides the truth. */
export interface Style {
  readonly profileFor: (userAgent: string | null) => PhoneProfile;
  readonly mayPickUp: (watcher: Aor | null, resource: Aor) => boolean;
}

/** Whether a subscription that tells of these resources may be told otherwise by another style; false: certainly not. */
export function restyledBy(before: Style, after: Style): (sub: Subscription, aors: readonly Aor[]) => boolean {
  /** By User-Agent, of which there are few. */
  const known = new Map<string | null, { readonly isOther: boolean; readonly picksUp: boolean }>();
  const judge = (userAgent: string | null) => {
    const [was, is] = [before.profileFor(userAgent), after.profileFor(userAgent)];
    const judged = {
      isOther: JSON.stringify(was) !== JSON.stringify(is),
      picksUp: was.pickup !== 'none' || is.pickup !== 'none',
    };
    known.set(userAgent, judged);
    return judged;
  };
  return ({ userAgent, watcher }, aors) => {
    const { isOther, picksUp } = known.get(userAgent) ?? judge(userAgent);
    if (isOther || !picksUp) return isOther;
    return aors.some((aor) => before.mayPickUp(watcher, aor) !== after.mayPickUp(watcher, aor));
  };
}
