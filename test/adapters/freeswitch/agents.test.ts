import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AgentTable } from '../../../adapters/freeswitch/agents.ts';
import type { AgentPhase, AgentWish } from '../../../src/model/agent.ts';
import type { Telling } from '../told.ts';
import { rig, user } from './rig.ts';

const aor = user('1001');
const origin = { kind: 'api', who: 'test', from: null, userAgent: null } as const;
const wish = (phase: AgentPhase, reason: string | null = null): AgentWish => ({ aor, phase, reason, origin });
const last = (telling: Telling) => telling.of('agent').findLast((it) => it.aor === aor)?.agent;

/** The lamp `agent+1001` at the end. */
function lampOf(telling: Telling): string {
  const lamp = user('agent+1001');
  const legs = telling.of('dialogs').findLast((it) => it.aor === lamp)?.legs;
  const first =
    legs ??
    telling
      .of('snapshot')
      .at(-1)
      ?.snapshot.dialogs.find((it) => it.aor === lamp)?.legs ??
    [];
  return first.map(({ phase }) => phase).join();
}

describe('agents of mod_callcenter', { concurrency: 8 }, () => {
  test('each wish is the least that makes it true: status, and state only where the agent is idle', () =>
    rig({ before: (pbx) => pbx.callcenter.add('1001@lab.test') }, async ({ pbx, telling, adapter }) => {
      await telling.up();
      for (const phase of ['ready', 'ready', 'notReady', 'workingAfterCall', 'ready', 'loggedOff'] as const) {
        const answer = await adapter.setAgent?.(wish(phase), 5000);
        assert.deepEqual(answer, { ok: true, value: { phase, reason: null } });
      }
      assert.deepEqual(pbx.callcenter.writes, [
        "agent set status 1001@lab.test 'Available'",
        "agent set status 1001@lab.test 'On Break'",
        'agent set state 1001@lab.test Idle',
        "agent set status 1001@lab.test 'Available'",
        'agent set state 1001@lab.test Waiting',
        "agent set status 1001@lab.test 'Logged Out'",
      ]);
    }));

  test('what a supervisor does while the agent is read is what counts, in the answer too', () =>
    rig({ before: (pbx) => pbx.callcenter.add('1001@lab.test') }, async ({ pbx, telling, adapter }) => {
      await telling.up();
      await adapter.setAgent?.(wish('ready'), 5000);
      // Between the answers to the two questions after the writing, as an event.
      let asked = 0;
      pbx.callcenter.onGet = () => {
        if (++asked === 3) setImmediate(() => pbx.callcenter.set('status', '1001@lab.test', 'Logged Out'));
      };
      const answer = await adapter.setAgent?.(wish('notReady'), 5000);
      assert.equal(pbx.callcenter.get('1001@lab.test')?.status, 'Logged Out');
      assert.deepEqual(answer, { ok: true, value: { phase: 'loggedOff', reason: null } });
      assert.equal(last(telling)?.phase, 'loggedOff');
    }));

  test('one who is available on demand stays so, and is ready again when he says so', () =>
    rig({ before: (pbx) => pbx.callcenter.add('1001@lab.test') }, async ({ pbx, telling, adapter }) => {
      await telling.up();
      pbx.callcenter.set('status', '1001@lab.test', 'Available (On Demand)');
      await telling.until(() => last(telling)?.phase === 'ready', 'not ready');
      const call = pbx.callcenter.call('1001@lab.test');
      call.end();
      await telling.until(() => last(telling)?.phase === 'workingAfterCall', 'not idle');
      assert.equal((await adapter.setAgent?.(wish('ready'), 5000))?.ok, true);
      assert.deepEqual(pbx.callcenter.writes, ['agent set state 1001@lab.test Waiting']);
      assert.equal(pbx.callcenter.get('1001@lab.test')?.status, 'Available (On Demand)');
    }));

  test('wrap-up time after a call is after-call work, and ends by itself though no event tells', () =>
    rig(
      { before: (pbx) => pbx.callcenter.add('1001@lab.test', { wrapUpSeconds: 1 }) },
      async ({ pbx, telling, adapter }) => {
        await telling.up();
        await adapter.setAgent?.(wish('ready'), 5000);
        const call = pbx.callcenter.call('1001@lab.test');
        call.end();
        await telling.until(() => last(telling)?.phase === 'workingAfterCall', 'no wrap-up');
        await telling.until(() => last(telling)?.phase === 'ready', 'wrapping up for ever');
        const phases = telling.of('agent').map((it) => it.agent?.phase);
        assert.deepEqual(phases, ['ready', 'workingAfterCall', 'ready'], 'a call itself changes nothing');
      },
    ));

  test('in the middle of a call nobody is put to wrap-up work: the module would undo it', () =>
    rig({ before: (pbx) => pbx.callcenter.add('1001@lab.test') }, async ({ pbx, telling, adapter }) => {
      await telling.up();
      await adapter.setAgent?.(wish('ready'), 5000);
      pbx.callcenter.call('1001@lab.test');
      await adapter.setAgent?.(wish('ready'), 5000);
      const answer = await adapter.setAgent?.(wish('workingAfterCall'), 5000);
      assert.equal(answer?.ok === false ? answer.refusal.code : '', 'pbx-refused');
      assert.equal(pbx.callcenter.get('1001@lab.test')?.state, 'In a queue call');
    }));

  test('FusionPBX calls its agents by UUIDs: the contact says whose phone it is, and his lamp follows too', () =>
    rig(
      {
        before: (pbx) =>
          pbx.callcenter.add('5eed0001-0000-4000-8000-00000000a001', {
            contact:
              '{call_timeout=20,domain_name=lab.test,sip_h_caller_destination=\u0024{caller_destination}}user/1001@lab.test',
          }),
      },
      async ({ pbx, telling, adapter }) => {
        await telling.up();
        const listed = telling.of('snapshot')[0]?.snapshot.agents;
        assert.deepEqual(listed, [{ aor, agent: { phase: 'loggedOff', reason: null } }]);
        assert.equal((await adapter.setAgent?.(wish('ready'), 5000))?.ok, true);
        await telling.until(() => lampOf(telling) === 'confirmed', 'lamp not on');
        pbx.callcenter.set('status', '5eed0001-0000-4000-8000-00000000a001', 'On Break');
        await telling.until(() => lampOf(telling) === 'early' && last(telling)?.phase === 'notReady', 'no break');
      },
    ));

  test('an agent of several queues under several names is set in all, and is what brings him calls', () =>
    rig(
      {
        before: (pbx) => {
          pbx.callcenter.add('1001@lab.test');
          pbx.callcenter.add('sales-1001', { contact: 'user/1001@lab.test' });
        },
      },
      async ({ pbx, telling, adapter }) => {
        await telling.up();
        pbx.callcenter.set('status', 'sales-1001', 'Available');
        await telling.until(() => last(telling)?.phase === 'ready', 'not ready');
        const answer = await adapter.setAgent?.(wish('notReady', 'lunch'), 5000);
        assert.deepEqual(answer, { ok: true, value: { phase: 'notReady', reason: 'lunch' } });
        const states = ['1001@lab.test', 'sales-1001'].map((name) => pbx.callcenter.get(name)?.status);
        assert.deepEqual(states, ['On Break', 'On Break']);
        assert.deepEqual(last(telling), { phase: 'notReady', reason: 'lunch' });
      },
    ));

  test('an agent with a name that would be two words of a command is read, and refused', () =>
    rig(
      { before: (pbx) => pbx.callcenter.add("x' y", { contact: 'user/1001@lab.test' }) },
      async ({ pbx, telling, adapter }) => {
        await telling.up();
        assert.equal(telling.of('snapshot')[0]?.snapshot.agents?.[0]?.agent.phase, 'loggedOff');
        const answer = await adapter.setAgent?.(wish('ready'), 5000);
        assert.equal(answer?.ok === false ? answer.refusal.code : '', 'pbx-refused');
        assert.deepEqual(pbx.callcenter.writes, []);
      },
    ));

  test('the reason of a break can be changed, and taken back, while the break lasts', () =>
    rig({ before: (pbx) => pbx.callcenter.add('1001@lab.test') }, async ({ pbx, telling, adapter }) => {
      await telling.up();
      for (const reason of ['lunch', 'training', null]) {
        const answer = await adapter.setAgent?.(wish('notReady', reason), 5000);
        assert.deepEqual(answer, { ok: true, value: { phase: 'notReady', reason } });
        assert.deepEqual(last(telling), { phase: 'notReady', reason });
      }
      assert.deepEqual(pbx.callcenter.writes, ["agent set status 1001@lab.test 'On Break'"]);
    }));

  test('a PBX that is only observed is read, and never written', () =>
    rig(
      {
        fake: { fusionpbx: true },
        more: { features: 'fusionpbx', mode: 'observe' },
        before: (pbx) => pbx.callcenter.add('1001@lab.test'),
      },
      async ({ pbx, telling, adapter }) => {
        await telling.up();
        const answer = await adapter.setAgent?.(wish('ready'), 5000);
        assert.equal(answer?.ok === false ? answer.refusal.code : '', 'not-writable');
        pbx.callcenter.set('status', '1001@lab.test', 'Available');
        await telling.until(() => last(telling)?.phase === 'ready', 'not seen');
        assert.deepEqual(pbx.callcenter.writes, []);
      },
    ));

  test('a PBX without mod_callcenter has no agents', () =>
    rig({}, async ({ telling, adapter }) => {
      await telling.up();
      assert.deepEqual(telling.of('snapshot')[0]?.snapshot.agents, []);
      const answer = await adapter.setAgent?.(wish('ready'), 5000);
      assert.equal(answer?.ok === false ? answer.refusal.code : '', 'no-agent');
    }));
});

describe('the table of agents', () => {
  const at = (now: number) => {
    let time = now;
    const pass = (ms: number): void => {
      time += ms;
    };
    return { table: new AgentTable(() => time), pass };
  };

  test('a reason lasts as long as the break it was given for, through a new reading too', () => {
    const { table } = at(0);
    table.apply({ fact: 'agent', name: 'a', aor, status: 'Available', intended: null });
    table.apply({ fact: 'agent', name: 'a', intended: { reason: 'lunch' } });
    table.apply({ fact: 'agent', name: 'a', status: 'On Break' });
    table.apply({ fact: 'agent', name: 'a', status: 'On Break' });
    assert.deepEqual(table.of(aor), { phase: 'notReady', reason: 'lunch' });
    const { table: fresh } = at(0);
    fresh.apply({ fact: 'agent', name: 'a', aor, status: 'On Break' });
    fresh.inherit(table, true);
    assert.deepEqual(fresh.of(aor), { phase: 'notReady', reason: 'lunch' });
    fresh.apply({ fact: 'agent', name: 'a', status: 'Available' });
    fresh.apply({ fact: 'agent', name: 'a', status: 'On Break' });
    assert.deepEqual(fresh.of(aor), { phase: 'notReady', reason: null });
  });

  test('without the right to list them agents are known by what is told of them, for longer than a minute', () => {
    const { table } = at(0);
    table.apply({ fact: 'agent', name: aor, aor, status: 'Available' });
    const [{ table: unread }, { table: read }] = [at(0), at(0)];
    unread.inherit(table, false);
    read.inherit(table, true);
    assert.deepEqual([unread.of(aor)?.phase, read.of(aor)], ['ready', null]);
  });

  test('a reason that was meant for a break that never came is forgotten', () => {
    const { table } = at(0);
    table.apply({ fact: 'agent', name: 'a', aor, status: 'Available' });
    table.apply({ fact: 'agent', name: 'a', intended: { reason: 'lunch' } });
    table.apply({ fact: 'agent', name: 'a', status: 'Logged Out' });
    table.apply({ fact: 'agent', name: 'a', status: 'On Break' });
    assert.equal(table.of(aor)?.reason, null);
  });

  test('wrap-up in a list counts from the end of the last call', () => {
    const { table, pass } = at(100_000);
    const wrapUp = { ms: 30_000, since: 90_000 };
    table.apply({ fact: 'agent', name: 'a', aor, status: 'Available', state: 'Waiting', wrapUp });
    assert.deepEqual([table.of(aor)?.phase, table.nextEnd], ['workingAfterCall', 20_000]);
    pass(20_000);
    assert.deepEqual([table.of(aor)?.phase, table.nextEnd], ['ready', null]);
  });

  test('a status that nobody knows makes nobody an agent', () => {
    const { table } = at(0);
    table.apply({ fact: 'agent', name: 'a', aor, status: 'Unknown', state: 'Unknown' });
    assert.equal(table.of(aor), null);
  });
});
