import type { FeatureName, FeatureValue } from '../model/feature.ts';
import type { HookQuestion } from '../model/hook.ts';

/** OpenSIPS's names of the features, as `$dfks(feature)` has them. */
export const featureWords: Readonly<Record<FeatureName, string>> = {
  dnd: 'DoNotDisturb',
  cfa: 'CallForwardingAlways',
  cfb: 'CallForwardingBusy',
  cfna: 'CallForwardingNoAnswer',
};

/** A question in the words of `$dfks(…)`: presentity, feature, status, value/forwardTo, value/ringCount, param. */
export function messageOf({ aor, feature, value, current, origin, param }: HookQuestion): object {
  return {
    presentity: `sip:${aor}`,
    feature: featureWords[feature],
    ...wordsOf(feature, value),
    param,
    ...(current === null ? {} : { current: wordsOf(feature, current) }),
    ...(origin === null ? {} : { origin }),
  };
}

function wordsOf(feature: FeatureName, { enabled, target, ringCount }: FeatureValue): object {
  const status = enabled ? 1 : 0;
  if (feature === 'dnd') return { status };
  return { status, value: feature === 'cfna' ? { forwardTo: target, ringCount } : { forwardTo: target } };
}
