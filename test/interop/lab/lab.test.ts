import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { systemClock } from '../../../src/model/clock.ts';
import { dialogInfo, lamp, type Phone, type Subscription } from '../../support/phone.ts';
import { orRequired } from '../required.ts';
import {
  type AmiAccount,
  AmiClient,
  databaseGet,
  flipDeviceStates,
  guiSetDnd,
  guiSetForward,
  startLoad,
} from './ami.ts';
import { AsteriskLab } from './asterisk.ts';

const missing = orRequired(await AsteriskLab.available());

describe('the lab and the phone against a real Asterisk', { skip: missing ?? false }, () => {
  let lab: AsteriskLab;
  let ami: AmiClient;
  let bootLog: string;
  const phones: Phone[] = [];
  const clients: AmiClient[] = [];

  before(async () => {
    lab = await AsteriskLab.start({ features: 'freepbx' });
    bootLog = lab.logs;
    ami = await AmiClient.connect(lab.admin);
  });

  afterEach(async () => {
    for (const phone of phones.splice(0)) {
      await phone.unregister();
      await phone.close();
    }
    for (const client of clients.splice(0)) await client.close();
    for (const family of ['DND', 'CF', 'CFB', 'CFU'])
      await lab.cli(`database deltree ${family}`).catch(() => undefined);
  });

  after(async () => {
    await ami.close();
    await lab.stop();
  });

  async function registered(extension: string, transport: 'udp' | 'tcp' = 'udp'): Promise<Phone> {
    const phone = await lab.phone(extension, { transport });
    phones.push(phone);
    assert.equal((await phone.register()).status, 200);
    return phone;
  }

  async function login(account: AmiAccount): Promise<AmiClient> {
    const client = await AmiClient.connect(account);
    clients.push(client);
    return client;
  }

  const nextLamp = async (watch: Subscription) => lamp(dialogInfo(await watch.next()));

  test('phones register with digest, also where the PBX only keeps an MD5; a wrong password is refused', async () => {
    await registered('1001');
    await registered('1005');
    const stranger = await lab.phone('1002', { password: 'wrong' });
    assert.equal((await stranger.register()).status, 401);
    assert.equal(stranger.challenged, 2);
    await stranger.close();
  });

  for (const transport of ['udp', 'tcp'] as const) {
    test(`a call rings, is answered, held, resumed and hung up over ${transport}, and a native lamp follows`, async () => {
      const [caller, callee] = [await registered('1001', transport), await registered('1002', transport)];
      const watch = await (await registered('1003', transport)).subscribe({ event: 'dialog', resource: '1002' });
      assert.equal(watch.response.status, 200);
      assert.equal(await nextLamp(watch), 'off');
      const call = await caller.invite('1002');
      const incoming = await callee.nextCall();
      incoming.ringing();
      await call.ringing;
      assert.equal(await nextLamp(watch), 'ringing');
      await incoming.answer();
      await call.answered;
      assert.equal(await nextLamp(watch), 'busy');
      assert.equal((await call.hold()).status, 200);
      assert.equal(await nextLamp(watch), 'held'); // Asterisk shows the held party, not the holder
      assert.equal((await call.resume()).status, 200);
      assert.equal(await nextLamp(watch), 'busy');
      await call.hangup();
      assert.deepEqual(await incoming.ended, { by: 'them', status: 200 });
      assert.equal(await nextLamp(watch), 'off');
      assert.equal((await watch.refresh()).status, 200);
      assert.equal((await watch.unsubscribe()).status, 200);
      await watch.next(({ subscriptionState }) => subscriptionState.state === 'terminated');
    });
  }

  test('a caller who gives up is cancelled, a busy callee is heard as 486', async () => {
    const [caller, callee] = [await registered('1001'), await registered('1002')];
    const given = await caller.invite('1002');
    const first = await callee.nextCall();
    first.ringing();
    await given.ringing;
    await given.hangup();
    assert.deepEqual(await first.ended, { by: 'them', status: 487 });
    const refused = await caller.invite('1002');
    (await callee.nextCall()).reject(486);
    assert.equal((await refused.ended).status, 486);
  });

  test('a blind transfer brings the other party to a third phone', async () => {
    const [caller, callee, third] = [await registered('1001'), await registered('1002'), await registered('1003')];
    const call = await caller.invite('1002');
    const incoming = await callee.nextCall();
    await incoming.answer();
    await call.answered;
    await until(async () => /\s2\s/.test(await lab.cli('bridge show all'))); // both are in it: a transfer before is lost
    assert.equal((await incoming.transfer('1003')).status, 202);
    const transferred = await third.nextCall();
    transferred.ringing();
    await transferred.answer();
    assert.deepEqual(await incoming.ended, { by: 'us', status: 200 });
    assert.match(incoming.transferProgress.at(-1) ?? '', /^SIP\/2\.0 200/);
    await call.hangup();
    await transferred.ended;
  });

  test('*78 writes DND and both device states, *79 takes them back, *76 turns them round', async () => {
    const phone = await registered('1001');
    assert.deepEqual(await phone.dial('*78'), { by: 'them', status: 200 });
    assert.match(await lab.cli('database show DND'), /\/DND\/1001\s*: YES/);
    const states = await lab.cli('devstate list');
    assert.match(states, /'Custom:DND1001'\s+State: 'BUSY'/);
    assert.match(states, /'Custom:DEVDND1001'\s+State: 'BUSY'/);
    await phone.dial('*79');
    assert.equal(await databaseGet(ami, 'DND', '1001'), undefined);
    assert.match(await lab.cli('devstate list'), /'Custom:DND1001'\s+State: 'UNAVAILABLE'/);
    await phone.dial('*76');
    assert.equal(await databaseGet(ami, 'DND', '1001'), 'YES');
    await phone.dial('*76');
    assert.equal(await databaseGet(ami, 'DND', '1001'), undefined);
  });

  test('*72, *90 and *52 write CF, CFB and CFU; *73, *91 and *53 delete them', async () => {
    const phone = await registered('1004');
    for (const [on, off, family] of [
      ['*721002', '*73', 'CF'],
      ['*901002', '*91', 'CFB'],
      ['*521002', '*53', 'CFU'],
    ] as const) {
      await phone.dial(on);
      assert.equal(await databaseGet(ami, family, '1004'), '1002');
      await phone.dial(off);
      assert.equal(await databaseGet(ami, family, '1004'), undefined);
    }
  });

  test('forward always comes before do-not-disturb; do-not-disturb is busy and follows the busy target', async () => {
    const [caller, target] = [await registered('1001'), await registered('1003')];
    await registered('1002');
    await guiSetDnd(ami, '1002', true);
    assert.equal((await (await caller.invite('1002')).ended).status, 486);
    const reaches = async () => {
      const call = await caller.invite('1002');
      const incoming = await target.nextCall();
      incoming.reject(486);
      await call.hangup();
    };
    await guiSetForward(ami, '1002', 'cfb', '1003');
    await reaches();
    await guiSetForward(ami, '1002', 'cfb');
    await guiSetForward(ami, '1002', 'cfa', '1003');
    await reaches();
  });

  test('an unregistered extension follows its no-answer target', async () => {
    const [caller, target] = [await registered('1001'), await registered('1003')];
    await guiSetForward(ami, '1004', 'cfna', '1003');
    const call = await caller.invite('1004');
    await (await target.nextCall()).answer();
    await call.answered;
    await call.hangup();
  });

  test('the account of the README reads and writes the data base, hears device states, and may run no command', async () => {
    const least = await login(lab.ami);
    const heard: string[] = [];
    least.onEvent((event) => {
      if (event['Event'] === 'DeviceStateChange') heard.push(`${event['Device']}=${event['State']}`);
    });
    await guiSetDnd(least, '1006', true);
    assert.deepEqual(
      await least.list({ Action: 'DBGetTree', Family: 'DND' }).then((rows) => rows.map((row) => row['Val'])),
      ['YES'],
    );
    await until(() => heard.includes('Custom:DND1006=BUSY') && heard.includes('Custom:DEVDND1006=BUSY'));
    assert.equal(
      (await least.action({ Action: 'Command', Command: 'core show uptime' }))['Message'],
      'Permission denied',
    );
    const basic = Buffer.from(`${lab.ari.username}:${lab.ari.password}`).toString('base64');
    const headers = { Authorization: `Basic ${basic}` };
    assert.equal((await fetch(`${lab.ari.url}/ari/asterisk/info`, { headers })).status, 200);
    assert.equal((await fetch(`${lab.ari.url}/ari/asterisk/info`)).status, 401);
  });

  test('a mailbox that changes is told to the phone', async () => {
    const phone = await registered('1002');
    await lab.setMailbox('1002', 2, 1);
    const notify = await phone.nextUnsolicited(({ body }) => /Voice-Message: 2\/1/.test(body));
    assert.equal(notify.event, 'message-summary');
    await lab.setMailbox('1002', 0);
    await phone.nextUnsolicited(({ body }) => /Voice-Message: 0\/0/.test(body));
  });

  test('load over AMI is driven at the wanted pace and answered', async () => {
    const load = startLoad(500, flipDeviceStates(ami, 50));
    await until(() => load.sent >= 300);
    const { sent, failed } = await load.stop();
    assert.equal(failed, 0);
    assert.ok(sent >= 300);
    await registered('1001');
  });

  test('a killed Asterisk comes back on its ports with its data base; a second one runs beside it', async () => {
    const other = await AsteriskLab.start({ features: 'freepbx' });
    try {
      assert.notEqual(other.sipPort, lab.sipPort);
      await lab.kill();
      assert.equal(lab.running, false);
      const phone = await other.phone('1001');
      assert.equal((await phone.register()).status, 200);
      await phone.close();
      await lab.restart();
      await registered('1001');
      assert.match(await lab.cli('database show AMPUSER 1001/device'), /: 1001/);
    } finally {
      await other.stop();
    }
    ami = await AmiClient.connect(lab.admin);
  });

  // loader.c speaks of modules that Debian's package has got since: those that the lab needs are missed by other tests
  test('nothing in the configuration makes Asterisk complain', () => {
    assert.notEqual(bootLog, '');
    assert.deepEqual(
      bootLog.split('\n').filter((line) => line.includes(' ERROR[') && !line.includes(' loader.c: ')),
      [],
    );
  });
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = systemClock.now() + 10_000;
  while (!(await condition())) {
    if (systemClock.now() > deadline) throw new Error('the condition did not come true in 10 s');
    await new Promise<void>((again) => systemClock.after(10, again));
  }
}
