import fc from 'fast-check';
import type { LeftWatcher, RenderRequest, WatcherEntry } from '../../src/event-packages/event-package.ts';
import { agentPhases } from '../../src/model/agent.ts';
import { aorOf } from '../../src/model/aor.ts';
import { type FeatureName, type FeatureState, featureNames } from '../../src/model/feature.ts';
import { callKinds, type PhoneProfile } from '../../src/model/profile.ts';
import type { PublishedPresence } from '../../src/model/publication.ts';
import type { DialogView, ResourceView } from '../../src/model/views.ts';
import { anySign } from '../support/any-sign.ts';

/** Text as the network sends it. */
export const hostileText = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: anySign, maxLength: 12 }),
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
  callId: fc.option(hostileText, { nil: undefined }),
  localTag: fc.option(hostileText, { nil: undefined }),
  remoteTag: fc.option(hostileText, { nil: undefined }),
});

/** As a PBX may say it. */
const count = fc.oneof(fc.nat(9), fc.integer(), fc.double());

const watcherEntry: fc.Arbitrary<WatcherEntry> = fc.record({
  id: fc.nat(),
  watcher: fc.option(hostileText.map((user) => aorOf(user, 'lamplighter.test'))),
  subscribedFor: fc.nat(),
  expiresIn: fc.nat(),
});

const leftWatcher: fc.Arbitrary<LeftWatcher> = fc.record({
  id: fc.nat(9999), // `shown` has such numbers among its texts
  watcher: fc.option(hostileText.map((user) => aorOf(user, 'lamplighter.test'))),
  subscribedFor: fc.nat(),
  event: fc.constantFrom('deactivated', 'timeout', 'noresource'),
});

const publishedPresence: fc.Arbitrary<PublishedPresence> = fc.record({
  kind: fc.constant('presence' as const),
  basic: fc.constantFrom('open', 'closed', null),
  activities: fc.array(fc.oneof(hostileText, fc.constantFrom('busy', 'on-the-phone', 'vacation')), { maxLength: 3 }),
  notes: fc.array(hostileText, { maxLength: 3 }),
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
  contactUris: fc.array(hostileText, { maxLength: 3 }),
  published: fc.option(fc.array(publishedPresence, { maxLength: 2 }), { nil: undefined }),
  mailbox: fc.option(fc.record({ new: count, old: count, newUrgent: count, oldUrgent: count })),
  agent: fc.option(
    fc.record({ phase: fc.constantFrom(...agentPhases), reason: fc.option(hostileText), since: fc.nat() }),
    { nil: undefined },
  ),
});

const profile: fc.Arbitrary<PhoneProfile> = fc.record({
  name: fc.constant('any'),
  idleAtSubscribe: fc.constantFrom('dummy', 'empty'),
  idleAtEnd: fc.constantFrom('last', 'dummy', 'empty'),
  dialogs: fc.constantFrom('multi', 'single'),
  rank: fc.uniqueArray(fc.constantFrom(...callKinds), { minLength: 1 }),
  callerConfirmed: fc.boolean(),
  trying: fc.constantFrom('hide', 'show'),
  dndOnBlf: fc.constantFrom('busy', 'off'),
  identities: fc.constantFrom('number-if-allowed', 'none', 'full'),
  paramAttr: fc.constantFrom('pval', 'pvalue'),
  pickup: fc.constantFrom('none', 'code', 'replaces'),
  pickupCode: fc.constantFrom('**', '*8', ''),
  notifyMinIntervalMs: fc.constant(1000),
  initialNotify: fc.constantFrom('auto', 'multipart', 'sequential'),
  notifyTimeouts: fc.constant(3),
  watch: fc.constant([]),
  watchProof: fc.constant('address'),
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
    shown: fc.uniqueArray(
      fc.oneof(
        fc.stringMatching(/^[a-f0-9]{4,16}$/),
        fc.nat(9999).map(String),
        hostileText.map((text) => `sip:${text}@b`),
      ),
      { maxLength: 3 },
    ),
    roomBytes: fc.constantFrom(1, 400, 800, 1200, 60_000),
    watcher: fc.constantFrom(null, aorOf('1001', 'lamplighter.test'), aorOf('1002', 'lamplighter.test')),
    own: fc.boolean(),
    mayPickUp: fc.boolean(),
    boundary: fc.stringMatching(/^[a-f0-9]{32}$/),
    params: fc.constant({}),
    watchers: fc.uniqueArray(watcherEntry, { selector: ({ id }) => id, maxLength: 4 }),
    left: fc.uniqueArray(leftWatcher, { selector: ({ id }) => id, maxLength: 3 }),
  });
}
