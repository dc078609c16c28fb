import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { channel, lamp, type Rig, rig } from './rig.ts';

// Each test has a PBX of its own, and waits for it most of the time.
describe('lamps that are no phone on the wire', { concurrency: 8 }, () => {
  const listed = (it: Rig) =>
    it.telling
      .of('snapshot')
      .at(-1)!
      .snapshot.extensions.flatMap(({ aor, lamp: isLamp }) => (isLamp ? [aor.slice(0, aor.indexOf('@'))] : []));

  test('the first picture holds what the PBX lists and what the configuration names, lit or dark', () =>
    rig(
      {
        more: { lamps: { conf: ['8000'], custom: ['Open'], park: ['711-712'] } },
        before: ({ ami, ari }) => {
          ari.channels = ['p.1', 'p.2', 'p.3'].map((id) => channel(id, `PJSIP/1002-0000000${id.slice(-1)}`, 'Up'));
          ami.queues.lots = [{ Event: 'Parkinglot', Name: 'default', StartSpace: '701', StopSpace: '702' }];
          ami.queues.parked = [
            {
              Event: 'ParkedCall',
              ParkeeChannel: 'PJSIP/1002-00000001',
              ParkeeUniqueid: 'p.1',
              ParkeeCallerIDNum: '1002',
              Parkinglot: 'default',
              ParkingSpace: '701',
            },
          ];
          ami.queues.rooms.set('8001', ['p.2', 'p.3']);
          ami.queues.hints = [
            { Event: 'ExtensionStatus', Exten: '701', Context: 'parkedcalls', Hint: 'park:701@parkedcalls' },
            { Event: 'ExtensionStatus', Exten: '_*76X.', Context: 'x', Hint: 'Custom:DEVDND1001' },
            { Event: 'ExtensionStatus', Exten: '1002', Context: 'ext-local', Hint: 'Custom:Siesta' },
          ];
          ami.queues.member('sales', 'PJSIP/1001');
          ami.database.set('CustomDevstate/Siesta', 'RINGING');
          ami.database.set('CustomDevstate/DAYNIGHT1', 'INUSE');
          ami.database.set('DAYNIGHT/C1', 'DAY');
          ami.database.set('DAYNIGHT/C2', 'NIGHT');
        },
      },
      async (it) => {
        await it.telling.up();
        assert.deepEqual(
          listed(it).sort(),
          '701 agent+1001 conf+8000 conf+8001 custom+DAYNIGHT1 custom+Open custom+Siesta flow+1 flow+2 park+701 park+702 park+711 park+712 park+default queue+sales'.split(
            ' ',
          ),
        );
        const { snapshot } = it.telling.of('snapshot')[0]!;
        assert.deepEqual(
          snapshot.dialogs.map(({ aor, legs }) => `${aor.slice(0, aor.indexOf('@'))} ${legs[0]?.phase}`).sort(),
          [
            '1002 confirmed',
            '701 confirmed',
            'agent+1001 confirmed',
            'conf+8001 confirmed',
            'custom+DAYNIGHT1 confirmed',
            'custom+Siesta early',
            'flow+2 confirmed',
            'park+701 confirmed',
            'park+default confirmed',
          ],
        );
      },
    ));

  test('a lamp that no list had can be watched a moment after its first event', () =>
    rig({}, async (it) => {
      await it.telling.up();
      assert.equal(listed(it).includes('custom+New'), false);
      it.ami.send({ Event: 'DeviceStateChange', Device: 'Custom:New', State: 'INUSE' });
      await it.telling.until(() => listed(it).includes('custom+New'), 'the lamp is not listed');
      assert.equal(it.telling.of('snapshot').length, 2);
    }));

  test('twenty thousand lamps are told in time, and the log says that there is room for no other', () =>
    rig({ more: { lamps: { custom: ['10001-30000'] } } }, async (it) => {
      await it.telling.up();
      assert.equal(listed(it).length, 20_000);
      for (const name of ['New', '10001', '30000', 'Newer']) {
        it.ami.send({ Event: 'DeviceStateChange', Device: `Custom:${name}`, State: 'INUSE' });
      }
      await it.telling.until(() => lamp(it, 'custom+30000').length > 0, 'the last lamp is dark');
      assert.deepEqual([lamp(it, 'custom+10001'), lamp(it, 'custom+New')], [['confirmed null'], []]);
      assert.equal(it.logger.lines.filter(({ message }) => /no other will be lit/.test(message)).length, 1);
    }));

  test('who calls is shown in a queue once the PBX says that he may be, and never else', () =>
    rig({}, async (it) => {
      await it.telling.up();
      const join = (id: string, number: string) => {
        const name = `PJSIP/1002-0000000${id.slice(-1)}`;
        it.ari.channels = [...it.ari.channels, channel(id, name, 'Up')];
        it.ami.send({
          Event: 'QueueCallerJoin',
          Privilege: 'agent,all',
          Queue: 'sales',
          Uniqueid: id,
          Channel: name,
          CallerIDNum: number,
        });
      };
      it.ari.variables.set('q.1 CALLERID(pres)', 'allowed_passed_screen');
      it.ari.variables.set('q.2 CALLERID(pres)', 'prohib_passed_screen');
      // His number may be shown and his name may not.
      it.ari.variables.set('q.4 CALLERID(num-pres)', 'allowed_passed_screen');
      it.ari.variables.set('q.4 CALLERID(pres)', 'prohib_not_screened');
      for (const [id, number] of [
        ['q.1', '07001'],
        ['q.2', '07002'],
        ['q.3', '07003'],
        ['q.4', '07004'],
      ] as const)
        join(id, number);
      await it.telling.until(() => lamp(it, 'queue+sales').at(-1)?.startsWith('confirmed 07001') === true, 'no caller');
      it.ari.send({ type: 'ChannelDestroyed', channel: channel('q.1', 'PJSIP/1002-00000001', 'Up') });
      await it.telling.until(
        () => lamp(it, 'queue+sales').at(-1) === 'confirmed null + confirmed null + confirmed null',
        'the withheld ones are not alone',
      );
      assert.equal(JSON.stringify(it.telling.of('dialogs')).includes('07002'), false);
      assert.equal(JSON.stringify(it.telling.of('dialogs')).includes('07003'), false);
      assert.equal(JSON.stringify(it.telling.of('dialogs')).includes('07004'), false);
    }));

  test('a busy PBX that says after a second who may be shown is not too late: the lamp is lit, and then it has a name', () =>
    rig({}, async (it) => {
      await it.telling.up();
      const name = 'PJSIP/1002-00000001';
      it.ari.channels = [channel('q.1', name, 'Up')];
      it.ari.variables.set('q.1 CALLERID(pres)', 'allowed_passed_screen');
      it.ari.variableDelay = 1_000;
      it.ami.send({ Event: 'QueueCallerJoin', Queue: 'sales', Uniqueid: 'q.1', Channel: name, CallerIDNum: '07001' });
      await it.telling.until(() => lamp(it, 'queue+sales').at(-1) === 'confirmed 07001', 'no caller in the queue');
      assert.deepEqual(lamp(it, 'queue+sales'), ['confirmed null', 'confirmed 07001']);
    }));

  test('a caller who withholds himself while the PBX is asked about him is not shown by the late answer', () =>
    rig({}, async (it) => {
      await it.telling.up();
      it.ari.variableDelay = 500;
      const join = (id: string, number: string) => {
        const name = `PJSIP/1002-0000000${id.slice(-1)}`;
        it.ari.channels = [...it.ari.channels, channel(id, name, 'Up')];
        it.ari.variables.set(`${id} CALLERID(pres)`, 'allowed_passed_screen');
        it.ami.send({ Event: 'QueueCallerJoin', Queue: 'sales', Uniqueid: id, Channel: name, CallerIDNum: number });
      };
      join('q.1', '07001');
      await it.telling.until(() => lamp(it, 'queue+sales').at(-1) === 'confirmed null', 'the lamp is dark');
      const withheld = { caller_presentation_txt: 'Presentation Prohibited, Not Screened' };
      it.ari.send({ type: 'ChannelCallerId', channel: channel('q.1', 'PJSIP/1002-00000001', 'Up'), ...withheld });
      // asked about later, so answered later
      join('q.2', '07002');
      await it.telling.until(() => lamp(it, 'queue+sales').at(-1)?.endsWith('07002') === true, 'no second caller');
      assert.equal(lamp(it, 'queue+sales').at(-1), 'confirmed null + confirmed 07002');
    }));

  test('a caller who waited and is parked later is shown there too, and again in another slot', () =>
    rig({}, async (it) => {
      await it.telling.up();
      const name = 'PJSIP/1002-00000001';
      it.ari.channels = [channel('q.1', name, 'Up')];
      it.ari.variables.set('q.1 CALLERID(pres)', 'allowed_passed_screen');
      const waits = { Queue: 'sales', Uniqueid: 'q.1', Channel: name, CallerIDNum: '07001' };
      it.ami.send({ Event: 'QueueCallerJoin', ...waits });
      await it.telling.until(() => lamp(it, 'queue+sales').at(-1) === 'confirmed 07001', 'no caller in the queue');
      it.ami.send({ Event: 'QueueCallerLeave', ...waits });
      for (const ParkingSpace of ['701', '702']) {
        const parked = { ParkeeChannel: name, ParkeeUniqueid: 'q.1', ParkeeCallerIDNum: '07001', ParkingSpace };
        it.ami.send({ Event: 'ParkedCall', ...parked });
        const slot = `park+${ParkingSpace}`;
        await it.telling.until(() => lamp(it, slot).at(-1) === 'confirmed 07001', `nobody in ${slot}`);
        it.ami.send({ Event: 'UnParkedCall', ...parked });
      }
    }));

  test('a hint shows the queue it means, in whatever case of letters: to Asterisk they are one', () =>
    rig(
      {
        before: ({ ami }) => {
          ami.queues.names.add('Sales');
          ami.queues.hints = [{ Event: 'ExtensionStatus', Exten: '8100', Context: 'x', Hint: 'Queue:SALES' }];
        },
      },
      async (it) => {
        await it.telling.up();
        assert.deepEqual(listed(it).sort(), ['8100', 'queue+Sales']);
        it.ami.send({ Event: 'QueueCallerJoin', Queue: 'Sales', Uniqueid: 'q.1', Channel: 'PJSIP/1002-00000001' });
        await it.telling.until(() => lamp(it, '8100').at(-1) === 'confirmed null', 'the hint stays dark');
      },
    ));

  test('the rows of a list that nobody waits for any more are no events', () =>
    rig({}, async (it) => {
      await it.telling.up();
      it.ami.queues.names.add('sales');
      it.ami.send({ ActionID: 'l1', Event: 'QueueParams', Queue: 'sales' });
      it.ami.send({ Event: 'DeviceStateChange', Device: 'Queue:sales', State: 'NOT_INUSE' });
      await it.telling.until(() => listed(it).includes('queue+sales'), 'queues are not looked at any more');
    }));

  test('a row of a day/night switch that changes without an event is found by polling', () =>
    rig({ more: { pollSeconds: 1 }, before: ({ ami }) => void ami.database.set('DAYNIGHT/C1', 'DAY') }, async (it) => {
      await it.telling.up();
      it.ami.database.set('DAYNIGHT/C1', 'NIGHT');
      await it.telling.until(() => lamp(it, 'flow+1').at(-1) === 'confirmed null', 'it stays day');
    }));

  test('a PBX without these modules, or an account without their rights, has its phones all the same', () =>
    rig(
      {
        before: ({ ami }) => {
          for (const action of ['QueueStatus', 'ParkedCalls', 'Parkinglots', 'ConfbridgeListRooms'])
            ami.denied.add(action);
        },
      },
      async (it) => {
        await it.telling.up();
        assert.ok(it.telling.of('snapshot')[0]!.snapshot.extensions.some(({ aor }) => aor === '1001@lab.test'));
        const lines = it.logger.lines.filter(({ message }) => /some lamps stay as events tell/.test(message));
        assert.deepEqual(
          lines.map(({ level }) => level),
          ['warn', 'warn', 'warn', 'warn'],
        );
      },
    ));
});
