import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EslLink } from '../../../../adapters/freeswitch/esl/esl-link.ts';
import { FeatureDesk } from '../../../../adapters/freeswitch/features/desk.ts';
import { FusionPbxBackend } from '../../../../adapters/freeswitch/features/fusionpbx.ts';
import { aorOf } from '../../../../src/model/aor.ts';
import { systemClock } from '../../../../src/model/clock.ts';
import { type FeatureName, featureOff, type Wish } from '../../../../src/model/feature.ts';
import { systemRandom } from '../../../../src/model/random.ts';
import { FakeFreeswitch } from '../../../support/freeswitch/fake-freeswitch.ts';
import { silentLogger } from '../../../support/silent-logger.ts';
import { ScriptedEsl } from './scripted.ts';
import { on } from './views.ts';

const aor = aorOf('2001', 'pbx.example');
const origin = { kind: 'phone', who: '2001', from: 'freeswitch:internal', userAgent: null } as const;
const wish = (feature: FeatureName, enabled: boolean, more: Partial<Wish> = {}): Wish => ({
  aor,
  feature,
  enabled,
  origin,
  ...more,
});

interface Stage {
  readonly pbx: FakeFreeswitch;
  readonly desk: FeatureDesk;
  /** What was fed: `dnd on`. */
  readonly fed: string[];
  readonly write: (wish: Wish, deadlineMs?: number) => ReturnType<FeatureDesk['write']>;
}

/** A FreeSWITCH with FusionPBX's hook behind a real event socket, and the backend before it. */
async function stage(work: (it: Stage) => Promise<void>, { hook = true, registered = true } = {}): Promise<void> {
  const pbx = new FakeFreeswitch({ fusionpbx: hook });
  await pbx.listen();
  pbx.directory.add('2001', 'pbx.example', { password: 'x' });
  if (registered) pbx.register(aor);
  const tools = { clock: systemClock, random: systemRandom, logger: silentLogger };
  const { port } = pbx;
  const esl = new EslLink({ host: '127.0.0.1', port, password: pbx.esl.password, events: [], subclasses: [] }, tools);
  await new Promise<void>((resolve, reject) => esl.start({ up: resolve, down: reject, event: () => undefined }));
  const fed: string[] = [];
  const feed = (_: string, feature: FeatureName, value: { enabled: boolean; target: string | null }) =>
    fed.push(`${feature} ${value.enabled ? (value.target ?? 'on') : 'off'}`);
  const desk = new FeatureDesk({ ...tools, esl, backend: new FusionPbxBackend(systemClock), feed });
  const write = (it: Wish, deadlineMs = 10_000) => desk.write(it, featureOff, deadlineMs);
  try {
    await work({ pbx, desk, fed, write });
  } finally {
    desk.stop();
    esl.stop();
    await pbx.close();
  }
}

describe('features kept by FusionPBX', () => {
  test('are read from the directory, and written as if a phone had pressed its key', () =>
    stage(async ({ pbx, write }) => {
      assert.deepEqual(await write(wish('dnd', true)), { ok: true, value: on() });
      assert.deepEqual(pbx.hook?.writes, ['2001@pbx.example do_not_disturb=true']);
      assert.deepEqual(await write(wish('cfb', true, { target: '2018' })), { ok: true, value: on('2018', null) });
      const rings = wish('cfna', true, { target: '2019', ringCount: 4 });
      assert.deepEqual(await write(rings), { ok: true, value: on('2019', 4) });
      assert.equal(pbx.directory.get(aor)?.variables.get('call_timeout'), '24');
    }));

  test('forward always ends do-not-disturb, as FusionPBX has it, and both are fed', () =>
    stage(async ({ write, fed }) => {
      await write(wish('dnd', true));
      fed.length = 0;
      await write(wish('cfa', true, { target: '2017' }));
      assert.equal(fed[0], 'cfa 2017');
      assert.ok(fed.includes('dnd off'));
    }));

  test('no other forward, and none that is switched off, ends do-not-disturb, though FusionPBX’s script does', () =>
    stage(async ({ pbx, write, fed }) => {
      pbx.directory.get(aor)?.variables.set('forward_all_enabled', 'true').set('forward_all_destination', '2017');
      await write(wish('dnd', true));
      for (const it of [wish('cfb', true, { target: '2018' }), wish('cfb', false), wish('cfa', false)]) {
        fed.length = 0;
        assert.equal((await write(it)).ok, true);
        assert.equal(pbx.directory.get(aor)?.variables.get('do_not_disturb'), 'true');
        assert.ok(!fed.includes('dnd off'), fed.join());
      }
    }));

  test('off keeps the destination', () =>
    stage(async ({ pbx, write }) => {
      await write(wish('cfa', true, { target: '2017' }));
      assert.deepEqual(await write(wish('cfa', false)), {
        ok: true,
        value: { enabled: false, target: '2017', ringCount: null },
      });
      assert.equal(pbx.directory.get(aor)?.variables.get('forward_all_destination'), '2017');
      assert.deepEqual(await write(wish('cfa', true)), { ok: true, value: on('2017') });
    }));

  test('what already is is not written again: the script would do more than that', () =>
    stage(async ({ pbx, desk, write }) => {
      await write(wish('dnd', true));
      await desk.write(wish('dnd', true), on(), 10_000);
      assert.equal((await write(wish('cfa', false))).ok, true);
      assert.equal(pbx.hook?.writes.length, 1);
    }));

  test('what its cache still says is written all the same, where its phones were told something else meanwhile', () =>
    stage(async ({ pbx, desk }) => {
      // Its table has do-not-disturb on, its phones know, and the cache that is read here was not cleared yet.
      assert.deepEqual(await desk.write(wish('dnd', false), on(), 10_000), { ok: true, value: featureOff });
      assert.deepEqual(pbx.hook?.writes, ['2001@pbx.example do_not_disturb=false']);
    }));

  test('without a registered phone FusionPBX takes nothing, and that is said', () =>
    stage(
      async ({ pbx, write }) => {
        const refusal = await write(wish('dnd', true));
        assert.equal(refusal.ok ? '' : refusal.refusal.code, 'pbx-refused');
        assert.match(refusal.ok ? '' : refusal.refusal.message, /registered/);
        assert.deepEqual(pbx.hook?.writes, []);
      },
      { registered: false },
    ));

  test('without the hook nothing happens: said at the deadline, with the line that is missing', () =>
    stage(
      async ({ write }) => {
        const refusal = await write(wish('dnd', true), 400);
        assert.equal(refusal.ok ? '' : refusal.refusal.code, 'pbx-timeout');
        assert.match(refusal.ok ? '' : refusal.refusal.message, /lua\.conf\.xml/);
      },
      { hook: false },
    ));

  test('a forward without a destination is none, whatever stands in the table', () =>
    stage(async ({ pbx, desk, fed }) => {
      pbx.directory.get(aor)?.variables.set('forward_all_enabled', 'true');
      await new Promise<void>((resolve) => {
        desk.watch(() => [aor], 1);
        const look = setInterval(() => {
          if (fed.length < 4) return;
          clearInterval(look);
          resolve();
        }, 5);
      });
      assert.deepEqual(fed.slice(0, 2), ['dnd off', 'cfa off']);
    }));
});

test('a name or a number that FusionPBX must not be given is not sent at all', async () => {
  const esl = new ScriptedEsl();
  const backend = new FusionPbxBackend(systemClock);
  for (const target of ['20 17', '2017\n\napi x', 'a/b', '5'.repeat(33), 'x<y>']) {
    const refusal = await backend.write(esl, wish('cfa', true, { target }), featureOff, 1000);
    assert.equal(refusal.ok ? '' : refusal.refusal.code, 'pbx-refused', target);
  }
  for (const user of ['a b', 'a\n\nb', 'x'.repeat(33), '']) {
    const refusal = await backend.write(
      esl,
      { ...wish('dnd', true), aor: aorOf(user, 'pbx.example') },
      featureOff,
      1000,
    );
    assert.equal(refusal.ok ? '' : refusal.refusal.code, 'pbx-refused', user);
  }
  assert.deepEqual(esl.sent, []);
});

test('a no-answer forward always says how often the phone rings: the script breaks off without', async () => {
  const esl = new ScriptedEsl();
  const state = new Map<string, string>();
  esl.answer = (command) => {
    if (command.startsWith('sofia_contact')) return 'sofia/internal/sip:2001@192.0.2.1:5060';
    if (esl.sent.length > 0)
      state.set('forward_no_answer_enabled', 'true').set('forward_no_answer_destination', '2019');
    return state.get(command.split(' ')[3] ?? '') ?? '-ERR no reply';
  };
  const written = await new FusionPbxBackend(systemClock).write(
    esl,
    wish('cfna', true, { target: '2019' }),
    featureOff,
    5000,
  );
  assert.deepEqual(written, { ok: true, value: on('2019') });
  assert.deepEqual(esl.sent[0], {
    name: 'PHONE_FEATURE_SUBSCRIBE',
    headers: {
      user: '2001',
      host: 'pbx.example',
      profile_name: 'internal',
      device: '2001',
      'Feature-Enabled': 'true',
      'Feature-Action': 'SetCallForward',
      'Action-Name': 'forward_no_answer',
      'Action-Value': '2019',
      ringCount: '5',
    },
  });
});
