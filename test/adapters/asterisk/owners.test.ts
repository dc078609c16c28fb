import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rig, wish } from './rig.ts';

/** 1001 and 1002 are devices of the user 4711; the endpoints keep their own names. */
function devices(database: Map<string, string>): void {
  database.set('DEVICE/1001/user', '4711');
  database.set('DEVICE/1002/user', '4711');
  database.set('AMPUSER/4711/device', '1001&1002');
}

// Each test has a PBX of its own, and waits for it most of the time.
describe('FreePBX with devices and users', { concurrency: 8 }, () => {
  test('a wish from a device is written for its user, with the states of all his devices, and told to all of them', () =>
    rig({ before: ({ ami }) => devices(ami.database) }, async ({ ami, telling, adapter }) => {
      await telling.up();
      const on = await adapter.setFeature(wish('dnd', true), 2000);
      assert.equal(on.ok, true);
      assert.deepEqual(ami.writes, [
        'DBPut DND/4711=YES',
        'Setvar DEVICE_STATE(Custom:DND4711)=BUSY',
        'Setvar DEVICE_STATE(Custom:DEVDND1001)=BUSY',
        'Setvar DEVICE_STATE(Custom:DEVDND1002)=BUSY',
      ]);
      const told = telling.of('feature').map((it) => [it.aor, it.feature, it.value.enabled]);
      assert.deepEqual(told.sort(), [
        ['1001@lab.test', 'dnd', true],
        ['1002@lab.test', 'dnd', true],
      ]);
    }));

  test('what the PBX holds for the user is shown at his devices, from the first picture on', () =>
    rig(
      {
        more: { pollSeconds: 1 },
        before: ({ ami }) => {
          devices(ami.database);
          ami.database.set('CFU/4711', '1003').set('AMPUSER/4711/ringtimer', '25');
        },
      },
      async ({ ami, telling }) => {
        await telling.up();
        const { features } = telling.of('snapshot')[0]!.snapshot;
        for (const user of ['1001', '1002']) {
          const cfna = features.find((it) => it.aor === `${user}@lab.test` && it.feature === 'cfna');
          assert.deepEqual(cfna?.value, { enabled: true, target: '1003', ringCount: 5 });
        }
        ami.database.set('CFB/4711', '1009');
        await telling.until(
          () => telling.of('feature').filter(({ feature }) => feature === 'cfb').length === 2,
          'no cfb',
        );
      },
    ));

  test('at a device where nobody is logged in no wish is granted, and a later login counts at once', () =>
    rig(
      { before: ({ ami }) => void ami.database.set('DEVICE/1001/user', 'none') },
      async ({ ami, telling, adapter }) => {
        await telling.up();
        const refused = await adapter.setFeature(wish('dnd', true), 2000);
        assert.equal(refused.ok ? '' : refused.refusal.code, 'pbx-refused');
        assert.deepEqual(ami.writes, []);
        ami.database.set('DEVICE/1001/user', '4711');
        assert.equal((await adapter.setFeature(wish('dnd', true), 2000)).ok, true);
        assert.equal(ami.database.get('DND/4711'), 'YES');
      },
    ));
});

describe('the ring time', { concurrency: 8 }, () => {
  test('changed at the PBX since the last reading: the answer to a wish has the true one', () =>
    rig({}, async ({ ami, telling, adapter }) => {
      await telling.up();
      ami.database.set('AMPUSER/1001/ringtimer', '25');
      const answer = await adapter.setFeature(wish('cfna', true, { target: '1002', ringCount: 3 }), 2000);
      assert.deepEqual(answer, { ok: true, value: { enabled: true, target: '1002', ringCount: 5 } });
    }));

  test('changed at the PBX while a no-answer forward is on: found with the next poll', () =>
    rig({ more: { pollSeconds: 1 }, before: ({ ami }) => void ami.database.set('CFU/1001', '1002') }, async (it) => {
      await it.telling.up();
      it.ami.database.set('AMPUSER/1001/ringtimer', '25');
      const told = () => it.telling.of('feature').map(({ feature, value }) => [feature, value.ringCount]);
      await it.telling.until(() => told().length > 0, 'not told');
      assert.deepEqual(told(), [['cfna', 5]]);
    }));
});

test('what the PBX changed while a wish was written is found at once, not with the next poll', () =>
  rig({ more: { pollSeconds: 60 } }, async ({ ami, telling, adapter }) => {
    await telling.up();
    await adapter.setFeature(wish('cfa', true, { target: '1002' }), 2000);
    // without an event: its device state was BUSY before
    ami.database.set('CF/1001', '1003');
    await telling.until(() => telling.of('feature').at(-1)?.value.target === '1003', 'not told');
  }));
