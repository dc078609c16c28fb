import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { dialogInfo, featureType, lamp, setDnd, setForward } from '../support/phone.ts';
import { FreeswitchRig, first, second, shows, told, until } from './freeswitch-rig.ts';

describe('beside FreeSWITCH', () => {
  describe('that keeps features in mod_db', () => {
    let rig: FreeswitchRig;
    before(async () => {
      rig = await FreeswitchRig.open({});
    });
    afterEach(() => rig.tidy());
    after(() => rig.close());

    test('a lamp follows a call', async () => {
      const watched = await rig.watching('1103', '1101');
      const call = rig.pbx.call(`1102@${first}`, `1101@${first}`);
      const ringing = await shows(watched, 'ringing');
      const [dialog] = ringing.dialogs;
      assert.deepEqual([dialog?.direction, dialog?.state], ['recipient', 'early']);
      assert.deepEqual([dialog?.remote.identity, dialog?.remote.display], [`sip:1102@${first}`, 'Ext 1102']);
      call.answer();
      await shows(watched, 'busy');
      call.hold(`1101@${first}`);
      await shows(watched, 'held');
      call.resume(`1101@${first}`);
      await shows(watched, 'busy');
      call.hangup();
      await shows(watched, 'off');
    });

    test("a phone's keys set the store of the dialplan and light the user's other phones", async () => {
      const [one, two] = [await rig.keys('1201'), await rig.keys('1201')];
      await one.refresh({ body: setDnd(true), contentType: featureType });
      await told(two, 'dnd', true);
      await told(one, 'dnd', true);
      assert.equal(rig.pbx.db.get('dnd', `1201@${first}`), 'true');
      await two.refresh({ body: setForward('cfna', true, '1202', 4), contentType: featureType });
      const forward = await told(one, 'cfna', true);
      assert.deepEqual([forward.target, forward.ringCount], ['1202', 4]);
      await one.refresh({ body: setDnd(false), contentType: featureType });
      await told(two, 'dnd', false);
      assert.equal(rig.pbx.db.get('dnd', `1201@${first}`), undefined);
    });

    test('*78 and *79 light every phone of the user, and the lamp dnd+1001', async () => {
      const [one, two] = [await rig.keys('1001'), await rig.keys('1001')];
      const dndLamp = await rig.watching('1003', 'dnd+1001');
      rig.pbx.dial(`1001@${first}`, '*78');
      for (const phone of [one, two]) await told(phone, 'dnd', true);
      await shows(dndLamp, 'busy');
      rig.pbx.dial(`1001@${first}`, '*79');
      for (const phone of [one, two]) await told(phone, 'dnd', false);
      await shows(dndLamp, 'off');
    });

    test("an agent's key sets mod_callcenter, its supervisor moves his phones, and the lamp agent+1301 follows", async () => {
      const [name, csta] = [`1301@${first}`, 'http://www.ecma-international.org/standards/ecma-323/csta/ed3'];
      const phones = [await rig.keys('1301'), await rig.keys('1301')];
      const blf = await rig.watching('1303', 'agent+1301');
      const all = (event: string) =>
        Promise.all(phones.map((one) => one.next(({ body }) => body.includes(`<${event} `))));
      rig.pbx.callcenter.add(name);
      rig.pbx.callcenter.set('status', name, 'Logged Out');
      await all('AgentLoggedOffEvent');
      const body = `<SetAgentState xmlns="${csta}"><requestedAgentState>ready</requestedAgentState></SetAgentState>`;
      await phones[0]?.refresh({ body, contentType: featureType });
      await all('AgentReadyEvent');
      assert.equal(rig.pbx.callcenter.get(name)?.status, 'Available');
      await shows(blf, 'busy');
      rig.pbx.callcenter.set('status', name, 'On Break');
      await all('AgentNotReadyEvent');
      await shows(blf, 'ringing');
      assert.deepEqual(rig.pbx.callcenter.writes, [`agent set status ${name} 'Available'`], 'nothing is put back');
    });

    test('two tenants with the same numbers: calls, keys and passwords of the one are not those of the other', async () => {
      const here = await rig.watching('1403', '1401', first);
      const there = await rig.watching('1403', '1401', second);
      const [mine, theirs] = [await rig.keys('1401', first), await rig.keys('1401', second)];
      const call = rig.pbx.call(`1402@${second}`, `1401@${second}`);
      await shows(there, 'ringing');
      await theirs.refresh({ body: setDnd(true), contentType: featureType });
      await told(theirs, 'dnd', true);
      assert.equal(rig.pbx.db.get('dnd', `1401@${second}`), 'true');
      assert.equal(rig.pbx.db.get('dnd', `1401@${first}`), undefined);
      call.hangup();
      rig.pbx.call(`1402@${first}`, `1401@${first}`);
      await shows(here, 'ringing');
      // What is told of the first comes after all that was ever told of the second.
      assert.deepEqual([...new Set(here.notifies.map((it) => lamp(dialogInfo(it))))], ['off', 'ringing']);
      const before = mine.notifies.length;
      await mine.refresh({ body: setDnd(true), contentType: featureType });
      await told(mine, 'dnd', true);
      assert.equal(mine.notifies.length, before + 1, "the tenant's key was told here");
    });

    test('a password that FreeSWITCH keeps as MD5 only: its user logs in, in his own domain', async () => {
      const desk = await rig.phone('1004', second);
      assert.equal((await desk.subscribe({ event: 'dialog', resource: '1001' })).response.status, 200);
      const stranger = await rig.phone('1004', first);
      assert.notEqual((await stranger.subscribe({ event: 'dialog', resource: '1001' })).response.status, 200);
    });
  });

  test('FusionPBX: a key goes by its own script, which tells its phones too', () =>
    FreeswitchRig.run({ options: 'features: fusionpbx', fake: { fusionpbx: true } }, async (rig) => {
      rig.pbx.register(`1001@${first}`);
      await rig.daemon.until<{ registered: boolean }>(`/api/v1/extensions/1001@${first}`, (it) => it.registered);
      const [one, two] = [await rig.keys('1001'), await rig.keys('1001')];
      await one.refresh({ body: setForward('cfa', true, '1002'), contentType: featureType });
      assert.equal((await told(two, 'cfa', true)).target, '1002');
      assert.equal(rig.pbx.directory.get(`1001@${first}`)?.variables.get('forward_all_destination'), '1002');
      rig.pbx.hook?.gui(`1001@${first}`, { forward_all_enabled: 'false' });
      await told(two, 'cfa', false);
    }));

  test('native: phones that stay subscribed to FreeSWITCH press a key, and all of them are told', () =>
    FreeswitchRig.run({ options: 'mode: native' }, async ({ pbx, daemon }) => {
      const aor = `1001@${first}`;
      pbx.register(aor, 5262);
      pbx.register(aor, 5265);
      await daemon.until<{ registered: boolean }>(`/api/v1/extensions/${aor}`, (it) => it.registered);
      const [one, two] = [pbx.subscribeFeatures(aor), pbx.subscribeFeatures(aor)];
      const stranger = pbx.subscribeFeatures(`1001@${second}`);
      await until(() => [one, two].every((it) => it.shown['doNotDisturbOn'] === 'false'), 'not told at first');
      one.setDnd(true);
      await until(() => [one, two].every((it) => it.shown['doNotDisturbOn'] === 'true'), 'not both told');
      assert.equal(pbx.db.get('dnd', aor), 'true');
      two.setForward('forward_no_answer', true, '1002', 3);
      await until(() => one.shown['forwardNoAns'] === 'true 1002 3', 'no forward');
      two.setForward('forward_immediate', true, '0900123456');
      await until(() => two.shown['forwardImmediate'] === 'false 0', 'a refused target stays on the phone');
      pbx.dial(aor, '*79');
      await until(() => [one, two].every((it) => it.shown['doNotDisturbOn'] === 'false'), 'feature code not told');
      assert.notEqual(stranger.shown['doNotDisturbOn'], 'true');
      assert.equal(pbx.crashed, null);
    }));
});

describe('FreeSWITCH in trouble', () => {
  let rig: FreeswitchRig;
  before(async () => {
    rig = await FreeswitchRig.open({});
  });
  afterEach(() => rig.tidy());
  after(() => rig.close());

  test('connections that break in mid-call: the lamp is right again, whatever happened meanwhile', async () => {
    const watched = await rig.watching('1003', '1001');
    const call = rig.pbx.call(`1002@${first}`, `1001@${first}`);
    await shows(watched, 'ringing');
    rig.pbx.drop();
    call.answer();
    await shows(watched, 'busy');
    rig.pbx.drop();
    call.hangup();
    await shows(watched, 'off');
    await rig.daemon.ready();
  });

  test('FreeSWITCH killed and started again in mid-call: its calls are over, keys serve again, nothing is written late', async () => {
    const watched = await rig.watching('1103', '1101');
    const keys = await rig.keys('1101');
    rig.pbx.call(`1102@${first}`, `1101@${first}`).answer();
    await shows(watched, 'busy');
    await rig.pbx.kill();
    await rig.daemon.until('/readyz', (_body, status) => status === 503);
    await keys.refresh({ body: setDnd(true), contentType: featureType });
    await told(keys, 'dnd', false); // the lamp goes back
    await rig.pbx.start();
    await shows(watched, 'off');
    await rig.daemon.ready();
    assert.deepEqual(rig.pbx.db.writes, []);
    await keys.refresh({ body: setDnd(true), contentType: featureType });
    await told(keys, 'dnd', true);
  });

  test('a FreeSWITCH that stands still: the key is told back in time, and the next one serves when it moves', async () => {
    const keys = await rig.keys('1201');
    rig.pbx.freeze();
    await keys.refresh({ body: setDnd(true), contentType: featureType });
    await told(keys, 'dnd', false);
    rig.pbx.thaw();
    // FreeSWITCH had taken it after all: that, too, is told.
    await told(keys, 'dnd', true);
    assert.equal(rig.pbx.db.writes.filter((it) => it.includes('insert/dnd/1201')).length, 1);
    await keys.refresh({ body: setDnd(false), contentType: featureType });
    await told(keys, 'dnd', false);
  });

  test('a wrong password is said in /readyz and in the log, with what to do, and without the password', () =>
    FreeswitchRig.run({ password: 'not-the-right-one' }, async ({ daemon, pbx }) => {
      const named = (body: unknown) => JSON.stringify(body).includes('refuses the password');
      await daemon.until('/readyz', (body, status) => status === 503 && named(body));
      const lines = daemon.log.filter((it) => it['code'] === 'pbx-refused');
      assert.equal(lines.length, 1);
      assert.match(String(lines[0]?.['fix']), /password/);
      assert.ok(!daemon.output.join('\n').includes('not-the-right-one'));
      assert.equal(pbx.esl.logins, 0);
    }));

  test('the daemon stopped in mid-call under a flood of events: when it goes on, the lamp is right', async () => {
    const watched = await rig.watching('1303', '1301');
    const call = rig.pbx.call(`1302@${first}`, `1301@${first}`);
    await shows(watched, 'ringing');
    process.kill(rig.daemon.pid, 'SIGSTOP');
    try {
      for (let at = 0; at < 1_000; at++) rig.pbx.call(`1002@${second}`, `1003@${second}`).hangup();
      call.answer();
    } finally {
      process.kill(rig.daemon.pid, 'SIGCONT');
    }
    await shows(watched, 'busy');
    call.hangup();
    await shows(watched, 'off');
    await rig.daemon.ready();
  });
});
