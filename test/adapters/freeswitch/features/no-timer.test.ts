import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PbxAdapter } from '../../../../adapters/adapter.ts';
import { DatabaseBackend } from '../../../../adapters/freeswitch/features/database.ts';
import { FeatureDesk } from '../../../../adapters/freeswitch/features/desk.ts';
import { NativePhones } from '../../../../adapters/freeswitch/features/native.ts';
import { readPhoneKey } from '../../../../adapters/freeswitch/features/phone-feature.ts';
import { Gate } from '../../../../src/commands/gate.ts';
import { makePolicy } from '../../../../src/commands/policy.ts';
import { aorOf } from '../../../../src/model/aor.ts';
import { featureOff } from '../../../../src/model/feature.ts';
import type { PbxEvent } from '../../../../src/model/pbx-event.ts';
import { Hub } from '../../../../src/state/hub.ts';
import type { HubStore } from '../../../../src/state/hub-store.ts';
import { PhoneKeys } from '../../../../src/wiring/keys.ts';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { KeyStore } from '../../../support/freeswitch/store.ts';
import { silentLogger } from '../../../support/silent-logger.ts';
import { scenarios } from './scenarios.ts';
import { ScriptedEsl } from './scripted.ts';

test('from a pressed key to the word to all phones nothing waits for a timer: the clock stands still', async () => {
  const aor = aorOf('2001', 'pbx.example');
  const clock = new FakeClock();
  const logger = silentLogger;
  const rows = new KeyStore('db');
  const esl = new ScriptedEsl();
  esl.answer = (command) => rows.api(command.slice(3)) || '-ERR no reply';
  const store: HubStore = { commitFeature: () => undefined, putLegs: () => undefined };
  const hub = new Hub({ clock, logger, store, secret: Buffer.alloc(32), sources: ['fs'] });
  const tell = (event: PbxEvent) => (event.type === 'phone-key' ? void keys.pressed(event) : hub.apply(event));
  const desk = new FeatureDesk({
    esl,
    backend: new DatabaseBackend('db', 6),
    clock,
    logger,
    feed: (it, feature, value) => tell({ source: 'fs', type: 'feature', aor: it, feature, value }),
  });
  const native = new NativePhones({
    source: 'fs',
    esl,
    clock,
    logger,
    directory: {
      aorOf: (user, host) => aorOf(user, host),
      has: (it) => it === aor,
      contacts: () => ['sip:2001@192.0.2.21:5066'],
      holders: () => [],
      value: () => null,
      places: () => [],
    },
    style: { emptyTarget: '0', mark: 'm1' },
    tell,
    pressedElsewhere: () => undefined,
  });
  const adapter = {
    capabilities: { tellsPhones: true },
    tellFeatures: native.tellFeatures.bind(native),
  } as unknown as PbxAdapter;
  const policy = makePolicy({ domains: [{ name: 'pbx.example', aliases: [] }] });
  assert.ok(policy.ok);
  const gate = new Gate({
    clock,
    logger,
    view: (it) => hub.view(it),
    isExtension: (it) => hub.isExtension(it),
    sourceFor: (it) => hub.ownerOf(it),
    apply: (event) => hub.apply(event),
    ask: (wish, deadlineMs) => desk.write(wish, featureOff, deadlineMs),
    policy: policy.value,
    audit: () => undefined,
  });
  const keys = new PhoneKeys({
    adapters: new Map([['fs', adapter]]),
    ownerOf: (it) => hub.ownerOf(it),
    view: (it) => hub.view(it),
    grant: (wish) => gate.grant(wish),
    logger,
  });
  hub.onChange((change) => keys.changed(change));
  const empty = { dialogs: [], features: [], registrations: [], mailboxes: [] };
  tell({
    source: 'fs',
    type: 'snapshot',
    epoch: '1',
    snapshot: { extensions: [{ aor, displayName: null }], ...empty },
  });
  tell({ source: 'fs', type: 'link', state: 'up', reason: null });
  native.ready();

  const began = clock.now();
  native.take(readPhoneKey(scenarios('keys.jsonl').get('set-dnd-true')!)!);
  for (let turn = 0; turn < 10 && esl.sent.length === 0; turn++) await settle();

  assert.equal(rows.get('dnd', aor), 'true');
  assert.deepEqual(
    esl.sent.map(({ headers }) => [headers['user'], headers['call-id'], headers['doNotDisturbOn']]),
    [['2001', undefined, 'true']],
  );
  await settle();
  assert.equal(clock.now(), began);
  assert.equal(clock.pending, 0);
  assert.equal(esl.sent.length, 1);
});
