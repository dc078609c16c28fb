import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gate } from '../../src/commands/gate.ts';
import { makePolicy } from '../../src/commands/policy.ts';
import { type Aor, aorOf } from '../../src/model/aor.ts';
import type { Domain } from '../../src/model/domain.ts';
import type { FeatureName, FeatureValue, Origin, OriginKind, Wish } from '../../src/model/feature.ts';
import { granted, type Outcome, refused } from '../../src/model/outcome.ts';
import { a1001, a1002, a1003, type Bench, bench, domain, feature, inStep, snapshot } from '../state/bench.ts';
import { settle } from '../support/fake-clock.ts';

const originOf = (kind: OriginKind): Origin => ({ kind, who: '1001', from: 'udp:192.0.2.1:5060', userAgent: 'T' });

interface Asked {
  readonly wish: Wish;
  readonly deadlineMs: number;
  answer(outcome: Outcome<FeatureValue>): void;
  /** Holds what was wished, as a PBX that obeys. */
  obey(): void;
}

/** A hub and a gate in front of a PBX that answers when the test says so, or at once. */
function desk(settings: { allow?: string[]; domains?: Domain[] } = {}, obedient = true, made: Bench = inStep()) {
  const { hub, clock, store, logger } = made;
  const asked: Asked[] = [];
  const policy = makePolicy(settings);
  assert.ok(policy.ok);
  const gate = new Gate({
    clock,
    logger,
    view: (aor) => hub.view(aor),
    isExtension: (aor) => hub.isExtension(aor),
    sourceFor: (aor) => hub.ownerOf(aor),
    apply: (event) => hub.apply(event),
    ask: (wish, deadlineMs) =>
      new Promise((resolve) => {
        const value = { enabled: wish.enabled, target: wish.target ?? null, ringCount: wish.ringCount ?? null };
        const one = { wish, deadlineMs, answer: resolve, obey: () => resolve(granted(value)) };
        asked.push(one);
        if (obedient) one.obey();
      }),
    policy: policy.value,
    audit: (row) => store.audits.push(row),
  });
  hub.onChange((change) => gate.observe(change));
  const wish = (aor: Aor, name: FeatureName, enabled: boolean, more: Partial<Wish> = {}, kind: OriginKind = 'phone') =>
    gate.grant({ aor, feature: name, enabled, origin: originOf(kind), ...more });
  const rows = () => store.audits.map((row) => `${row.decision} ${row.origin.kind}`);
  return { ...made, gate, asked, wish, rows };
}

test('a wish the PBX takes is granted, told through the hub and audited once, with what was wished', async () => {
  const { wish, hub, heard, store, asked } = desk();
  const verdict = await wish(a1001, 'cfa', true, { target: 'sip:1002@PBX.example.com;user=phone' });
  assert.deepEqual([verdict.decision, verdict.refusal], ['granted', null]);
  assert.equal(verdict.state, hub.view(a1001).features.cfa);
  assert.equal(asked[0]!.wish.target, '1002');
  assert.deepEqual(heard(), ['features 1001 cfa']);
  assert.equal(store.audits.length, 1);
  const { decision, wished, after, origin } = store.audits[0]!;
  const value = { enabled: true, target: '1002', ringCount: null };
  assert.deepEqual([decision, wished, after, origin], ['granted', value, value, originOf('phone')]);
});

test('a wish for what already is asks the PBX nothing and tells the others nothing', async () => {
  const { wish, hub, heard, asked, rows } = desk();
  hub.apply(feature(a1001, 'cfna', { enabled: true, target: '1002', ringCount: 4 }));
  heard();
  assert.equal((await wish(a1001, 'cfna', true, { target: '1002', ringCount: 4 })).decision, 'equal');
  assert.equal((await wish(a1001, 'cfna', true)).decision, 'equal', 'what is not mentioned is what stands');
  assert.equal((await wish(a1001, 'dnd', false)).decision, 'equal');
  assert.deepEqual([asked, heard()], [[], []]);
  assert.deepEqual(rows(), ['observed pbx', 'equal phone', 'equal phone', 'equal phone']);
});

const refusals: readonly (readonly [string, FeatureName, boolean, Partial<Wish>])[] = [
  ['self-forward', 'cfa', true, { target: '1001' }],
  ['self-forward', 'cfa', true, { target: `sip:1001@${domain}` }],
  ['self-forward', 'cfa', true, { target: 'sips:10-01@alias.example.com:5061;x=1' }],
  ['external-target', 'cfa', true, { target: '030123456' }],
  ['emergency', 'cfb', true, { target: '112' }],
  ['premium', 'cfna', true, { target: '0900 123456' }],
  ['international', 'cfa', true, { target: 'tel:+49-30-1234' }],
  ['feature-code', 'cfa', true, { target: '*72' }],
  ['bad-characters', 'cfa', true, { target: '1002&SIP/trunk/0900' }],
  ['bad-number', 'cfa', true, { target: 'mallory' }],
  ['too-long', 'cfa', true, { target: '1'.repeat(33) }],
  ['foreign-host', 'cfa', true, { target: 'sip:1002@evil.example' }],
  ['no-target', 'cfa', true, {}],
  ['no-target', 'cfb', true, { target: '  ' }],
  ['unknown-extension', 'dnd', true, { aor: aorOf('4711', domain) }],
  ['not-assigned', 'dnd', true, { aor: a1003 }],
];

for (const [code, name, enabled, more] of refusals) {
  test(`${name} to ${JSON.stringify(more.target ?? null)} is refused as ${code}, without asking the PBX, with one row`, async () => {
    const { wish, hub, heard, asked, store } = desk({ domains: [{ name: domain, aliases: ['Alias.example.com'] }] });
    const extensions = [a1001, a1002].map((aor) => ({ aor, displayName: null }));
    hub.apply(snapshot({ extensions: [...extensions, { aor: a1003, displayName: null, features: ['cfa'] }] }));
    heard();
    const verdict = await wish(more.aor ?? a1001, name, enabled, more);
    assert.deepEqual([verdict.decision, verdict.refusal?.code, verdict.state.enabled], ['refused', code, false]);
    assert.deepEqual([asked, heard()], [[], []]);
    assert.deepEqual(
      store.audits.map((row) => [row.decision, row.reason?.split(':')[0]]),
      [['refused', code]],
    );
    const [row] = store.audits;
    assert.ok(row !== undefined && row.feature !== 'agent');
    assert.equal(row.wished?.enabled, enabled);
  });
}

test('a target that is none stands in the audit trail as it was wished, cut and made printable, not as the remembered one', async () => {
  const { wish, store } = desk();
  await wish(a1001, 'cfa', true, { target: '1002' });
  await wish(a1001, 'cfa', true, { target: `mal\u001b[2Jlory${'y'.repeat(200)}` });
  const row = store.audits.at(-1);
  assert.ok(row !== undefined && row.feature === 'cfa');
  assert.deepEqual([row.decision, row.before.target, row.after.target], ['refused', '1002', '1002']);
  assert.equal(row.wished?.target, `mal?[2Jlory${'y'.repeat(69)}…`);
});

test('while a second PBX has not told its extensions, no outside number passes for one of them', async () => {
  const made = bench(['main', 'other']);
  made.hub.apply(snapshot({ extensions: [{ aor: a1001, displayName: null }] }));
  made.hub.apply({ type: 'link', source: 'main', state: 'up', reason: null });
  assert.equal(made.hub.has(aorOf('5551234', domain)), true, 'for a lamp the doubt is in favour');
  const { wish, asked } = desk({}, true, made);
  assert.equal((await wish(a1001, 'cfa', true, { target: '5551234' })).refusal?.code, 'external-target');
  assert.equal((await wish(a1001, 'cfa', true, { target: '*985551234' })).refusal?.code, 'feature-code');
  assert.deepEqual(asked, []);
});

test('switching on without a target takes the remembered one, which is judged again', async () => {
  const { wish, hub, asked } = desk();
  hub.apply(feature(a1001, 'cfa', { enabled: true, target: '1002' }));
  hub.apply(feature(a1001, 'cfa', { enabled: false }));
  assert.equal((await wish(a1001, 'cfa', true)).decision, 'granted');
  assert.equal(asked[0]!.wish.target, '1002');
  hub.apply(feature(a1002, 'cfb', { enabled: true, target: '0900123456' }));
  hub.apply(feature(a1002, 'cfb', { enabled: false }));
  assert.equal((await wish(a1002, 'cfb', true)).refusal?.code, 'premium');
});

test('what the admin set at the PBX may be repeated by the phone, though the phone could not have set it', async () => {
  const { wish, hub } = desk();
  hub.apply(feature(a1001, 'cfa', { enabled: true, target: '030123456' }));
  assert.equal((await wish(a1001, 'cfa', true, { target: '030-123456' })).decision, 'equal');
});

test('switching off needs no target and always works, whatever the phone sends with it', async () => {
  const { wish, hub, asked } = desk();
  for (const target of [undefined, '', 'sip:x@evil.example', '\u0024{EXTEN}', '0900123456', '1001']) {
    hub.apply(feature(a1001, 'cfa', { enabled: true, target: '1002' }));
    const verdict = await wish(a1001, 'cfa', false, { target }, 'api');
    assert.deepEqual([verdict.decision, verdict.state.enabled, verdict.state.target], ['granted', false, '1002']);
    assert.equal(asked.at(-1)!.wish.target, undefined);
  }
});

test('a permitted target named while switching off is remembered, even by a PBX that forgets', async () => {
  const { wish, asked, hub } = desk({}, false);
  const pending = wish(a1001, 'cfa', false, { target: '1002' });
  await settle();
  asked[0]!.answer(granted({ enabled: false, target: null, ringCount: null }));
  assert.equal((await pending).decision, 'granted');
  assert.equal(hub.view(a1001).features.cfa.target, '1002');
});

test('ring counts: nothing, 0 and nonsense keep the last one, more than 20 are 20', async () => {
  const { wish, hub } = desk();
  hub.apply(feature(a1001, 'cfna', { enabled: false, target: '1002', ringCount: 5 }));
  for (const [ringCount, expected] of [
    [undefined, 5],
    [0, 5],
    [-3, 5],
    [Number.NaN, 5],
    [2.5, 5],
    [7, 7],
    [99, 20],
  ] as const) {
    await wish(a1001, 'cfna', true, { target: '1002', ringCount }, 'api');
    assert.equal(hub.view(a1001).features.cfna.ringCount, expected);
  }
});

test('the PBX says no, or fails, or holds what it held: failed with its code, the unchanged truth, one row', async () => {
  const answers: readonly (readonly [string, (one: Asked) => void])[] = [
    ['pbx-refused', (one) => one.answer(refused('pbx-refused', 'no'))],
    ['pbx-away', (one) => one.answer(refused('pbx-away', 'gone'))],
    ['pbx-kept', (one) => one.answer(granted({ enabled: false, target: null, ringCount: null }))],
  ];
  for (const [code, answer] of answers) {
    const { wish, asked, rows, heard } = desk({}, false);
    const pending = wish(a1001, 'dnd', true);
    await settle();
    answer(asked[0]!);
    const verdict = await pending;
    assert.deepEqual([verdict.decision, verdict.refusal?.code, verdict.state.enabled], ['failed', code, false]);
    assert.deepEqual([rows(), heard()], [['failed phone'], []]);
  }
});

test('a fault of the adapter or of the audit never rejects', async () => {
  const { hub, clock, logger } = inStep();
  const policy = makePolicy({});
  assert.ok(policy.ok);
  const gate = new Gate({
    clock,
    logger,
    view: (aor) => hub.view(aor),
    isExtension: (aor) => hub.isExtension(aor),
    sourceFor: (aor) => hub.ownerOf(aor),
    apply: (event) => hub.apply(event),
    ask: () => {
      throw new Error('worker died');
    },
    policy: policy.value,
    audit: () => {
      throw new Error('disk full');
    },
  });
  const verdict = await gate.grant({ aor: a1001, feature: 'dnd', enabled: true, origin: originOf('api') });
  assert.deepEqual([verdict.decision, verdict.refusal?.code], ['failed', 'pbx-failed']);
  assert.equal(logger.lines.filter((line) => line.level === 'error').length, 2);
});

test('while the PBX is away wishes fail at once, the last truth stands', async () => {
  const { wish, hub, asked } = desk();
  hub.apply({ type: 'link', source: 'main', state: 'down', reason: null });
  const verdict = await wish(a1001, 'dnd', true);
  assert.deepEqual([verdict.decision, verdict.refusal?.code, asked], ['failed', 'pbx-away', []]);
});

test('a PBX that does not answer in 2 s: failed, the old truth; a write that lands late is told as news of the PBX', async () => {
  const { wish, asked, clock, hub, rows, heard } = desk({}, false);
  const pending = wish(a1001, 'dnd', true);
  await settle();
  assert.equal(asked[0]!.deadlineMs, 2000);
  clock.advance(2000);
  const verdict = await pending;
  assert.deepEqual([verdict.decision, verdict.refusal?.code, verdict.state.enabled], ['failed', 'pbx-timeout', false]);
  assert.deepEqual(heard(), []);
  asked[0]!.obey();
  await settle();
  assert.equal(hub.view(a1001).features.dnd.enabled, true);
  assert.deepEqual([heard(), rows()], [['features 1001 dnd'], ['failed phone', 'observed pbx']]);
  assert.equal(clock.pending, 0);
});

test('a late answer does not overwrite what became true meanwhile', async () => {
  const { wish, asked, clock, hub } = desk({}, false);
  const first = wish(a1001, 'cfa', true, { target: '1002' });
  await settle();
  clock.advance(2000);
  await first;
  const second = wish(a1001, 'cfa', true, { target: '1003' });
  await settle();
  asked[1]!.obey();
  await second;
  asked[0]!.obey();
  await settle();
  assert.equal(hub.view(a1001).features.cfa.target, '1003');
});

test('wishes of one user pass one after the other, those of others do not wait', async () => {
  const { wish, asked, hub } = desk({}, false);
  const both = [wish(a1001, 'dnd', true), wish(a1001, 'dnd', false), wish(a1002, 'dnd', true)];
  await settle();
  assert.deepEqual(
    asked.map((one) => [one.wish.aor, one.wish.enabled]),
    [
      [a1001, true],
      [a1002, true],
    ],
  );
  asked[0]!.obey();
  await settle();
  assert.equal(asked[2]!.wish.enabled, false);
  asked[2]!.obey();
  asked[1]!.obey();
  const verdicts = await Promise.all(both);
  assert.deepEqual(
    verdicts.map((verdict) => verdict.decision),
    ['granted', 'granted', 'granted'],
  );
  assert.equal(hub.view(a1001).features.dnd.enabled, false, 'the last wish stands');
});

test('the deadline counts from the arrival: who waited it away behind another wish is not put to the PBX', async () => {
  const { wish, asked, clock } = desk({}, false);
  const both = [wish(a1001, 'dnd', true), wish(a1001, 'dnd', true)];
  await settle();
  clock.advance(2000);
  const verdicts = await Promise.all(both);
  assert.deepEqual(
    verdicts.map((verdict) => verdict.refusal?.code),
    ['pbx-timeout', 'pbx-timeout'],
  );
  assert.equal(asked.length, 1);
});

test('A to B and B to A at the same moment: one is granted, one is refused as a loop', async () => {
  const { wish, asked } = desk({}, false);
  const both = [wish(a1001, 'cfa', true, { target: '1002' }), wish(a1002, 'cfa', true, { target: '1001' })];
  await settle();
  for (const one of asked) one.obey();
  const verdicts = await Promise.all(both);
  assert.deepEqual(
    verdicts.map((verdict) => verdict.refusal?.code ?? verdict.decision),
    ['granted', 'forward-loop'],
  );
  assert.equal(asked.length, 1);
});

test('a forward that failed stands in nobody’s way', async () => {
  const { wish, asked } = desk({}, false);
  const first = wish(a1001, 'cfa', true, { target: '1002' });
  await settle();
  asked[0]!.answer(refused('pbx-refused', 'no'));
  await first;
  const second = wish(a1002, 'cfa', true, { target: '1001' });
  await settle();
  asked[1]!.obey();
  assert.equal((await second).decision, 'granted');
});

test('a conditional forward to one who always forwards back is a loop too', async () => {
  const { wish, hub } = desk();
  hub.apply(feature(a1002, 'cfa', { enabled: true, target: `sip:1001@${domain}` }));
  assert.equal((await wish(a1001, 'cfb', true, { target: '1002' })).refusal?.code, 'forward-loop');
});

test('the eleventh wish of a phone within a minute is refused; the API is not counted', async () => {
  const { wish, clock, asked } = desk();
  const features = ['dnd', 'cfa', 'cfb', 'cfna'] as const;
  const press = (n: number) => wish(a1001, features[n % 4]!, n % 8 < 4, { target: '1002' });
  for (let n = 0; n < 10; n++) assert.equal((await press(n)).decision, 'granted');
  assert.equal((await press(10)).refusal?.code, 'too-many');
  assert.equal((await wish(a1001, 'cfb', true, { target: '1003' }, 'api')).decision, 'granted');
  assert.equal((await wish(a1002, 'dnd', true)).decision, 'granted', 'another user');
  assert.equal(asked.length, 12);
  clock.advance(60_000);
  assert.equal((await press(10)).refusal?.code ?? 'ok', 'ok');
});

test('more than 4 flips in 10 s: the phone is refused for 5 s, the value of the PBX stands, it is logged once', async () => {
  const { wish, hub, clock, logger, heard } = desk();
  // The FusionPBX/Yealink loop: the phone says on, the PBX says off again.
  for (let n = 0; n < 2; n++) {
    assert.equal((await wish(a1001, 'dnd', true)).decision, 'granted');
    hub.apply(feature(a1001, 'dnd', { enabled: false }));
  }
  assert.equal((await wish(a1001, 'dnd', true)).decision, 'granted', 'the fifth change starts the hold');
  hub.apply(feature(a1001, 'dnd', { enabled: false }));
  heard();
  for (let n = 0; n < 3; n++) {
    const verdict = await wish(a1001, 'dnd', true);
    assert.deepEqual([verdict.refusal?.code, verdict.state.enabled], ['oscillating', false]);
  }
  assert.deepEqual(heard(), []);
  assert.equal((await wish(a1001, 'cfa', true, { target: '1002' })).decision, 'granted', 'another feature');
  assert.equal((await wish(a1001, 'dnd', true, {}, 'api')).decision, 'granted', 'a person may end it');
  assert.equal(logger.lines.filter((line) => line.message.startsWith('a feature changes back')).length, 1);
  clock.advance(5000);
  assert.equal((await wish(a1001, 'dnd', false)).decision, 'granted');
});

test('a clock that was set back makes neither the limit nor the rest of a feature longer', async () => {
  const { wish, clock } = desk();
  for (let n = 0; n < 5; n++) await wish(a1001, 'dnd', n % 2 === 0);
  assert.equal((await wish(a1001, 'dnd', false)).refusal?.code, 'oscillating');
  for (let n = 0; n < 5; n++) await wish(a1001, 'cfb', n % 2 === 0, { target: '1002' });
  assert.equal((await wish(a1001, 'cfa', true, { target: '1002' })).refusal?.code, 'too-many');
  clock.advance(-7_200_000);
  assert.equal((await wish(a1001, 'cfa', true, { target: '1002' })).decision, 'granted');
  assert.equal((await wish(a1001, 'dnd', false)).decision, 'granted');
});

test('changes spread over time are no oscillation', async () => {
  const { wish, clock } = desk();
  for (let n = 0; n < 12; n++) {
    clock.advance(6_000);
    assert.equal((await wish(a1001, 'dnd', n % 2 === 0)).decision, 'granted');
  }
});

test('a PBX that reports the change before it answers: with attribution one row, the phone’s', async () => {
  const { wish, asked, gate, hub, rows, heard } = desk({}, false);
  const pending = wish(a1001, 'cfa', true, { target: '1002' });
  await settle();
  hub.apply(gate.attribute(feature(a1001, 'cfa', { enabled: true, target: '1002' })));
  asked[0]!.obey();
  assert.equal((await pending).decision, 'granted');
  assert.deepEqual([rows(), heard()], [['granted phone'], ['features 1001 cfa']]);
  assert.equal(hub.view(a1001).features.cfa.updatedBy, 'phone');
});

test('what somebody changes between the report of a wish and the answer to it stands: the answer is older', async () => {
  const { gate, wish, hub, asked, rows } = desk({}, false);
  const one = wish(a1001, 'cfa', true, { target: '1002' });
  await settle();
  hub.apply(gate.attribute(feature(a1001, 'cfa', { enabled: true, target: '1002' })));
  hub.apply(gate.attribute(feature(a1001, 'cfa', { enabled: false, target: '1002' })));
  asked[0]?.obey();
  const verdict = await one;
  assert.deepEqual([verdict.decision, verdict.state.enabled], ['granted', false]);
  assert.equal(hub.view(a1001).features.cfa.enabled, false);
  assert.deepEqual(rows(), ['granted phone', 'observed pbx']);
});

test('another value that the PBX reports meanwhile is the PBX’s own', async () => {
  const { wish, asked, gate, hub, rows } = desk({}, false);
  const pending = wish(a1001, 'cfa', true, { target: '1002' });
  await settle();
  hub.apply(gate.attribute(feature(a1001, 'cfa', { enabled: true, target: '1003' })));
  asked[0]!.obey();
  await pending;
  assert.deepEqual(rows(), ['observed pbx', 'granted phone']);
  const later = gate.attribute(feature(a1001, 'cfa', { enabled: false }));
  assert.equal('origin' in later, false, 'the wish is over');
});

test('without attribution the wish still has its own row, once', async () => {
  const { wish, asked, hub, rows } = desk({}, false);
  const pending = wish(a1001, 'dnd', true);
  await settle();
  hub.apply(feature(a1001, 'dnd', { enabled: true }));
  asked[0]!.obey();
  assert.equal((await pending).decision, 'granted');
  assert.deepEqual(rows(), ['observed pbx', 'granted phone']);
});

test('a PBX that holds something else than wished is believed', async () => {
  const { wish, asked, store } = desk({}, false);
  const pending = wish(a1001, 'cfa', true, { target: '1002' });
  await settle();
  asked[0]!.answer(granted({ enabled: true, target: '91002', ringCount: null }));
  const verdict = await pending;
  assert.deepEqual([verdict.decision, verdict.state.target], ['granted', '91002']);
  const [row] = store.audits;
  assert.ok(row !== undefined && row.feature !== 'agent');
  assert.deepEqual([row.wished?.target, row.after.target], ['1002', '91002']);
});

test('a forward in one tenant sees neither extensions nor forwards of another', async () => {
  const { wish, hub } = desk();
  const other = (ext: string) => aorOf(ext, 'tenant.example.org');
  const extensions = [a1001, a1002, other('1001'), other('2002')].map((aor) => ({ aor, displayName: null }));
  hub.apply(snapshot({ extensions }));
  hub.apply(feature(other('1002'), 'cfa', { enabled: true, target: '1001' }));
  assert.equal((await wish(a1001, 'cfa', true, { target: '1002' })).decision, 'granted');
  assert.equal((await wish(a1001, 'cfb', true, { target: '2002' })).refusal?.code, 'external-target');
  assert.equal(
    (await wish(a1001, 'cfb', true, { target: 'sip:2002@tenant.example.org' })).refusal?.code,
    'foreign-host',
  );
});

test('a phone that tries forbidden numbers without end fills neither the audit nor the log, and changes are still audited', async () => {
  const { wish, store, clock, logger } = desk();
  const lines = () => logger.lines.filter(({ room }) => room === 'commands').length;
  for (let n = 0; n < 1000; n++) {
    const verdict = await wish(a1001, 'cfa', true, { target: `0900${n}` });
    assert.equal(verdict.refusal?.code, 'premium');
  }
  assert.equal(store.audits.length, 120);
  assert.equal(lines(), 121, 'one of them says that the next ones are left out');
  assert.equal((await wish(a1001, 'dnd', true)).decision, 'granted');
  assert.equal(store.audits.length, 121);
  await wish(a1002, 'cfa', true, { target: '09001' });
  assert.equal(store.audits.length, 122, 'another user has room of his own');
  await wish(a1001, 'cfa', true, { target: '09001' }, 'api');
  assert.equal(store.audits.length, 123, 'an admin is always written down');
  clock.advance(60_001);
  await wish(a1001, 'cfa', true, { target: '09001' });
  assert.equal(store.audits.length, 124);
});
