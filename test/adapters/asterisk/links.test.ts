import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, test } from 'node:test';
import { AriRest } from '../../../adapters/asterisk/ari-rest.ts';
import { systemClock } from '../../../src/model/clock.ts';
import type { LogLine } from '../../support/silent-logger.ts';
import { channel, rig, wish } from './rig.ts';

function codeOf(line: LogLine | undefined): unknown {
  return line === undefined ? undefined : Reflect.get(line.fields, 'code');
}

// Each test has a PBX of its own, and waits for it most of the time.
describe('the links to Asterisk', { concurrency: 8 }, () => {
  test('a PBX that is away at the start is link down, and up when it comes', () =>
    rig(
      {
        before: async ({ ari, ami }) => {
          await ari.close();
          await ami.close();
        },
      },
      async ({ ari, ami, telling, adapter }) => {
        await telling.until(() => telling.count('down') > 0, 'not down');
        assert.match(telling.of('link')[0]?.reason ?? '', /ECONNREFUSED/);
        const refusal = await adapter.setFeature(wish('dnd', true), 2000);
        assert.equal(refusal.ok ? '' : refusal.refusal.code, 'pbx-away');
        ari.booting = 503;
        await ari.listen();
        await ami.listen();
        await telling.until(() => telling.of('link').some((it) => it.reason?.includes('503') === true), 'no 503');
        assert.equal(ari.streams, 0);
        ari.booting = null;
        await telling.up();
        assert.deepEqual(telling.course.slice(-3), ['stale', 'snapshot', 'up']);
      },
    ));

  test('what is no HTTP server at the address of ARI is called so', async () => {
    const manager = createServer((socket) => socket.end('Asterisk Call Manager/11.0.0\r\n')).listen(0, '127.0.0.1');
    await once(manager, 'listening');
    const url = `http://127.0.0.1:${(manager.address() as AddressInfo).port}`;
    try {
      const asked = new AriRest({ url, username: 'a', password: 'b' }, systemClock).get(['asterisk', 'info']);
      await assert.rejects(asked, /: what answers there is no HTTP server \(HPE_/);
    } finally {
      manager.close();
    }
  });

  test('a wrong password is said loudly, names what to correct, and is tried again', () =>
    rig({ ari: { password: 'wrong-one' }, hurry: true }, async ({ ari, telling, logger }) => {
      await telling.until(() => ari.requests.length >= 2, 'not tried again');
      assert.match(telling.of('link')[0]?.reason ?? '', /refuses the user name or password/);
      const line = logger.lines.find((it) => it.level === 'error');
      assert.equal(codeOf(line), 'pbx-refused');
      assert.equal(ari.streams, 0);
    }));

  test('a wrong AMI password likewise', () =>
    rig({ ami: { password: 'wrong-one' } }, async ({ telling, logger }) => {
      await telling.until(() => telling.of('link').some((it) => /AMI refuses/.test(it.reason ?? '')), 'not said');
      assert.ok(logger.lines.some((it) => it.level === 'error'));
      assert.equal(telling.count('up'), 0);
    }));

  test('a connection that is open on one side only is found, and the state is read anew', () =>
    rig({ hurry: true }, async ({ ari, telling }) => {
      await telling.up();
      const [downs, ups] = [telling.count('down'), telling.count('up')]; // a busy machine may have lost it before
      ari.frozen = true;
      await telling.until(() => telling.count('down') > downs, 'not found');
      ari.frozen = false;
      ari.channels = [channel('c.9', 'PJSIP/1001-00000009', 'Up', '1002')];
      await telling.up(ups + 1);
      const legs = telling
        .of('snapshot')
        .at(-1)
        ?.snapshot.dialogs.find((it) => it.aor === '1001@lab.test')?.legs;
      assert.deepEqual(
        legs?.map((it) => [it.id, it.phase]),
        [['c.9', 'confirmed']],
      );
    }));

  test('who pressed hold, or took the call back, while the connection was gone is asked for', () =>
    rig(
      {
        before: ({ ari }) => {
          ari.channels = [
            channel('c.1', 'PJSIP/1001-00000001', 'Up', '1002'),
            channel('c.2', 'PJSIP/1002-00000002', 'Up', '1001'),
            channel('c.3', 'PJSIP/1001-00000003', 'Up', '1003'),
            channel('c.4', 'Local/1003@from-queue-00000001;2', 'Up', '1001'),
          ];
          ari.bridges = [{ channels: ['c.1', 'c.2'] }, { channels: ['c.3', 'c.4'] }];
          ari.variables.set('c.2 CHANNEL(onhold)', '1');
        },
      },
      async ({ ari, ami, telling }) => {
        const holding = () => {
          const told = telling
            .of('snapshot')
            .at(-1)
            ?.snapshot.dialogs.find((it) => it.aor === '1001@lab.test');
          return told?.legs.filter((it) => it.holding).map((it) => it.id);
        };
        await telling.up();
        assert.deepEqual(holding(), ['c.1']);
        ari.variables.delete('c.2 CHANNEL(onhold)');
        ari.variables.set('c.4 CHANNEL(onhold)', '1');
        ami.drop();
        await telling.up(2);
        assert.deepEqual(holding(), ['c.3']);
      },
    ));

  test('a hold that no reading can ask for stands as it was last told', () =>
    rig(
      {
        before: ({ ari }) => {
          ari.channels = [channel('c.1', 'PJSIP/1001-00000001', 'Up', '8000')];
        },
      },
      async ({ ari, ami, telling }) => {
        await telling.up();
        ari.send({ type: 'ChannelHold', channel: channel('c.1', 'PJSIP/1001-00000001', 'Up', '8000') });
        await telling.until(() => telling.of('dialogs').some(({ legs }) => legs[0]?.holding === true), 'not held');
        ami.drop();
        await telling.up(2);
        assert.equal(telling.of('snapshot').at(-1)?.snapshot.dialogs[0]?.legs[0]?.holding, true);
      },
    ));

  test('a name and a mailbox that an extension is given by a reload are there soon after it, and nobody asks after another one', () =>
    rig({ before: ({ ami }) => void ami.mailboxes.set('1001', '') }, async ({ ami, telling }) => {
      const last = () => telling.of('snapshot').at(-1)?.snapshot;
      await telling.up();
      const hasMailbox = () => last()?.mailboxes.some(({ aor }) => aor === '1001@lab.test');
      assert.equal(hasMailbox(), false);
      ami.mailboxes.set('1001', '1001@default');
      ami.displayNames.set('1001', 'Ana');
      ami.send({ Event: 'Reload', Privilege: 'system,all', Module: 'manager', Status: '0' });
      ami.send({ Event: 'Reload', Privilege: 'system,all', Module: 'All', Status: '0' });
      await telling.until(() => hasMailbox() === true, 'no mailbox');
      assert.equal(last()?.extensions.find(({ aor }) => aor === '1001@lab.test')?.displayName, 'Ana');
      assert.equal(telling.count('snapshot'), 2);
    }));

  test('an AMI that stops answering is found too', () =>
    rig({ hurry: true }, async ({ ami, telling }) => {
      await telling.up();
      const [downs, ups] = [telling.count('down'), telling.count('up')];
      ami.frozen = true;
      await telling.until(() => telling.count('down') > downs, 'not found');
      ami.frozen = false;
      await telling.up(ups + 1);
      await telling.until(() => ami.connections === 1, 'the old connection is left open');
    }));

  test('an event of an unknown type is ignored, and the stream goes on', () =>
    rig({}, async ({ ari, telling }) => {
      await telling.up();
      ari.send({ type: 'SomethingOfAsterisk30', channel: {} });
      ari.send({ type: 'ChannelCreated', channel: { id: 7, name: null } });
      ari.send({ type: 'ChannelCreated' });
      ari.send({ type: 'ChannelCreated', channel: channel('d.1', 'PJSIP/1001-00000001', 'Ring') });
      await telling.until(() => telling.of('dialogs').length > 0, 'the stream is wedged');
      assert.equal(telling.count('down'), 0);
    }));

  test('a frame that is no JSON ends the connection, and a new one brings everything in step', () =>
    rig({}, async ({ ari, telling }) => {
      await telling.up();
      ari.sendText('\u0000{garbage');
      await telling.up(2);
      await telling.until(() => ari.streams === 1, 'the old stream is left open');
    }));

  test('a second Lamplighter with the same application is named as the cause', () =>
    rig({}, async ({ ari, telling, logger }) => {
      await telling.up();
      ari.send({ type: 'ApplicationReplaced', application: 'lamplighter' });
      await telling.until(() => telling.count('down') > 0, 'not noticed');
      const line = logger.lines.find((it) => it.level === 'error');
      assert.equal(codeOf(line), 'pbx-replaced');
    }));

  test('a restarted PBX has another epoch', () =>
    rig({}, async ({ ari, telling }) => {
      await telling.up();
      await ari.close();
      ari.startup = '2023-11-15T08:00:00.000+0000';
      await ari.listen();
      await telling.up(2);
      assert.deepEqual(
        telling.of('snapshot').map((it) => it.epoch),
        ['2023-11-14T22:00:00.000+0000', '2023-11-15T08:00:00.000+0000'],
      );
    }));

  test('no secret is ever logged or told', () =>
    rig({}, async ({ ari, ami, telling, logger, adapter }) => {
      await telling.up();
      await adapter.credentials('1001', 'lab.test');
      ari.sendText('{garbage');
      await telling.up(2);
      await ari.close();
      await telling.until(() => telling.of('link').some((it) => /ECONNREFUSED/.test(it.reason ?? '')), 'not down');
      const all = JSON.stringify([logger.lines, telling.events]);
      for (const secret of [ari.password, ami.password, 'phone-secret-1001', 'a'.repeat(32)]) {
        assert.ok(!all.includes(secret), secret);
      }
      assert.ok(!ari.requests.some((it) => it.includes(ari.password)));
    }));
});
