import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { noAgentRight } from '../../../adapters/asterisk/lamp-reader.ts';
import type { AgentWish } from '../../../src/model/agent.ts';
import { aorOf } from '../../../src/model/aor.ts';
import { channel, lamp, type Rig, rig } from './rig.ts';

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
        assert.equal(it.logger.lines.filter(({ message }) => message === noAgentRight).length, 1);
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
