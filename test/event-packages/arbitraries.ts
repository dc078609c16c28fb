import fc from 'fast-check';
import type { RenderRequest } from '../../src/event-packages/event-package.ts';
import { aorOf } from '../../src/model/aor.ts';
import { type FeatureName, type FeatureState, featureNames } from '../../src/model/feature.ts';
import type { PhoneProfile } from '../../src/model/profile.ts';
import type { DialogView, ResourceView } from '../../src/model/views.ts';

/** Text as the network sends it. */
export const hostileText = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.stringMatching(/^[<>&"'\r\n\]0-9-]{0,12}$/),
);

const featureState: fc.Arbitrary<FeatureState> = fc.record({
  assigned: fc.boolean(),
  enabled: fc.boolean(),
  target: fc.option(hostileText),
  ringCount: fc.option(fc.integer({ min: 1, max: 20 })),
  rev: fc.nat(),
  updatedBy: fc.constantFrom('phone', 'pbx', 'api'),
  updatedAt: fc.nat(),
});

const dialogView: fc.Arbitrary<DialogView> = fc.record({
  id: fc.stringMatching(/^[a-f0-9]{4,16}$/),
  phase: fc.constantFrom('trying', 'proceeding', 'early', 'confirmed'),
  direction: fc.constantFrom('initiator', 'recipient'),
  holding: fc.boolean(),
  remote: fc.record({ number: fc.option(hostileText), name: fc.option(hostileText), presentable: fc.boolean() }),
  since: fc.nat(),
});

export const resourceView: fc.Arbitrary<ResourceView> = fc.record({
  aor: hostileText.map((user) => aorOf(user, 'lamplighter.test')),
  displayName: fc.option(hostileText),
  known: fc.boolean(),
  stale: fc.boolean(),
  contacts: fc.nat(3),
  dialogs: fc.uniqueArray(dialogView, { selector: ({ id }) => id, maxLength: 4 }),
  features: fc.record(
    Object.fromEntries(featureNames.map((name) => [name, featureState])) as Record<
      FeatureName,
      fc.Arbitrary<FeatureState>
    >,
  ),
  mailbox: fc.constant(null),
});

const profile: fc.Arbitrary<PhoneProfile> = fc.record({
  name: fc.constant('any'),
  idleAtSubscribe: fc.constantFrom('dummy', 'empty'),
  idleAtEnd: fc.constantFrom('last', 'empty'),
  dialogs: fc.constantFrom('multi', 'single'),
  callerConfirmed: fc.boolean(),
  trying: fc.constantFrom('hide', 'show'),
  dndOnBlf: fc.constantFrom('busy', 'off'),
  identities: fc.constantFrom('number-if-allowed', 'none', 'full'),
  paramAttr: fc.constantFrom('pval', 'pvalue'),
  notifyMinIntervalMs: fc.constant(1000),
  initialNotify: fc.constantFrom('auto', 'multipart', 'sequential'),
  notifyTimeouts: fc.constant(3),
});

/** A request for one of the content types, with `aspects` as what a scope may name. */
export function renderRequest(
  contentTypes: readonly string[],
  aspects: readonly string[],
): fc.Arbitrary<RenderRequest> {
  return fc.record({
    entity: hostileText,
    contentType: fc.constantFrom(...contentTypes),
    profile,
    scope: fc.oneof(fc.constant('full' as const), fc.subarray([...aspects])),
    occasion: fc.constantFrom('initial', 'change', 'final'),
    version: fc.nat(2 ** 31 - 10),
    shown: fc.uniqueArray(fc.stringMatching(/^[a-f0-9]{4,16}$/), { maxLength: 3 }),
    roomBytes: fc.constantFrom(1, 400, 800, 1200, 60_000),
    own: fc.boolean(),
    boundary: fc.stringMatching(/^[a-f0-9]{32}$/),
  });
}
