import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gate } from '../../src/commands/gate.ts';
import type { SetHook } from '../../src/commands/hook.ts';
import { makePolicy } from '../../src/commands/policy.ts';
import type { FeatureName, Wish } from '../../src/model/feature.ts';
import type { HookAdvice, HookQuestion } from '../../src/model/hook.ts';
import { granted, type Outcome, refused } from '../../src/model/outcome.ts';
import { a1001, a1002, feature, inStep } from '../state/bench.ts';

const silent: HookAdvice = { assigned: true, notify: true, handled: false, refusal: null };

/** A gate between a hook that says what the test wants and a PBX that obeys. */
function desk(
  say: (question: HookQuestion) => Outcome<HookAdvice | null>,
  more: Partial<SetHook> = {},
  deny: string[] = [],
) {
  const made = inStep();
  const { hub, clock, store, logger } = made;
  const asked: HookQuestion[] = [];
  const put: Wish[] = [];
  const policy = makePolicy({ deny });
  assert.ok(policy.ok);
  const gate = new Gate({
    clock,
    logger,
    view: (aor) => hub.view(aor),
    isExtension: (aor) => hub.isExtension(aor),
    sourceFor: (aor) => hub.ownerOf(aor),
    agentSourceFor: () => null,
    apply: (event) => hub.apply(event),
    ask: async (wish) => {
      put.push(wish);
      return granted({ enabled: wish.enabled, target: wish.target ?? null, ringCount: wish.ringCount ?? null });
    },
    askAgent: async () => refused('not-writable', 'no agents here'),
    policy: policy.value,
    hook: {
      deadlineMs: 1000,
      owns: new Set(),
      targets: 'policy',
      set: async (question) => {
        asked.push(question);
        return say(question);
      },
      ...more,
    },
    audit: (row) => store.audits.push(row as never),
  });
  const origin = { kind: 'phone', who: '1001', from: 'udp:192.0.2.1:5060', userAgent: 'T' } as const;
  const wish = (name: FeatureName, enabled: boolean, rest: Partial<Wish> = {}) =>
    gate.grant({ aor: a1001, feature: name, enabled, origin, ...rest });
  return { ...made, gate, asked, put, wish };
}

test('a hook is asked about every wish that our rules allow, normalised, with what stands and who asks', async () => {
  const { wish, asked, put } = desk(() => granted(null));
  const verdict = await wish('cfna', true, { target: 'sip:1002@pbx.example.com', ringCount: 4, param: 'night' });
  assert.equal(verdict.decision, 'granted');
  const { aor, value, current, origin, param } = asked[0]!;
  assert.deepEqual([aor, value, param], [a1001, { enabled: true, target: '1002', ringCount: 4 }, 'night']);
  assert.equal(current?.enabled, false);
  assert.equal(origin?.kind, 'phone');
  assert.equal(put.length, 1);
  await wish('cfna', true, { target: '1002', ringCount: 4 });
  assert.equal(asked.length, 2, 'a wish for what is already so is asked about too');
  assert.equal(put.length, 1);
});

test('a wish that our rules refuse never reaches the hook', async () => {
  const { wish, asked } = desk(() => granted(null));
  for (const target of ['0900123456', '1001', 'x@y&z']) {
    assert.equal((await wish('cfa', true, { target })).decision, 'refused');
  }
  assert.equal(asked.length, 0);
});

test('a hook may refuse, with its own code and reason; the PBX is not asked and the trail says why', async () => {
  const { wish, put, store } = desk(() =>
    granted({ ...silent, refusal: { code: 'hook-friday', message: 'not today' } }),
  );
  const verdict = await wish('dnd', true);
  assert.deepEqual([verdict.decision, verdict.refusal?.code], ['refused', 'hook-friday']);
  assert.equal(put.length, 0);
  assert.equal((store.audits[0] as { reason: string }).reason, 'hook-friday: not today');
});

test('a hook that changes status or values changes what the PBX is asked for', async () => {
  const { wish, put, hub } = desk(({ feature: name }) =>
    granted(name === 'dnd' ? { ...silent, enabled: false } : { ...silent, target: 'tel:1003', ringCount: 7 }),
  );
  assert.equal((await wish('dnd', true)).decision, 'equal');
  assert.equal(put.length, 0);
  await wish('cfna', true, { target: '1002', ringCount: 2 });
  assert.deepEqual([put[0]!.target, put[0]!.ringCount], ['1003', 7]);
  assert.equal(hub.view(a1001).features.cfna.target, '1003');
});

test('a hook that says the wish over again changes nothing: an unnamed target stays unnamed', async () => {
  const { wish, put, hub } = desk(({ value }) =>
    granted({ ...silent, enabled: value.enabled, ...(value.target === null ? {} : { target: value.target }) }),
  );
  hub.apply(feature(a1001, 'cfa', { enabled: true, target: '1002' }));
  await wish('cfa', false);
  assert.deepEqual([put[0]!.enabled, put[0]!.target], [false, undefined]);
});

test("a hook's target passes the policy of phones: it cannot open toll fraud, nor make a circle", async () => {
  for (const [target, code] of [
    ['0900123456', 'premium'],
    ['+4930123456', 'international'],
    ['1001', 'self-forward'],
    ['1002;DROP', null],
    ['$(EVIL)', 'bad-characters'],
  ] as const) {
    const { wish, put } = desk(() => granted({ ...silent, target }));
    const verdict = await wish('cfa', true, { target: '1003' });
    assert.equal(verdict.refusal?.code ?? null, code, target);
    assert.equal(put.length, code === null ? 1 : 0);
  }
});

test('with targets: any a hook may name any number but denied ones, itself, and no number at all', async () => {
  for (const [target, code] of [
    ['+4930123456', null],
    ['0900123', 'denied'],
    ['1001', 'self-forward'],
    ['a b', 'bad-number'],
  ] as const) {
    const { wish } = desk(() => granted({ ...silent, target }), { targets: 'any' }, ['^0900']);
    assert.equal((await wish('cfa', true, { target: '1003' })).refusal?.code ?? null, code, target);
  }
  const { wish } = desk(() => granted(null), { targets: 'any' });
  const own = await wish('cfa', true, { target: '+4930123456' });
  assert.equal(own.refusal?.code, 'international', 'the phone itself gained nothing');
});

test('what a hook has handled enters the hub as truth without the PBX, even while that is away', async () => {
  const { wish, put, hub, store } = desk(() => granted({ ...silent, handled: true }));
  hub.apply({ type: 'link', source: 'main', state: 'down', reason: 'gone' });
  const verdict = await wish('cfb', true, { target: '1002' });
  assert.deepEqual([verdict.decision, put.length], ['granted', 0]);
  assert.deepEqual([hub.view(a1001).features.cfb.enabled, hub.view(a1001).features.cfb.target], [true, '1002']);
  assert.equal(store.audits.length, 1);
  assert.equal((await wish('cfb', true, { target: '1002' })).decision, 'equal');
});

test('for a feature that the hook owns the PBX is never asked', async () => {
  const { wish, put, hub } = desk(() => granted(null), { owns: new Set(['cfb'] as const) });
  assert.equal((await wish('cfb', true, { target: '1002' })).decision, 'granted');
  assert.equal((await wish('cfa', true, { target: '1002' })).decision, 'granted');
  assert.deepEqual(
    put.map((one) => one.feature),
    ['cfa'],
  );
  assert.equal(hub.view(a1001).features.cfb.enabled, true);
});

test('notify: false makes the change a quiet one; assigned: false hides the feature and refuses the wish', async () => {
  const { wish, changes, hub } = desk(({ feature: name }) =>
    granted(name === 'dnd' ? { ...silent, notify: false } : { ...silent, assigned: false }),
  );
  const verdict = await wish('dnd', true);
  assert.equal(verdict.quiet, true);
  assert.deepEqual(
    changes.splice(0).map(({ topic, quiet }) => [topic, quiet]),
    [['features', true]],
  );
  const hidden = await wish('cfa', true, { target: '1002' });
  assert.equal(hidden.refusal?.code, 'not-assigned');
  assert.equal(hub.view(a1001).features.cfa.assigned, false);
  assert.equal(hub.view(a1002).features.cfa.assigned, true);
  assert.deepEqual(
    changes.map(({ topic, aspects }) => [topic, ...aspects]),
    [['features', 'cfa']],
  );
  hub.apply({ type: 'assignment', source: 'main', aor: a1001, feature: 'cfa', assigned: true });
  assert.equal(hub.view(a1001).features.cfa.assigned, true);
});

test('a hook that did not decide is a failed wish, no refused one: a phone is not blamed for it', async () => {
  const { wish, put } = desk(() => refused('hook-failed', 'no answer within 1000 ms'));
  const verdict = await wish('dnd', true);
  assert.deepEqual([verdict.decision, verdict.refusal?.code, put.length], ['failed', 'hook-failed', 0]);
});

test('a wish that waited to its deadline behind others is not asked about', async () => {
  const made = desk(() => granted(null));
  const blocked = made.gate.inTurn(a1001, async () => made.clock.advance(3000));
  const verdict = await made.wish('dnd', true);
  await blocked;
  assert.deepEqual([verdict.refusal?.code, made.asked.length], ['hook-failed', 0]);
});

test('what a hook says of itself is judged without asking anybody', () => {
  const { gate, asked, put } = desk(() => granted(null));
  const origin = { kind: 'hook', who: 'h', from: null, userAgent: null } as const;
  const judge = (target: string) => gate.judge({ aor: a1001, feature: 'cfa', enabled: true, target, origin });
  assert.deepEqual(judge('sip:1002@pbx.example.com'), granted({ enabled: true, target: '1002', ringCount: null }));
  const no = judge('0900123456');
  assert.equal(no.ok ? '' : no.refusal.code, 'premium');
  assert.deepEqual([asked.length, put.length], [0, 0]);
});
