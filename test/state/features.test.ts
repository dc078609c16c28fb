import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Origin } from '../../src/model/feature.ts';
import { a1001, a1002, bench, feature, inStep, snapshot } from './bench.ts';

const phone: Origin = { kind: 'phone', who: '1001', from: 'udp:192.0.2.1:5060', userAgent: 'X' };

test('a change of the PBX is committed with an audit row before anybody is told', () => {
  const { hub, store, clock } = inStep();
  let rowsWhenTold = -1;
  hub.onChange(() => {
    rowsWhenTold = store.rows.length;
  });
  hub.apply(feature(a1001, 'dnd', { enabled: true }));
  assert.equal(rowsWhenTold, 1);
  assert.deepEqual(store.audits, [
    {
      at: clock.now(),
      aor: a1001,
      feature: 'dnd',
      origin: { kind: 'pbx', who: 'main', from: null, userAgent: null },
      before: { enabled: false, target: null, ringCount: null },
      after: { enabled: true, target: null, ringCount: null },
      wished: null,
      decision: 'observed',
      reason: null,
    },
  ]);
  assert.equal(store.rows[0]!.rev, 1);
});

test('a change that carries a wish is granted in the name of who wished it', () => {
  const { hub, store } = inStep();
  const wished = { enabled: true, target: '1003', ringCount: null };
  const event = feature(a1001, 'cfa', { enabled: true, target: '1002' });
  hub.apply({ ...event, origin: phone, wished } as typeof event);
  const [row] = store.audits;
  assert.equal(row!.decision, 'granted');
  assert.deepEqual(row!.wished, wished);
  assert.equal(hub.view(a1001).features.cfa.updatedBy, 'phone');
});

test('the first sight of a feature that is off writes and tells nothing', () => {
  const { hub, store, heard } = inStep();
  hub.apply(feature(a1001, 'cfb', {}));
  assert.deepEqual([store.rows, heard(), hub.view(a1001).features.cfb.rev], [[], [], 0]);
});

test('FreePBX deletes the target on deactivation: it stays remembered', () => {
  const { hub, heard } = inStep();
  hub.apply(feature(a1001, 'cfa', { enabled: true, target: '1002' }));
  hub.apply(feature(a1001, 'cfa', { enabled: false }));
  const { enabled, target, rev } = hub.view(a1001).features.cfa;
  assert.deepEqual({ enabled, target, rev }, { enabled: false, target: '1002', rev: 2 });
  heard();
  hub.apply(feature(a1001, 'cfa', { enabled: false }));
  assert.deepEqual(heard(), [], 'the same again is silent');
});

test('a ring count the PBX cannot tell keeps the last one', () => {
  const { hub } = inStep();
  hub.apply(feature(a1001, 'cfna', { enabled: true, target: '1002', ringCount: 4 }));
  hub.apply(feature(a1001, 'cfna', { enabled: false, target: '1002' }));
  assert.equal(hub.view(a1001).features.cfna.ringCount, 4);
});

test('Kamailio keeps one publication for all forwards: here each type keeps its own value, and DND too', () => {
  const { hub } = inStep();
  hub.apply(feature(a1001, 'dnd', { enabled: true }));
  hub.apply(feature(a1001, 'cfa', { enabled: true, target: '1002' }));
  hub.apply(feature(a1001, 'cfb', { enabled: true, target: '1003' }));
  const { dnd, cfa, cfb, cfna } = hub.view(a1001).features;
  assert.deepEqual([dnd.enabled, cfa.target, cfb.target, cfna.enabled], [true, '1002', '1003', false]);
});

test('Kamailio hands late phones the oldest key press: here whoever asks later sees the latest value', () => {
  const { hub, clock } = inStep();
  for (const target of ['1002', '1003', '1002', '1003']) hub.apply(feature(a1001, 'cfa', { enabled: true, target }));
  clock.advance(2 * 3600_000);
  assert.equal(hub.view(a1001).features.cfa.target, '1003', 'and it does not die after an hour');
});

test('a store that fails is logged, and the lamp is told the truth all the same', () => {
  const { hub, store, logger, heard } = inStep();
  store.broken = true;
  hub.apply(feature(a1001, 'dnd', { enabled: true }));
  assert.equal(hub.view(a1001).features.dnd.enabled, true);
  assert.deepEqual(heard(), ['features 1001 dnd']);
  assert.equal(logger.lines.filter((line) => line.level === 'error').length, 1);
});

test('features a user does not have are not assigned, and a change of that is told', () => {
  const { hub, heard } = inStep();
  const infos = [{ aor: a1001, displayName: null, features: ['dnd' as const] }];
  hub.apply(snapshot({ extensions: infos }));
  const { dnd, cfa } = hub.view(a1001).features;
  assert.deepEqual([dnd.assigned, cfa.assigned], [true, false]);
  assert.ok(heard().includes('features 1001 cfa,cfb,cfna'));
});

test('of two PBXs with one extension the first named says what its features are', () => {
  const { hub } = bench(['first', 'second']);
  const extensions = [{ aor: a1001, displayName: null }];
  hub.apply(snapshot({ extensions }, 'first'));
  hub.apply(snapshot({ extensions: [...extensions, { aor: a1002, displayName: null }] }, 'second'));
  hub.apply(feature(a1001, 'dnd', { enabled: true }, 'second'));
  hub.apply(feature(a1002, 'dnd', { enabled: true }, 'second'));
  assert.equal(hub.view(a1001).features.dnd.enabled, false);
  assert.equal(hub.view(a1002).features.dnd.enabled, true);
  hub.apply(feature(a1001, 'dnd', { enabled: true }, 'first'));
  assert.equal(hub.view(a1001).features.dnd.enabled, true);
});

test('stored features come back with their rev, which goes on growing', () => {
  const { hub, store } = bench();
  const row = { aor: a1001, feature: 'cfa', enabled: false, target: '1002', ringCount: null, rev: 7 } as const;
  hub.load({ features: [{ ...row, updatedBy: 'api', updatedAt: 5 }], dialogs: [] });
  assert.equal(hub.view(a1001).features.cfa.target, '1002');
  hub.apply(feature(a1001, 'cfa', { enabled: true, target: '1003' }));
  assert.equal(store.rows[0]!.rev, 8);
});
