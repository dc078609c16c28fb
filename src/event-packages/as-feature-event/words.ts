import type { FeatureName } from '../../model/feature.ts';

/** Media type of both directions. */
export const bodyType = 'application/x-as-feature-event+xml';
/** Of several documents in one body; no phone lists it in Accept, all read it. */
export const multipartType = 'multipart/mixed';

/** Without it, or with a wrong one, some phones stop reading and one restarts. */
export const namespace = 'http://www.ecma-international.org/standards/ecma-323/csta/ed3';

/** The word on the wire for each kind of forward. */
export const forwardingTypes = {
  cfa: 'forwardImmediate',
  cfb: 'forwardBusy',
  cfna: 'forwardNoAns',
} as const satisfies Partial<Record<FeatureName, string>>;

export type ForwardName = keyof typeof forwardingTypes;
export const forwardNames = ['cfa', 'cfb', 'cfna'] as const satisfies readonly ForwardName[];
