import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { missingAgentRight } from '../../../adapters/asterisk/lamp-reader.ts';
import type { AgentWish } from '../../../src/model/agent.ts';
import { aorOf } from '../../../src/model/aor.ts';
import { channel, type Rig, rig } from './rig.ts';

function wish(phase: AgentWish['phase'], more: Partial<AgentWish> = {}): AgentWish {
  const origin = { kind: 'phone', who: '1001', from: null, userAgent: null } as const;
  return { aor: aorOf('1001', 'lab.test'), phase, reason: null, origin, ...more };
}

const set = async ({ adapter }: Rig, wanted: AgentWish): Promise<string> => {
  const answer = await adapter.setAgent?.(wanted, 2000);
  if (answer === undefined) return 'no setAgent';
  return answer.ok ? `${answer.value.phase} ${answer.value.reason}` : answer.refusal.code;
};

/** What was told of 1001 as an agent, the first picture first. */
const agents = ({ telling }: Rig): readonly string[] => {
  const first = telling.of('snapshot')[0]?.snapshot.agents?.find(({ aor }) => aor === '1001@lab.test')?.agent;
  const later = telling.of('agent').map(({ agent }) => agent);
  return [first, ...later].flatMap((it) => (it ? [`${it.phase} ${it.reason}`] : []));
};

const lamp = ({ telling }: Rig, name: string) =>
  telling
    .of('dialogs')
    .filter(({ aor }) => aor === `${name}@lab.test`)
    .map(({ legs }) => legs.map(({ phase, remote }) => `${phase} ${remote.number}`).join(' + ') || '-');

const sales = { agents: { queues: [{ name: 'sales', members: ['1001-1009'], penalty: 3 }] } };

// Each test has a PBX of its own, and waits for it most of the time.
describe('agents of queues on the wire', { concurrency: 8 }, () => {
  test('the queues of the configuration: in with the penalty, a break with its reason in all of them, back, out', () =>
    rig({ more: sales, before: ({ ami }) => void ami.queues.names.add('sales') }, async (it) => {
      await it.telling.up();
      assert.equal(await set(it, wish('ready')), 'ready null');
      assert.equal(await set(it, wish('notReady', { reason: 'lunch: soup' })), 'notReady lunch: soup');
      assert.equal(await set(it, wish('workingAfterCall')), 'workingAfterCall null');
      assert.equal(await set(it, wish('ready')), 'ready null');
      assert.equal(await set(it, wish('loggedOff')), 'loggedOff null');
      assert.deepEqual(
        it.ami.queues.writes.map((line) => line.trimEnd()),
        [
          'QueueAdd sales Local/1001@from-queue/n false  3',
          'QueuePause  Local/1001@from-queue/n false',
          'QueuePause  Local/1001@from-queue/n true lunch: soup',
          'QueuePause  Local/1001@from-queue/n true workingAfterCall',
          'QueuePause  Local/1001@from-queue/n false',
          'QueueRemove sales Local/1001@from-queue/n',
        ],
      );
      assert.deepEqual(agents(it), [
        'loggedOff null',
        'ready null',
        'notReady lunch: soup',
        'workingAfterCall null',
        'ready null',
        'loggedOff null',
      ]);
      assert.deepEqual(
        it.ami.writes.filter((line) => line.startsWith('Setvar')),
        ['INUSE', 'NOT_INUSE'].map((state) => `Setvar DEVICE_STATE(Custom:QUEUE1001*sales)=${state}`),
      );
    }));

  test('who logs off comes back to where he was, with another Lamplighter too', async () => {
    let row: readonly [string, string] | undefined;
    await rig(
      {
        before: ({ ami }) => {
          ami.queues.member('sales', 'PJSIP/1001', { penalty: '2' });
          ami.queues.member('vip', 'Local/1001@from-queue/n', { stateInterface: 'hint:1001@ext-local' });
        },
      },
      async (it) => {
        await it.telling.up();
        assert.equal(await set(it, wish('loggedOff')), 'loggedOff null');
        row = [...it.ami.database].find(([key]) => key === 'LamplighterAgents/1001');
        assert.deepEqual(it.ami.queues.members, []);
      },
    );
    await rig(
      {
        before: ({ ami }) => {
          for (const name of ['sales', 'vip']) ami.queues.names.add(name);
          ami.database.set(row?.[0] ?? '', row?.[1] ?? '');
        },
      },
      async (it) => {
        await it.telling.up();
        assert.deepEqual(agents(it), ['loggedOff null']);
        assert.equal(await set(it, wish('notReady', { reason: 'later' })), 'notReady later');
        assert.deepEqual(
          it.ami.queues.members.map((one) => [one.queue, one.interface, one.stateInterface, one.penalty, one.name]),
          [
            ['sales', 'PJSIP/1001', 'PJSIP/1001', '2', 'Phone 1001'],
            ['vip', 'Local/1001@from-queue/n', 'hint:1001@ext-local', '0', 'Phone 1001'],
          ],
        );
        // no moment in which a call could have come
        assert.match(it.ami.queues.writes[0] ?? '', /^QueueAdd sales PJSIP\/1001 true/);
      },
    );
  });

  test("FreePBX's list of dynamic members says where somebody belongs", () =>
    rig(
      {
        before: ({ ami }) => {
          ami.queues.names.add('500');
          ami.database.set('QPENALTY/500/agents/1001', '4');
          ami.database.set('QPENALTY/500/dynmemberonly', 'yes');
        },
      },
      async (it) => {
        await it.telling.up();
        assert.equal(await set(it, wish('ready')), 'ready null');
        assert.deepEqual(
          it.ami.queues.members.map((one) => [one.queue, one.interface, one.penalty]),
          [['500', 'Local/1001@from-queue/n', '4']],
        );
        assert.equal(await set(it, wish('ready', { aor: aorOf('1002', 'lab.test') })), 'no-agent');
      },
    ));

  test('a member of queues.conf cannot be removed: logged off is a break of that name, and no other', () =>
    rig(
      { before: ({ ami }) => void ami.queues.member('sales', 'PJSIP/1001', { membership: 'static' }) },
      async (it) => {
        await it.telling.up();
        assert.equal(await set(it, wish('loggedOff')), 'loggedOff null');
        assert.equal(it.ami.queues.members[0]?.reason, 'loggedOff');
        assert.equal(await set(it, wish('ready')), 'ready null');
        assert.deepEqual(agents(it), ['ready null', 'loggedOff null', 'ready null']);
      },
    ));

  test("what others do at the PBX is told; a queue that is gone stands in nobody's way", () =>
    rig(
      {
        more: { agents: { queues: [...sales.agents.queues, { name: 'gone', members: ['1001'] }] } },
        before: ({ ami }) => void ami.queues.names.add('sales'),
      },
      async (it) => {
        await it.telling.up();
        assert.equal(await set(it, wish('ready')), 'ready null');
        assert.ok(it.logger.lines.some(({ level, message }) => level === 'warn' && /No such queue/.test(message)));
        const [member] = it.ami.queues.members;
        member!.paused = true;
        member!.reason = 'fire drill';
        it.ami.send(it.ami.queues.event('QueueMemberPause', member!));
        await it.telling.until(() => agents(it).includes('notReady fire drill'), 'the break was not told');
        assert.equal(lamp(it, 'agent+1001').at(-1), 'early null');
      },
    ));

  test('an account without the right `agent`: said once with the cure, refused with it, and lamps follow all the same', () =>
    rig(
      {
        before: ({ ami }) => {
          ami.queues.agentRight = false;
          ami.queues.member('sales', 'PJSIP/1001');
        },
      },
      async (it) => {
        await it.telling.up();
        assert.equal(it.logger.lines.filter(({ message }) => message === missingAgentRight).length, 1);
        assert.equal(await set(it, wish('notReady')), 'pbx-refused');
        assert.ok(it.logger.lines.some(({ level, message }) => level === 'error' && /reporting,agent/.test(message)));
        const waiting = channel('q.1', 'PJSIP/1002-00000009', 'Up');
        it.ari.channels = [waiting];
        it.ami.queues.entries = [
          { Event: 'QueueEntry', Queue: 'sales', Uniqueid: 'q.1', Channel: waiting.name, CallerIDNum: '1002' },
        ];
        it.ami.send({ Event: 'DeviceStateChange', Device: 'Queue:sales', State: 'RINGING' });
        await it.telling.until(() => lamp(it, 'queue+sales').length > 0, 'nobody waits');
        it.ami.queues.entries = [];
        it.ami.queues.member('vip', 'PJSIP/1002', { paused: true, reason: 'tea' });
        it.ami.send({ Event: 'DeviceStateChange', Device: 'Queue:sales', State: 'NOT_INUSE' });
        await it.telling.until(() => lamp(it, 'queue+sales').at(-1) === '-', 'he waits for ever');
        await it.telling.until(() => lamp(it, 'agent+1002').length > 0, 'the other agent is not seen');
      },
    ));

  test('a wish for somebody of another domain, without AMI, or while the PBX is away is refused', async () => {
    await rig({ more: sales, before: ({ ami }) => void ami.queues.names.add('sales') }, async (it) => {
      assert.equal(await set(it, wish('ready')), 'pbx-away');
      await it.telling.up();
      assert.equal(await set(it, wish('ready', { aor: aorOf('1001', 'other.test') })), 'no-agent');
      it.ami.queues.names.delete('sales');
      assert.equal(await set(it, wish('ready')), 'no-agent');
      it.ami.swallowed.add('QueueStatus');
      const answer = await it.adapter.setAgent?.(wish('ready'), 50);
      assert.equal(answer?.ok === false && answer.refusal.code, 'pbx-timeout');
    });
    await rig({ ami: null, more: sales }, async (it) => {
      await it.telling.up();
      assert.equal(await set(it, wish('ready')), 'not-writable');
    });
  });

  test('no name and no reason has what parts the members of a queue where Asterisk keeps them over a restart', () =>
    rig(
      {
        more: sales,
        before: ({ ami }) => {
          ami.queues.names.add('sales');
          ami.displayNames.set('1001', 'Smith, John; x|y');
        },
      },
      async (it) => {
        await it.telling.up();
        assert.equal(
          await set(it, wish('notReady', { reason: 'lunch, PJSIP/9; a|b' })),
          'notReady lunch  PJSIP/9  a b',
        );
        assert.equal(it.ami.queues.members[0]?.name, 'Smith  John  x y');
      },
    ));

  test('a queue that does not take him does not light the lamp of his login there', () =>
    rig(
      {
        more: { agents: { queues: [...sales.agents.queues, { name: 'gone', members: ['1001'] }] } },
        before: ({ ami }) => void ami.queues.names.add('sales'),
      },
      async (it) => {
        await it.telling.up();
        assert.equal(await set(it, wish('ready')), 'ready null');
        assert.deepEqual(
          it.ami.writes.filter((line) => line.startsWith('Setvar')),
          ['Setvar DEVICE_STATE(Custom:QUEUE1001*sales)=INUSE'],
        );
      },
    ));

  test('what somebody else does right after the list was read is what counts, in the answer too', () =>
    rig({ before: ({ ami }) => void ami.queues.member('sales', 'PJSIP/1001') }, async (it) => {
      await it.telling.up();
      const [member] = it.ami.queues.members;
      let lists = 0;
      // In one piece with the end of the second list, which is the one after the writing.
      it.ami.afterList = (name) => {
        if (name !== 'QueueStatus' || ++lists !== 2) return [];
        member!.reason = 'fire drill';
        return [it.ami.queues.event('QueueMemberPause', member!)];
      };
      assert.equal(await set(it, wish('notReady', { reason: 'lunch' })), 'notReady fire drill');
      assert.equal(agents(it).at(-1), 'notReady fire drill');
    }));

  test('a wish whose time ran out before anything was written is not written behind the back of who wished it', () =>
    rig({ before: ({ ami }) => void ami.queues.member('sales', 'PJSIP/1001') }, async (it) => {
      await it.telling.up();
      it.ami.delays.set('QueueStatus', 150);
      const answer = await it.adapter.setAgent?.(wish('notReady'), 50);
      assert.equal(answer?.ok === false && answer.refusal.code, 'pbx-timeout');
      // Waits for the one before it.
      it.ami.delays.clear();
      assert.equal(await set(it, wish('notReady', { reason: 'tea' })), 'notReady tea');
      assert.equal(it.ami.queues.writes.length, 1, it.ami.queues.writes.join(', '));
    }));

  for (const [phase, action] of [
    ['loggedOff', 'QueueRemove'],
    ['ready', 'QueueAdd'],
  ] as const) {
    test(`a connection that breaks in the middle of several ${action}: he still belongs to all of his queues`, () =>
      rig(
        {
          before: ({ ami }) => {
            for (const queue of ['sales', 'support', 'vip']) ami.queues.member(queue, 'PJSIP/1001');
          },
        },
        async (it) => {
          const { ami, telling } = it;
          const inQueues = () => ami.queues.members.map(({ queue }) => queue).sort();
          await telling.up();
          if (phase === 'ready') assert.equal(await set(it, wish('loggedOff')), 'loggedOff null');
          ami.delays.set(action, 50);
          const broken = set(it, wish(phase));
          const done = () => ami.queues.writes.filter((line) => line.startsWith(action)).length;
          await telling.until(() => done() === 1, 'nothing is written');
          ami.drop();
          assert.equal(await broken, 'pbx-away');
          ami.delays.clear();
          const links = () => telling.of('link').filter(({ state }) => state === 'up').length;
          await telling.until(() => links() === 2, 'it does not come back');
          assert.equal(await set(it, wish('loggedOff')), 'loggedOff null');
          assert.deepEqual(inQueues(), []);
          assert.equal(await set(it, wish('ready')), 'ready null');
          assert.deepEqual(inQueues(), ['sales', 'support', 'vip']);
        },
      ));
  }

  test('a name with a line break in it is no order to the PBX', () =>
    rig({ before: ({ ami }) => void ami.queues.member('sales', 'PJSIP/1001') }, async (it) => {
      await it.telling.up();
      assert.equal(await set(it, wish('notReady', { reason: 'a\r\nAction: Command' })), 'notReady a  Action: Command');
      assert.equal(it.ami.queues.writes.length, 1);
    }));
});

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
