import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { dialogInfo, featureEvents, featureType, lamp, setDnd } from '../support/phone.ts';
import { AmiClient } from './lab/ami.ts';
import { it, Site, skip } from './scene.ts';

let site: Site;

before(async () => {
  if (skip === null) site = await Site.open();
});
after(() => site?.close());

it('Asterisk killed and started again: stale while away, refused wishes tell the truth, right again without a person', async () => {
  const [caller, callee] = [await site.line('1001'), await site.line('1002')];
  const watcher = await site.desk('1003');
  const keys = await watcher.subscribe({ event: 'as-feature-event' });
  const lampOf = await watcher.subscribe({ event: 'dialog', resource: '1002' });
  const call = await caller.invite('1002');
  await (await callee.nextCall()).answer();
  await call.answered;
  await lampOf.next((one) => lamp(dialogInfo(one)) === 'busy', 8000);
  await site.lab.kill();
  await site.daemon.until('/readyz', (_body, status) => status === 503, 20_000);
  const away = await site.daemon.api<{ stale: boolean }>('/api/v1/extensions/1002');
  assert.equal(away.body.stale, true);
  const told = keys.notifies.length;
  assert.equal((await keys.refresh({ body: setDnd(true), contentType: featureType })).status, 200);
  await keys.next(
    (one) =>
      keys.notifies.indexOf(one) >= told &&
      featureEvents(one).some(({ feature, enabled }) => feature === 'dnd' && !enabled),
  );
  await site.lab.restart();
  await site.daemon.ready(40_000);
  await lampOf.next((one) => lamp(dialogInfo(one)) === 'off', 15_000);
  await keys.refresh({ body: setDnd(true), contentType: featureType });
  await keys.next((one) => featureEvents(one).some(({ feature, enabled }) => feature === 'dnd' && enabled), 8000);
  assert.match(await site.lab.cli('database show DND'), /\/DND\/1003\s*: YES/);
  assert.deepEqual(watcher.violations, []);
});

it('Lamplighter killed with -9 under load and started again: every phone is told in its old dialog, nothing goes back', async () => {
  const gui = await AmiClient.connect(site.lab.admin);
  const watchers = await Promise.all(['1001', '1002', '1003', '1004'].map((user) => site.desk(user)));
  const lamps = (
    await Promise.all(
      watchers.map((desk) =>
        Promise.all(['1001', '1002', '1004', '1005'].map((resource) => desk.subscribe({ event: 'dialog', resource }))),
      ),
    )
  ).flat();
  let loading = true;
  const load = (async () => {
    for (let on = true; loading; on = !on) {
      await gui.action({ Action: 'DBPut', Family: 'DND', Key: '1002', Val: on ? 'YES' : '' });
      await gui.action({
        Action: 'Setvar',
        Variable: 'DEVICE_STATE(Custom:DND1002)',
        Value: on ? 'BUSY' : 'UNAVAILABLE',
      });
      if (!on) await gui.action({ Action: 'DBDel', Family: 'DND', Key: '1002' });
    }
  })();
  try {
    await lamps[1]!.next((one) => lamp(dialogInfo(one)) === 'busy', 10_000);
    await site.daemon.kill();
    const seen = lamps.map(({ notifies }) => notifies.length);
    // what the PBX does while nobody listens
    await gui.action({ Action: 'DBPut', Family: 'DND', Key: '1005', Val: 'YES' });
    await gui.action({ Action: 'Setvar', Variable: 'DEVICE_STATE(Custom:DND1005)', Value: 'BUSY' });
    await site.restartDaemon();
    await site.daemon.ready(20_000);
    for (const [index, subscription] of lamps.entries()) {
      await subscription.next((one) => subscription.notifies.indexOf(one) >= seen[index]!, 10_000);
    }
    await lamps[3]!
      .next((one) => lamp(dialogInfo(one)) === 'busy', 10_000)
      .catch(() => {
        assert.equal(lamp(dialogInfo(lamps[3]!.notifies.at(-1)!)), 'busy', 'what changed meanwhile is on the lamp');
      });
  } finally {
    loading = false;
    await load;
    await gui.close();
  }
  assert.deepEqual(
    watchers.flatMap(({ violations }) => violations),
    [],
  );
});
