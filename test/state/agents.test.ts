import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AgentPhase } from '../../src/model/agent.ts';
import type { Aor } from '../../src/model/aor.ts';
import type { PbxEvent } from '../../src/model/pbx-event.ts';
import { a1001, a1002, bench, inStep, snapshot } from './bench.ts';

const agent = (aor: Aor, phase: AgentPhase | null, reason: string | null = null, source = 'main'): PbxEvent => ({
  type: 'agent',
  source,
  aor,
  agent: phase === null ? null : { phase, reason },
});
const extensions = [a1001, a1002].map((aor) => ({ aor, displayName: null }));

test('an agent is told when he becomes one, when he changes and when he is none any more, and equal things are silent', () => {
  const { hub, heard } = inStep();
  assert.equal('agent' in hub.view(a1001), false);
  hub.apply(agent(a1001, 'loggedOff'));
  hub.apply(agent(a1001, 'loggedOff'));
  assert.deepEqual(heard(), ['agent 1001 agent']);
  hub.apply(agent(a1001, 'notReady', 'lunch'));
  assert.deepEqual(heard(), ['agent 1001 agent,loggedOn']);
  hub.apply(agent(a1001, 'notReady', 'training'));
  hub.apply(agent(a1001, 'ready'));
  assert.deepEqual(heard(), ['agent 1001 agent', 'agent 1001 agent']);
  assert.equal(hub.view(a1001).agent?.phase, 'ready');
  hub.apply(agent(a1001, null));
  assert.deepEqual(heard(), ['agent 1001 agent,dismissed']);
  assert.equal('agent' in hub.view(a1001), false);
  hub.apply(agent(a1001, null));
  assert.deepEqual(heard(), []);
});

test('a snapshot is taken as a diff: who is missing is no agent any more, who is the same stays silent', () => {
  const { hub, heard } = inStep();
  const agents = [a1001, a1002].map((aor) => ({ aor, agent: { phase: 'ready', reason: null } as const }));
  hub.apply(snapshot({ extensions, agents }));
  assert.deepEqual(
    heard().filter((it) => it.startsWith('agent')),
    ['agent 1001 agent', 'agent 1002 agent'],
  );
  hub.apply(snapshot({ extensions, agents }));
  assert.deepEqual(heard(), []);
  hub.apply(snapshot({ extensions, agents: agents.slice(0, 1) }));
  assert.deepEqual(heard(), ['agent 1002 agent,dismissed']);
  hub.apply(snapshot({ extensions }));
  assert.deepEqual(heard(), ['agent 1001 agent,dismissed'], 'a PBX that lists none has none');
});

test('while the PBX is away its last word stands, and no phone is told otherwise', () => {
  const { hub, heard } = inStep();
  hub.apply(agent(a1001, 'ready'));
  heard();
  hub.apply({ type: 'link', source: 'main', state: 'down', reason: 'gone' });
  assert.ok(heard().every((it) => it.endsWith('stale')));
  assert.deepEqual([hub.view(a1001).agent?.phase, hub.view(a1001).stale], ['ready', true]);
});

test('of two PBXs the first that has him as an agent counts and takes his wishes, whatever the other says', () => {
  const { hub, heard } = bench(['one', 'two']);
  hub.apply(snapshot({ extensions }, 'one'));
  hub.apply(snapshot({ extensions, agents: [{ aor: a1001, agent: { phase: 'ready', reason: null } }] }, 'two'));
  assert.deepEqual([hub.ownerOf(a1001), hub.agentSourceOf(a1001)], ['one', 'two']);
  heard();
  hub.apply(agent(a1001, 'loggedOff', null, 'one'));
  assert.deepEqual([hub.view(a1001).agent?.phase, hub.agentSourceOf(a1001)], ['loggedOff', 'one']);
  hub.apply(agent(a1001, 'notReady', null, 'two'));
  assert.deepEqual(heard(), ['agent 1001 agent']);
  hub.apply(agent(a1001, null, null, 'one'));
  assert.deepEqual(heard(), ['agent 1001 agent,loggedOn'], 'the other PBX has him on a break');
  assert.equal(hub.agentSourceOf(a1002), null);
});

test('no two changes of one agent have the same time, even within a millisecond', () => {
  const { hub } = inStep();
  const times = (['ready', 'notReady', 'ready', 'workingAfterCall'] as const).map((phase) => {
    hub.apply(agent(a1001, phase));
    return hub.view(a1001).agent?.since ?? 0;
  });
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
  assert.equal(new Set(times).size, 4);
});
