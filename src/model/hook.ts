import type { Aor } from './aor.ts';
import type { FeatureName, FeatureValue, Origin } from './feature.ts';
import type { Refusal } from './outcome.ts';

/** What a hook can be asked: OpenSIPS's get_route and set_route, `$dfks(assigned)` alone, and what has changed. */
export const hookCalls = ['get', 'set', 'assigned', 'notify'] as const;

export type HookCall = (typeof hookCalls)[number];

/** A call that has not been answered of late. */
export interface HookTrouble {
  readonly call: HookCall;
  /** Of its first failure after it was last well; milliseconds since the epoch. */
  readonly since: number;
  /** Failures since then. */
  readonly times: number;
  /** The last one's; holds no secret. */
  readonly reason: string;
}

/** A question about one feature of one user. */
export interface HookQuestion {
  readonly aor: Aor;
  readonly feature: FeatureName;
  /** `set`: what is wished, normalised and allowed; otherwise the truth. */
  readonly value: FeatureValue;
  /** `set`: the truth that stands; null for other calls. */
  readonly current: FeatureValue | null;
  /** Who wishes it, or made it true; null where nobody did. */
  readonly origin: Partial<Origin> | null;
  /** The word of the RPC (`route_param`); null elsewhere. */
  readonly param: string | null;
}

/** What a hook answers; what it does not mention stays as it is. */
export interface HookAdvice {
  readonly enabled?: boolean;
  /** As the hook wrote it: not normalised, not judged. */
  readonly target?: string;
  /** 1 to 20. */
  readonly ringCount?: number;
  /** False: this user does not have the feature. */
  readonly assigned: boolean;
  /** False: no NOTIFY of the change. */
  readonly notify: boolean;
  /** True: the hook has written it to a store of its own, the PBX is not asked. */
  readonly handled: boolean;
  /** Why not; its code begins with `hook-`. */
  readonly refusal: Refusal | null;
}
