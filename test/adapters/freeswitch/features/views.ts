import type { Features } from '../../../../adapters/freeswitch/features/notice.ts';
import {
  type FeatureName,
  type FeatureState,
  type FeatureValue,
  featureNames,
  featureOff,
} from '../../../../src/model/feature.ts';

/** The features of a user, everything off but what is named. */
export function featuresWith(some: Partial<Record<FeatureName, Partial<FeatureState>>> = {}): Features {
  const rest = { assigned: true, rev: 0, updatedBy: 'pbx', updatedAt: 0 } as const;
  const all = featureNames.map((name) => [name, { ...featureOff, ...rest, ...some[name] }]);
  return Object.fromEntries(all) as Record<FeatureName, FeatureState>;
}

export const on = (target: string | null = null, ringCount: number | null = null): FeatureValue => ({
  enabled: true,
  target,
  ringCount,
});
