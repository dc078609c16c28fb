import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { featureType, setDnd, setForward } from '../support/phone.ts';
import { AmiClient, databasePut, guiSetDnd } from './lab/ami.ts';
import { it, Site, says, skip } from './scene.ts';

const event = 'as-feature-event';
let site: Site;

before(async () => {
  if (skip === null) site = await Site.open();
});
after(() => site?.close());

/** Waits until the PBX's own console shows it. */
async function shows(command: string, pattern: RegExp, wanted = true): Promise<void> {
  let printed = '';
  for (let tries = 0; tries < 60; tries++) {
    printed = await site.lab.cli(command);
    if (pattern.test(printed) === wanted) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`${command} never ${wanted ? 'showed' : 'lost'} ${pattern}:\n${printed}`);
}

it('*78 and *79 dialled at one phone light and darken the DND key of both phones of the user', async () => {
  const line = await site.line('1001');
  const desks = [await site.desk('1001'), await site.desk('1001', { transport: 'tcp' })];
  const keys = await Promise.all(desks.map((desk) => desk.subscribe({ event })));
  for (const one of keys) assert.equal(one.response.status, 200);
  await line.dial('*78');
  for (const one of keys) await says(one, 'dnd', true);
  await line.dial('*79');
  for (const one of keys) await says(one, 'dnd', false);
  assert.deepEqual(
    desks.flatMap(({ violations }) => violations),
    [],
  );
});

it('a DND key writes the AstDB key and both Custom device states, as FreePBX does, and takes them back', async () => {
  const desk = await site.desk('1002');
  const keys = await desk.subscribe({ event });
  await keys.refresh({ body: setDnd(true), contentType: featureType });
  await says(keys, 'dnd', true);
  assert.match(await site.lab.cli('database show DND'), /\/DND\/1002\s*: YES/);
  await shows('core show hints', /1002@ext-local.*State:\s*(Busy|InUse)/i);
  await shows('devstate list', /Custom:DND1002[\s\S]*?State: 'BUSY'/);
  await shows('devstate list', /Custom:DEVDND1002[\s\S]*?State: 'BUSY'/);
  await keys.refresh({ body: setDnd(false), contentType: featureType });
  await says(keys, 'dnd', false);
  assert.doesNotMatch(await site.lab.cli('database show DND'), /\/DND\/1002/);
  await shows('devstate list', /Custom:DND1002'?[\s\S]*?State: 'UNAVAILABLE'/);
});

for (const [key, family, on, off] of [
  ['cfa', 'CF', '*72', '*73'],
  ['cfb', 'CFB', '*90', '*91'],
  ['cfna', 'CFU', '*52', '*53'],
] as const) {
  it(`${key}: a key writes ${family}/EXT, a feature code at the PBX changes the key`, async () => {
    const desk = await site.desk('1003');
    const line = await site.line('1003');
    const keys = await desk.subscribe({ event });
    await keys.refresh({ body: setForward(key, true, '1004', 3), contentType: featureType });
    await says(keys, key, true, '1004');
    assert.match(await site.lab.cli(`database show ${family}`), new RegExp(`/${family}/1003\\s*: 1004`));
    await keys.refresh({ body: setForward(key, false), contentType: featureType });
    await says(keys, key, false, '1004');
    assert.doesNotMatch(await site.lab.cli(`database show ${family}`), new RegExp(`/${family}/1003`));
    await line.dial(`${on}1002`);
    await says(keys, key, true, '1002');
    await line.dial(off);
    await says(keys, key, false, '1002');
    assert.deepEqual(desk.violations, []);
  });
}

it('a change by the web page of FreePBX (AMI, no event for CFB and CFU) reaches the key', async () => {
  const desk = await site.desk('1004');
  const keys = await desk.subscribe({ event });
  const gui = await AmiClient.connect(site.lab.admin);
  try {
    for (const [family, key] of [
      ['CFB', 'cfb'],
      ['CFU', 'cfna'],
      ['CF', 'cfa'],
    ] as const) {
      await gui.action({ Action: 'DBPut', Family: family, Key: '1004', Val: '1001' });
      await says(keys, key, true, '1001');
      await gui.action({ Action: 'DBDel', Family: family, Key: '1004' });
      await says(keys, key, false, '1001');
    }
  } finally {
    await gui.close();
  }
});

it('two devices of one user: the key of either writes the row of the user and lights the key of both', async () => {
  const gui = await AmiClient.connect(site.lab.admin);
  const own = [await site.desk('1004'), await site.desk('1005')];
  const keys = await Promise.all(own.map((desk) => desk.subscribe({ event })));
  try {
    await databasePut(gui, 'AMPUSER', '1004/device', '1004&1005');
    await databasePut(gui, 'DEVICE', '1005/user', '1004');
    await keys[1]!.refresh({ body: setDnd(true), contentType: featureType });
    for (const one of keys) await says(one, 'dnd', true);
    assert.match(await site.lab.cli('database show DND'), /\/DND\/1004\s*: YES/);
    assert.doesNotMatch(await site.lab.cli('database show DND'), /\/DND\/1005/);
    for (const state of ['DND1004', 'DEVDND1004', 'DEVDND1005']) {
      await shows('devstate list', new RegExp(`Custom:${state}'[\\s\\S]*?State: 'BUSY'`));
    }
    await guiSetDnd(gui, '1004', false);
    for (const one of keys) await says(one, 'dnd', false);
  } finally {
    await databasePut(gui, 'AMPUSER', '1004/device', '1004');
    await databasePut(gui, 'DEVICE', '1005/user', '1005');
    // read back at the next wish of that phone
    await keys[1]!.refresh({ body: setDnd(false), contentType: featureType });
    await gui.close();
  }
});

it('a refused forward tells the true state and the AstDB stays as it was', async () => {
  const desk = await site.desk('1004');
  const keys = await desk.subscribe({ event });
  for (const target of ['00491234567', '1004', '1001&amp;SIP/trunk/0900', '*72']) {
    const answer = await keys.refresh({ body: setForward('cfa', true, target), contentType: featureType });
    assert.equal(answer.status, 200);
    await says(keys, 'cfa', false);
  }
  assert.doesNotMatch(await site.lab.cli('database show CF'), /\/CF\/1004/);
});

it('a password that the PBX keeps as MD5 works, a wrong one does not, and neither is in the log', async () => {
  const desk = await site.desk('1005');
  assert.equal((await desk.subscribe({ event })).response.status, 200);
  const thief = await site.desk('1005', { password: 'pw1004' });
  assert.equal((await thief.subscribe({ event })).response.status, 401);
  assert.doesNotMatch(site.daemon.output.join('\n'), /pw100|lamplighter-a[mr]i/);
});

it('a user cannot set the features of another', async () => {
  const desk = await site.desk('1002');
  const stolen = await desk.subscribe({ event, resource: '1001', body: setDnd(true), contentType: featureType });
  assert.equal(stolen.response.status, 403);
  assert.doesNotMatch(await site.lab.cli('database show DND'), /\/DND\/1001/);
});
