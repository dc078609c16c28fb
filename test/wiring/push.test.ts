import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PbxAdapter } from '../../adapters/adapter.ts';
import { configSchema } from '../../src/config/schema.ts';
import { aorOf } from '../../src/model/aor.ts';
import { granted } from '../../src/model/outcome.ts';
import type { PbxEvent, Snapshot } from '../../src/model/pbx-event.ts';
import type { PhoneNotice } from '../../src/model/phone-notice.ts';
import { systemRandom } from '../../src/model/random.ts';
import { Hub } from '../../src/state/hub.ts';
import { Current } from '../../src/wiring/current.ts';
import { pushOf } from '../../src/wiring/push.ts';
import { FakeVersionStore } from '../push/rig.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/silent-logger.ts';

const aor = aorOf('1001', 'pbx.example');
const value = { enabled: true, target: null, ringCount: null };

/** A hub, a PBX in the test's hand and what is pushed, as the app wires them. */
function stage(capabilities: object, rule: object = {}) {
  const config = configSchema.parse({
    domain: 'pbx.example',
    push: [{ extensions: '1\\d{3}', packages: ['as-feature-event'], ...rule }],
  });
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const store = { commitFeature: () => undefined, putLegs: () => undefined } as never;
  const hub = new Hub({ clock, logger, store, secret: Buffer.alloc(32), sources: ['main'] });
  const sent: PhoneNotice[] = [];
  const adapter = {
    capabilities: { notifiesPhones: true, ...capabilities },
    notifyPhones: async (_: unknown, notice: PhoneNotice) => {
      sent.push(notice);
      return granted([]);
    },
  } as unknown as PbxAdapter;
  const push = pushOf({
    current: new Current(config),
    clock,
    random: systemRandom,
    logger,
    hub,
    adapters: new Map([['main', adapter]]),
    notifier: { isTold: () => false },
    store: new FakeVersionStore(),
  });
  push.start();
  const snapshot: Snapshot = {
    extensions: [{ aor, displayName: null }],
    dialogs: [],
    features: [],
    registrations: [{ aor, contacts: 1 }],
    mailboxes: [],
  };
  const tell = (event: Record<string, unknown>) => hub.apply({ source: 'main', ...event } as PbxEvent);
  const inStep = (epoch: string) => {
    tell({ type: 'link', state: 'stale', reason: null });
    tell({ type: 'snapshot', epoch, snapshot });
    tell({ type: 'link', state: 'up', reason: null });
  };
  return { push, clock, logger, sent, tell, inStep };
}

test('what a PBX tells when it comes is pushed once, and once more when it is back with the same picture', async () => {
  const { push, clock, sent, tell, inStep } = stage({});
  inStep('a');
  await clock.run(5_000);
  assert.equal(sent.length, 4);
  tell({ type: 'link', state: 'down', reason: 'gone' });
  await clock.run(5_000);
  inStep('a');
  await clock.run(5_000);
  assert.equal(sent.length, 8);
  tell({ type: 'feature', aor, feature: 'dnd', value });
  await clock.run(1_000);
  assert.match(sent[8]?.body ?? '', /<doNotDisturbOn>true</);
  tell({ type: 'registration', aor, contacts: 0 });
  tell({ type: 'feature', aor, feature: 'dnd', value: { ...value, enabled: false } });
  await clock.run(5_000);
  assert.equal(sent.length, 9);
  push.stop();
});

test('phones of a FreeSWITCH in native mode are told by it; the other packages, and whom the admin wants told twice, are pushed', async () => {
  for (const [rule, count] of [
    [{}, 0],
    [{ subscribed: 'tell' }, 4],
    [{ packages: ['message-summary'] }, 1],
  ] as const) {
    const { push, clock, sent, inStep } = stage({ tellsPhones: true }, rule);
    inStep('a');
    await clock.run(5_000);
    assert.equal(sent.length, count, JSON.stringify(rule));
    push.stop();
  }
});

test('a PBX without a way to phones is asked for nothing', async () => {
  const { push, clock, sent, inStep, logger } = stage({ notifiesPhones: false });
  inStep('a');
  await clock.run(5_000);
  assert.deepEqual(sent, []);
  assert.equal(logger.lines.filter(({ message }) => /cannot send NOTIFYs/.test(message)).length, 1);
  push.stop();
});
