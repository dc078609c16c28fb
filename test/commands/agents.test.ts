import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gate } from '../../src/commands/gate.ts';
import { makePolicy } from '../../src/commands/policy.ts';
import type { AgentPhase, AgentRequest, AgentState, AgentWish } from '../../src/model/agent.ts';
import type { Origin } from '../../src/model/feature.ts';
import { granted, type Outcome, refused } from '../../src/model/outcome.ts';
import { a1001, a1002, inStep } from '../state/bench.ts';
import { settle } from '../support/fake-clock.ts';

const phone: Origin = { kind: 'phone', who: '1001', from: 'udp:192.0.2.1:5060', userAgent: 'T' };
const api: Origin = { ...phone, kind: 'api', who: 'admin' };

interface Asked {
  readonly wish: AgentWish;
  readonly deadlineMs: number;
  answer(outcome: Outcome<AgentState>): void;
}

/** 1001 is an agent, logged off; the PBX obeys at once, or answers when the test says so. */
function desk(obedient = true) {
  const made = inStep();
  const { hub, clock, store, logger } = made;
  const asked: Asked[] = [];
  const policy = makePolicy({});
  assert.ok(policy.ok);
  const gate = new Gate({
    clock,
    logger,
    view: (aor) => hub.view(aor),
    isExtension: (aor) => hub.isExtension(aor),
    sourceFor: (aor) => hub.ownerOf(aor),
    agentSourceFor: (aor) => hub.agentSourceOf(aor),
    apply: (event) => hub.apply(event),
    ask: () => assert.fail('no feature is asked for'),
    askAgent: (wish, deadlineMs) =>
      new Promise((resolve) => {
        asked.push({ wish, deadlineMs, answer: resolve });
        if (obedient) resolve(granted({ phase: wish.phase, reason: wish.reason }));
      }),
    policy: policy.value,
    audit: (row) => store.audits.push(row),
  });
  hub.apply({ type: 'agent', source: 'main', aor: a1001, agent: { phase: 'loggedOff', reason: null } });
  made.heard();
  const wish = (phase: AgentRequest['phase'], more: Partial<AgentRequest> = {}) =>
    gate.grantAgent({ aor: a1001, feature: 'agent', phase, reason: null, origin: phone, ...more });
  const rows = () =>
    store.audits.map((row) => `${row.feature} ${row.decision} ${row.reason?.split(':')[0] ?? ''}`.trim());
  return { ...made, gate, asked, wish, rows };
}

test('a wish the PBX takes is granted, told through the hub and audited once with what was and is', async () => {
  const { wish, hub, heard, store, asked } = desk();
  const verdict = await wish('notReady', { reason: '7' });
  assert.deepEqual([verdict.decision, verdict.refusal], ['granted', null]);
  assert.deepEqual(verdict.state, hub.view(a1001).agent);
  assert.deepEqual(asked[0]?.wish, { aor: a1001, phase: 'notReady', reason: '7', origin: phone });
  assert.deepEqual(heard(), ['agent 1001 agent,loggedOn']);
  assert.equal(store.audits.length, 1);
  const { at: _, ...row } = store.audits[0]!;
  const now = { phase: 'notReady', reason: '7' };
  const before = { phase: 'loggedOff', reason: null };
  assert.deepEqual(row, {
    aor: a1001,
    feature: 'agent',
    origin: phone,
    before,
    after: now,
    wished: now,
    decision: 'granted',
    reason: null,
  });
});

test('a reason is cut to 64 characters and cleaned; only a break has one', async () => {
  const { wish, asked } = desk();
  const emoji = '😀';
  for (const [given, wanted] of [
    [' \t Mittag \r\nAction:  Originate ', 'Mittag Action: Originate'],
    ['a|b;c"d$\u007be}<f>\\', 'a b c d e f'],
    ['lunch, PJSIP/1', 'lunch PJSIP/1'],
    ['\u202Eevil\u2028\u0000', 'evil'],
    [emoji.repeat(100), emoji.repeat(64)],
    ['|', null],
    ['', null],
  ] as const) {
    await wish('ready', { origin: api, reason: 'none' });
    assert.equal(asked.at(-1)?.wish.reason ?? null, null);
    await wish('notReady', { origin: api, reason: given });
    assert.equal(asked.at(-1)?.wish.reason, wanted, JSON.stringify(given));
  }
});

test('loggedOn makes one who is logged off ready, and leaves everybody else what he is', async () => {
  const { wish, asked, rows } = desk();
  assert.equal((await wish('loggedOn')).state?.phase, 'ready');
  await wish('notReady', { reason: '3' });
  const verdict = await wish('loggedOn');
  assert.deepEqual([verdict.decision, verdict.state?.phase, verdict.state?.reason], ['equal', 'notReady', '3']);
  assert.deepEqual(
    asked.map((it) => it.wish.phase),
    ['ready', 'notReady'],
  );
  assert.deepEqual(rows(), ['agent granted', 'agent granted', 'agent equal']);
});

test('who is no agent, nobody’s extension and the phone of another are refused without asking the PBX, with one row', async () => {
  const { wish, asked, rows, heard } = desk();
  const stranger = { ...phone, who: '1002' };
  assert.equal((await wish('ready', { aor: a1002, origin: stranger })).refusal?.code, 'no-agent');
  assert.equal((await wish('ready', { aor: 'x@elsewhere.test' as typeof a1001 })).refusal?.code, 'unknown-extension');
  assert.equal((await wish('ready', { origin: stranger })).refusal?.code, 'not-yours');
  assert.deepEqual([asked, heard()], [[], []]);
  assert.deepEqual(rows(), ['agent refused no-agent', 'agent refused unknown-extension', 'agent refused not-yours']);
  assert.equal((await wish('ready', { origin: api })).decision, 'granted', 'the API may, whoever he is');
});

test('a phone that presses without end is refused after ten wishes a minute, the API is not', async () => {
  const { wish } = desk();
  const phases: AgentPhase[] = ['ready', 'notReady'];
  for (let n = 0; n < 10; n++) assert.equal((await wish(phases[n % 2]!)).decision, 'granted');
  assert.equal((await wish('loggedOff')).refusal?.code, 'too-many');
  assert.equal((await wish('loggedOff', { origin: api })).decision, 'granted');
});

test('while the PBX is away a wish fails at once and the last truth stands', async () => {
  const { wish, hub, asked } = desk();
  hub.apply({ type: 'link', source: 'main', state: 'down', reason: 'gone' });
  const verdict = await wish('ready');
  assert.deepEqual([verdict.decision, verdict.refusal?.code], ['failed', 'pbx-away']);
  assert.deepEqual([verdict.state?.phase, asked], ['loggedOff', []]);
});

test('a PBX that does not answer in 2 s: failed; an answer that comes late is news, unless something newer came', async () => {
  const { wish, hub, clock, asked, heard, rows } = desk(false);
  const first = wish('ready');
  await settle();
  assert.equal(asked[0]?.deadlineMs, 2000);
  clock.advance(2000);
  assert.equal((await first).refusal?.code, 'pbx-timeout');
  asked[0]?.answer(granted({ phase: 'ready', reason: null }));
  await settle();
  assert.deepEqual(heard(), ['agent 1001 agent,loggedOn']);

  const second = wish('notReady');
  await settle();
  clock.advance(2000);
  await second;
  hub.apply({ type: 'agent', source: 'main', aor: a1001, agent: { phase: 'loggedOff', reason: null } });
  asked[1]?.answer(granted({ phase: 'notReady', reason: null }));
  await settle();
  assert.equal(hub.view(a1001).agent?.phase, 'loggedOff');
  assert.deepEqual(rows(), ['agent failed pbx-timeout', 'agent failed pbx-timeout']);
});

test('an answer that comes late is none after what it tells of has come and gone', async () => {
  const { wish, hub, clock, asked } = desk(false);
  const pending = wish('ready');
  await settle();
  clock.advance(2000);
  await pending;
  for (const phase of ['ready', 'loggedOff'] as const) {
    hub.apply({ type: 'agent', source: 'main', aor: a1001, agent: { phase, reason: null } });
  }
  asked[0]?.answer(granted({ phase: 'ready', reason: null }));
  await settle();
  assert.equal(hub.view(a1001).agent?.phase, 'loggedOff');
});

test('a PBX that makes something else of it is believed; one that keeps what it had has failed', async () => {
  const { wish, asked, store } = desk(false);
  const less = wish('workingAfterCall');
  await settle();
  asked[0]?.answer(granted({ phase: 'notReady', reason: null }));
  assert.deepEqual([(await less).decision, (await less).state?.phase], ['granted', 'notReady']);
  const row = store.audits[0];
  assert.ok(row?.feature === 'agent');
  assert.deepEqual([row.wished?.phase, row.after?.phase], ['workingAfterCall', 'notReady']);
  const kept = wish('ready');
  await settle();
  asked[1]?.answer(granted({ phase: 'notReady', reason: null }));
  assert.equal((await kept).refusal?.code, 'pbx-kept');
});

test('what the PBX refuses, and a fault of the adapter, end as failed and never reject', async () => {
  const { wish, asked, rows, logger } = desk(false);
  const no = wish('ready');
  await settle();
  asked[0]?.answer(refused('no-agent', 'in no queue'));
  assert.deepEqual([(await no).decision, (await no).refusal?.code], ['failed', 'no-agent']);
  const fault = wish('ready');
  await settle();
  asked[1]?.answer(Promise.reject(new Error('boom')) as never);
  assert.equal((await fault).refusal?.code, 'pbx-failed');
  assert.deepEqual(rows(), ['agent failed no-agent', 'agent failed pbx-failed']);
  assert.ok(JSON.stringify(logger).length > 0);
});

test('a PBX that reports the change before it answers makes one change and one row of it', async () => {
  const { wish, hub, asked, heard, rows } = desk(false);
  const pending = wish('ready');
  await settle();
  hub.apply({ type: 'agent', source: 'main', aor: a1001, agent: { phase: 'ready', reason: null } });
  asked[0]?.answer(granted({ phase: 'ready', reason: null }));
  assert.equal((await pending).decision, 'granted');
  assert.deepEqual([heard(), rows()], [['agent 1001 agent,loggedOn'], ['agent granted']]);
});

test('wishes of one user pass one after the other, those for his features among them', async () => {
  const { gate, wish, asked } = desk(false);
  const first = wish('ready');
  const second = wish('notReady');
  const dnd = gate.grant({ aor: a1001, feature: 'dnd', enabled: false, origin: phone });
  await settle();
  assert.equal(asked.length, 1);
  asked[0]?.answer(granted({ phase: 'ready', reason: null }));
  await first;
  await settle();
  asked[1]?.answer(granted({ phase: 'notReady', reason: null }));
  assert.equal((await second).state?.phase, 'notReady');
  assert.equal((await dnd).decision, 'equal');
});
