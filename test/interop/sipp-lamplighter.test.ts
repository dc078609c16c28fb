import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AmiClient, guiSetDnd } from './lab/ami.ts';
import { orRequired } from './required.ts';
import { skip as noSite, Site } from './scene.ts';
import { run, sippMissing } from './sipp/sipp.ts';

let site: Site;
const skip = orRequired(await sippMissing()) ?? noSite;

before(async () => {
  if (skip === null) site = await Site.open();
});
after(() => site?.close());

for (const transport of ['udp', 'tcp'] as const) {
  test(`SIPp subscribes to as-feature-event over ${transport}, sets DND, sees it told and leaves`, {
    skip: skip ?? false,
  }, async () => {
    const port = transport === 'udp' ? site.daemon.udpPort : site.daemon.tcpPort;
    const { code, log } = await run('subscribe_dnd', { port, user: '1001', password: 'pw1001', transport });
    assert.equal(code, 0, log);
    assert.match(await site.lab.cli('database show DND'), /\/DND\/1001\s*: YES/);
    const gui = await AmiClient.connect(site.lab.admin);
    await guiSetDnd(gui, '1001', false);
    await gui.close();
    await site.daemon.until<{ features: { dnd: { enabled: boolean } } }>(
      '/api/v1/extensions/1001',
      ({ features }) => !features.dnd.enabled,
    );
  });
}

test('SIPp watches a lamp, sees it change and leaves', { skip: skip ?? false }, async () => {
  const { udpPort: port } = site.daemon;
  const watching = run('subscribe_dialog', { port, user: '1002', password: 'pw1002' });
  // the first state has been told: what comes now is the change
  await site.daemon.until<{ lastStatus: number | null }[]>('/api/v1/subscriptions', ([one]) => one?.lastStatus === 200);
  const gui = await AmiClient.connect(site.lab.admin);
  await guiSetDnd(gui, '1002', true);
  const { code, log } = await watching;
  await guiSetDnd(gui, '1002', false);
  await gui.close();
  assert.equal(code, 0, log);
  assert.deepEqual(await site.daemon.until<unknown[]>('/api/v1/subscriptions', (list) => list.length === 0), []);
});
