import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { asterisk } from '../../../adapters/asterisk/asterisk.ts';
import { asteriskOptions } from '../../../adapters/asterisk/options.ts';
import { aorOf } from '../../../src/model/aor.ts';
import { adapterContract } from '../../contracts/adapter.ts';
import { FakeAmi } from './fake-ami.ts';
import { FakeAri } from './fake-ari.ts';
import { agentsOn, handOn, troubleOn } from './hand.ts';
import { channel, rig, wish } from './rig.ts';

const place = { domain: 'lab.test', domains: [{ name: 'lab.test', aliases: [] }] };

adapterContract('asterisk', async () => {
  const ari = new FakeAri();
  const ami = new FakeAmi();
  await ari.listen();
  await ami.listen();
  const options = asteriskOptions.parse({
    ari: { url: ari.url, username: ari.username, password: ari.password },
    ami: { port: ami.port, username: ami.username, password: ami.password },
    pollSeconds: 1,
  });
  return {
    adapter: (tools) => asterisk({ name: 'main', ...place, options, remembered: [] }, tools),
    aor: aorOf('1001', 'lab.test'),
    other: aorOf('1002', 'lab.test'),
    target: '1002',
    hand: handOn(ari, ami),
    agents: agentsOn(ami),
    trouble: troubleOn(ari, ami),
    close: async () => {
      await ari.close();
      await ami.close();
    },
  };
});

// Each test has a PBX of its own, and waits for it most of the time.
describe('the Asterisk adapter on the wire', { concurrency: 8 }, () => {
  test('asks ARI for channels, endpoints and bridges only: device states could deadlock the PBX (asterisk#2170)', () =>
    rig({}, async ({ ari, ami, telling, adapter }) => {
      await telling.up();
      await adapter.stop();
      const streams = ari.requests.filter((it) => it.startsWith('WS '));
      assert.deepEqual(streams, ['WS /ari/events app=lamplighter subscribeAll=null']);
      const subscriptions = ari.requests.filter((it) => it.includes('/subscription'));
      assert.deepEqual(subscriptions, [
        'POST /ari/applications/lamplighter/subscription?eventSource=channel:,endpoint:,bridge:',
      ]);
      assert.equal(ari.requests.filter((it) => /deviceState|subscribeAll=true/i.test(it)).length, 0);
      assert.ok(ari.requests.includes('PUT /ari/applications/lamplighter/eventFilter'));
      assert.equal(ami.events, 'system,call,agent');
    }));

  test('the first picture holds phones without trunks, features, mailboxes and the realm', () =>
    rig({ before: ({ ami }) => void ami.database.set('CF/1002', '1001') }, async ({ telling, adapter }) => {
      await telling.up();
      const { snapshot, epoch } = telling.of('snapshot')[0]!;
      assert.equal(epoch, '2023-11-14T22:00:00.000+0000');
      assert.deepEqual(
        snapshot.extensions.map((it) => [it.aor, it.displayName]),
        [
          ['1001@lab.test', 'Phone 1001'],
          ['1002@lab.test', 'Phone 1002'],
        ],
      );
      const cfa = snapshot.features.find((it) => it.aor === '1002@lab.test' && it.feature === 'cfa');
      assert.deepEqual(cfa?.value, { enabled: true, target: '1001', ringCount: null });
      assert.deepEqual(snapshot.mailboxes[0]?.counts, { new: 2, old: 1, newUrgent: 0, oldUrgent: 0 });
      assert.deepEqual(
        snapshot.groups?.map(({ name, domain, members }) => [
          name,
          domain,
          members.includes(aorOf('1001', 'lab.test')),
        ]),
        [
          ['sales', 'lab.test', true],
          ['support', 'lab.test', true],
        ],
      );
      assert.deepEqual(adapter.digest('lab.test'), { realm: 'asterisk', md5Only: true });
      assert.deepEqual(await adapter.credentials('1001', 'lab.test'), {
        realm: 'asterisk',
        password: 'phone-secret-1001',
      });
      assert.equal(await adapter.credentials('nobody', 'lab.test'), null);
    }));

  test('a ringing phone is told once, with the tags for a pickup', () =>
    rig({}, async ({ ari, ami, telling }) => {
      await telling.up();
      ami.send({ Event: 'Newchannel', Uniqueid: 'b.2', Linkedid: 'a.1', Channel: 'PJSIP/1001-00000002' });
      const caller = channel('a.1', 'PJSIP/1002-00000001', 'Ring');
      const callee = channel('b.2', 'PJSIP/1001-00000002', 'Down', '1002');
      ari.send({ type: 'ChannelCreated', channel: caller });
      ari.send({ type: 'ChannelCreated', channel: callee });
      ari.send({ type: 'Dial', dialstatus: '', caller, peer: callee });
      ari.send({ type: 'ChannelStateChange', channel: { ...callee, state: 'Ringing' } });
      const rings = () => telling.of('dialogs').filter((it) => it.aor === '1001@lab.test');
      await telling.until(() => rings().length > 0, 'nothing rings');
      assert.deepEqual(rings()[0]?.legs, [
        {
          id: 'b.2',
          call: 'a.1',
          phase: 'early',
          direction: 'recipient',
          holding: false,
          remote: { number: '1002', name: null, presentable: true },
          since: 1_700_000_000_000,
          callId: 'call-id-of-b.2',
          localTag: 'tag-of-the-pbx',
          remoteTag: 'tag-of-the-phone',
        },
      ]);
      ari.send({ type: 'ChannelDestroyed', channel: callee });
      await telling.until(() => rings().at(-1)?.legs.length === 0, 'the leg does not end');
      assert.equal(rings().length, 2);
    }));

  test('do-not-disturb is written as FreePBX writes it, for each device of the user, and read back', () =>
    rig(
      { before: ({ ami }) => void ami.database.set('AMPUSER/1001/device', '1001&2001') },
      async ({ ami, telling, adapter }) => {
        await telling.up();
        const on = await adapter.setFeature(wish('dnd', true), 2000);
        assert.deepEqual(on, { ok: true, value: { enabled: true, target: null, ringCount: null } });
        await adapter.setFeature(wish('dnd', false), 2000);
        assert.deepEqual(ami.writes, [
          'DBPut DND/1001=YES',
          'Setvar DEVICE_STATE(Custom:DND1001)=BUSY',
          'Setvar DEVICE_STATE(Custom:DEVDND1001)=BUSY',
          'Setvar DEVICE_STATE(Custom:DEVDND2001)=BUSY',
          'DBDel DND/1001',
          'Setvar DEVICE_STATE(Custom:DND1001)=UNAVAILABLE',
          'Setvar DEVICE_STATE(Custom:DEVDND1001)=UNAVAILABLE',
          'Setvar DEVICE_STATE(Custom:DEVDND2001)=UNAVAILABLE',
        ]);
        assert.deepEqual(
          telling.of('feature').map((it) => [it.feature, it.value.enabled]),
          [
            ['dnd', true],
            ['dnd', false],
          ],
        );
      },
    ));

  test('a no-answer forward keeps the rings a phone wished and leaves the ring time of the PBX alone', () =>
    rig({}, async ({ ami, telling, adapter }) => {
      await telling.up();
      const answer = await adapter.setFeature(wish('cfna', true, { target: '*97', ringCount: 4 }), 2000);
      assert.deepEqual(answer, { ok: true, value: { enabled: true, target: '*97', ringCount: 4 } });
      assert.deepEqual(ami.writes, ['DBPut CFU/1001=*97']);
    }));

  test('with writeRingTimer the rings become the seconds of the PBX and are read back from there', () =>
    rig({ more: { writeRingTimer: true } }, async ({ ami, telling, adapter }) => {
      await telling.up();
      const answer = await adapter.setFeature(wish('cfna', true, { target: '1002', ringCount: 5 }), 2000);
      assert.deepEqual(answer, { ok: true, value: { enabled: true, target: '1002', ringCount: 5 } });
      assert.equal(ami.database.get('AMPUSER/1001/ringtimer'), '30');
    }));

  test('a value that a dialplan or AMI could misread is refused and nothing is written', () =>
    rig({}, async ({ ami, telling, adapter }) => {
      await telling.up();
      const evil = [
        '1002\r\nAction: Originate',
        '1002\n',
        '1002&SIP/trunk/0900',
        `${'$'}{SHELL(id)}`,
        'a,b',
        '1/2',
        "1'",
        '1;2',
        '',
      ];
      for (const target of evil) {
        const answer = await adapter.setFeature(wish('cfa', true, { target }), 2000);
        assert.equal(answer.ok, false, JSON.stringify(target));
      }
      const other = await adapter.setFeature({ ...wish('dnd', true), aor: aorOf('1001\r\nX: y', 'lab.test') }, 2000);
      assert.equal(other.ok, false);
      assert.deepEqual(ami.writes, []);
    }));

  test('a wish that waited its time away behind another one of the user is not written behind his back', () =>
    rig({}, async ({ ami, telling, adapter }) => {
      await telling.up();
      ami.delays.set('DBPut', 600);
      const first = adapter.setFeature(wish('cfb', true, { target: '1002' }), 2000);
      const second = await adapter.setFeature(wish('cfb', true, { target: '1003' }), 300);
      assert.equal(second.ok ? '' : second.refusal.code, 'pbx-timeout');
      assert.equal((await first).ok, true);
      ami.delays.clear();
      assert.equal((await adapter.setFeature(wish('dnd', true), 2000)).ok, true);
      assert.equal(ami.database.get('CFB/1001'), '1002');
      assert.deepEqual(
        ami.writes.filter((it) => it.includes('CFB')),
        ['DBPut CFB/1001=1002'],
      );
    }));

  test('a Custom state makes the features be read at once, a forward without one is found by polling', () =>
    rig({}, async ({ ami, telling }) => {
      await telling.up();
      ami.database.set('DND/1001', 'YES');
      ami.send({ Event: 'DeviceStateChange', Device: 'Custom:DND1001', State: 'BUSY' });
      await telling.until(() => telling.of('feature').some((it) => it.feature === 'dnd' && it.value.enabled), 'no dnd');
      ami.database.set('CFB/1002', '1001');
      await telling.until(() => telling.of('feature').some((it) => it.feature === 'cfb'), 'no cfb');
      assert.deepEqual(
        telling.of('feature').map((it) => [it.aor, it.feature, it.value.target, it.origin]),
        [
          ['1001@lab.test', 'dnd', null, undefined],
          ['1002@lab.test', 'cfb', '1001', undefined],
        ],
      );
    }));

  test('without AMI features are declared unwritable and refused; calls, phones and registrations are there', () =>
    rig({ ami: null }, async ({ telling, adapter }) => {
      await telling.up();
      assert.equal(adapter.capabilities.features.dnd.writable, false);
      const answer = await adapter.setFeature(wish('dnd', true), 2000);
      assert.equal(answer.ok ? '' : answer.refusal.code, 'not-writable');
      const { snapshot } = telling.of('snapshot')[0]!;
      const uris = ['sip:1001@127.0.0.1:5161'];
      assert.deepEqual(snapshot.registrations, [{ aor: '1001@lab.test', contacts: 1, uris }]);
      assert.deepEqual(snapshot.features, []);
    }));

  test('without ARI the calls come from AMI', () =>
    rig({ ari: null }, async ({ ami, telling, adapter }) => {
      await telling.up();
      assert.equal(ami.events, 'system,call,agent,dialplan');
      assert.equal(telling.of('snapshot')[0]?.epoch, '2023-11-14T22:00:00');
      ami.send({
        Event: 'Newchannel',
        Uniqueid: '1700000000.1',
        Linkedid: '1700000000.1',
        Channel: 'PJSIP/1001-00000001',
        ChannelStateDesc: 'Ring',
        Exten: '1002',
      });
      await telling.until(() => telling.of('dialogs').length > 0, 'no call');
      assert.deepEqual(telling.of('dialogs')[0]?.legs[0]?.remote, { number: '1002', name: null, presentable: true });
      assert.deepEqual(await adapter.credentials('1001', 'lab.test'), {
        realm: 'asterisk',
        password: 'phone-secret-1001',
      });
    }));
});
