import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aorOf } from '../../src/model/aor.ts';
import { isLater } from '../../src/model/dialog-state.ts';
import { type FeatureName, featureNames } from '../../src/model/feature.ts';
import type { Leg, PbxEvent } from '../../src/model/pbx-event.ts';
import type { DialogView } from '../../src/model/views.ts';
import { a1001, a1002, bench, dialogs, domain, feature, inStep, leg, snapshot } from './bench.ts';

const seed = Number(process.env['FC_SEED'] ?? Date.now() % 2 ** 31);
const runs = { seed, numRuns: 300 };
console.log(`seed ${seed}`);

const aors = [a1001, a1002, aorOf('1001', 'tenant.example.org')] as const;
const anAor = fc.constantFrom(...aors);
const aLeg: fc.Arbitrary<Leg> = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd'),
  call: fc.constantFrom('c1', 'c2'),
  phase: fc.constantFrom('trying', 'proceeding', 'early', 'confirmed', 'terminated'),
  direction: fc.constantFrom('initiator', 'recipient'),
  holding: fc.boolean(),
  remote: fc.record({
    number: fc.constantFrom('1', '2', null),
    name: fc.constant(null),
    presentable: fc.boolean(),
  }),
  since: fc.nat({ max: 5 }),
});
const legs = fc.uniqueArray(aLeg, { selector: (one) => one.id, maxLength: 4 });
const aValue = fc.record({
  enabled: fc.boolean(),
  target: fc.constantFrom('1002', '1003', null),
  ringCount: fc.constantFrom(3, 5, null),
});
const aFeature = fc.constantFrom<FeatureName>(...featureNames);
const anEvent: fc.Arbitrary<PbxEvent> = fc.oneof(
  fc.tuple(anAor, legs).map(([aor, list]) => dialogs(aor, list)),
  fc.tuple(anAor, aFeature, aValue).map(([aor, name, value]) => feature(aor, name, value)),
  fc.tuple(anAor, fc.nat({ max: 2 })).map(([aor, contacts]) => ({
    type: 'registration' as const,
    source: 'main',
    aor,
    contacts,
  })),
  fc.constantFrom('up', 'down', 'stale').map((state) => ({
    type: 'link' as const,
    source: 'main',
    state: state as 'up',
    reason: null,
  })),
);

test('property: any event told twice changes, writes and tells nothing the second time', () => {
  fc.assert(
    fc.property(fc.array(anEvent, { maxLength: 20 }), (events) => {
      const { hub, heard, store } = inStep();
      for (const event of events) {
        hub.apply(event);
        heard();
        const before = aors.map((aor) => hub.view(aor));
        const writes = [store.rows.length, store.legWrites];
        hub.apply(event);
        assert.deepEqual(heard(), []);
        assert.deepEqual([store.rows.length, store.legWrites], writes);
        assert.deepEqual(
          aors.map((aor) => hub.view(aor)),
          before,
        );
      }
    }),
    runs,
  );
});

test('property: a change is told exactly where a view differs', () => {
  fc.assert(
    fc.property(fc.array(anEvent, { maxLength: 20 }), (events) => {
      const { hub, changes } = inStep();
      for (const event of events) {
        const before = aors.map((aor) => JSON.stringify(hub.view(aor)));
        changes.length = 0;
        hub.apply(event);
        const differ = aors.filter((aor, n) => JSON.stringify(hub.view(aor)) !== before[n]);
        const told = new Set(changes.map((change) => change.aor).filter((aor) => aors.includes(aor)));
        assert.deepEqual([...told].sort(), [...differ].sort());
      }
    }),
    runs,
  );
});

test('property: rev only grows, by one with each change, and the store saw each of them', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anAor, aFeature, aValue), { maxLength: 30 }), (reports) => {
      const { hub, store } = inStep();
      for (const [aor, name, value] of reports) {
        const before = hub.view(aor).features[name];
        hub.apply(feature(aor, name, value));
        const after = hub.view(aor).features[name];
        const { enabled, target, ringCount } = before;
        const same = enabled === after.enabled && target === after.target && ringCount === after.ringCount;
        assert.equal(after.rev, before.rev + (same ? 0 : 1));
        assert.equal(after.enabled, value.enabled, 'the last writer wins');
      }
      for (const aor of aors) {
        for (const name of featureNames) {
          const rows = store.rows.filter((row) => row.aor === aor && row.feature === name);
          assert.deepEqual(
            rows.map((row) => row.rev),
            rows.map((_, n) => n + 1),
          );
        }
      }
    }),
    runs,
  );
});

test('property: no leg and no dialog id comes back to life, and no dialog moves backwards', () => {
  fc.assert(
    fc.property(fc.array(legs, { maxLength: 25 }), (lists) => {
      const { hub } = inStep();
      const ended = new Set<string>();
      let shown: readonly DialogView[] = [];
      const dead = new Set<string>();
      let alive = new Set<string>();
      for (const list of lists) {
        hub.apply(dialogs(a1001, list));
        const now = hub.view(a1001).dialogs;
        for (const old of shown) {
          const next = now.find((one) => one.id === old.id);
          if (next === undefined) ended.add(old.id);
          else assert.ok(!isLater(old.phase, next.phase), `${old.phase} became ${next.phase}`);
        }
        for (const one of now) assert.ok(!ended.has(one.id), 'an ended dialog is back');
        shown = now;
        const told = new Set(list.filter((one) => one.phase !== 'terminated').map((one) => one.id));
        for (const id of alive) if (!told.has(id)) dead.add(id);
        for (const one of list) if (one.phase === 'terminated') dead.add(one.id);
        alive = new Set([...told].filter((id) => !dead.has(id)));
        assert.equal(now.length > 0, alive.size > 0, 'lit exactly while a leg lives');
      }
    }),
    runs,
  );
});

/** What three phones of one extension do with one call. */
type Act = { readonly branch: 'a' | 'b' | 'c'; readonly does: 'ring' | 'answer' | 'hold' | 'resume' | 'hang-up' };

const anAct: fc.Arbitrary<Act> = fc.record({
  branch: fc.constantFrom('a', 'b', 'c'),
  does: fc.constantFrom('ring', 'answer', 'hold', 'resume', 'hang-up'),
});

test('property: random ring, answer, hold and hang-up over three branches end in the lamp of the model', () => {
  fc.assert(
    fc.property(fc.array(anAct, { maxLength: 40 }), fc.boolean(), (acts, overtaken) => {
      const { hub } = inStep();
      const branches = new Map<string, Leg>();
      const gone = new Set<string>();
      let answered = false;
      for (const { branch, does } of acts) {
        const old = branches.get(branch);
        if (does === 'ring' && old === undefined && !gone.has(branch)) branches.set(branch, leg(branch));
        if (does === 'answer' && old !== undefined) branches.set(branch, { ...old, phase: 'confirmed' });
        if (old?.phase === 'confirmed' && does === 'hold') branches.set(branch, { ...old, holding: true });
        if (old?.phase === 'confirmed' && does === 'resume') branches.set(branch, { ...old, holding: false });
        if (does === 'hang-up' && branches.delete(branch)) gone.add(branch);
        hub.apply(dialogs(a1001, [...branches.values()]));
        // A PBX whose events overtake each other: the old picture of the branch that ended comes once more.
        if (overtaken && does === 'hang-up' && old !== undefined) {
          hub.apply(dialogs(a1001, [...branches.values(), { ...old, phase: 'early' }]));
        }
        const live = [...branches.values()];
        answered = live.length > 0 && (answered || live.some((one) => one.phase === 'confirmed'));
        const lead = live.find((one) => one.phase === 'confirmed') ?? live[0];
        const lamp = hub.view(a1001).dialogs.map((one) => [one.phase, one.holding]);
        assert.deepEqual(lamp, lead === undefined ? [] : [[answered ? 'confirmed' : 'early', lead.holding]]);
      }
    }),
    runs,
  );
});

test('property: a snapshot after any events gives what a fresh hub makes of it', () => {
  const held = fc.uniqueArray(aLeg, { selector: (one) => one.id, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(anEvent, { maxLength: 20 }), fc.tuple(held, held, held), (events, lists) => {
      const used = inStep();
      for (const event of events) used.hub.apply(event);
      used.clock.advance(60_000);
      const fresh = bench();
      // Legs of its own: the phases of legs that went on are a memory that a fresh hub cannot have.
      const last = snapshot({
        extensions: aors.map((aor) => ({ aor, displayName: 'x' })),
        dialogs: aors.map((aor, n) => ({
          aor,
          legs: lists[n]!.map((one) => ({ ...one, id: `new-${one.id}`, call: `new-${one.call}` })),
        })),
        features: aors.flatMap((aor) =>
          featureNames.map((name) => ({ aor, feature: name, value: { enabled: true, target: '1009', ringCount: 2 } })),
        ),
        registrations: [{ aor: a1001, contacts: 1 }],
      });
      for (const { hub } of [used, fresh]) {
        hub.apply(last);
        hub.apply({ type: 'link', source: 'main', state: 'up', reason: null });
      }
      for (const aor of aors) {
        const [a, b] = [used.hub.view(aor), fresh.hub.view(aor)];
        const { features: fa, ...restA } = a;
        const { features: fb, ...restB } = b;
        assert.deepEqual(restA, restB);
        for (const name of featureNames) {
          const bare = (state: typeof fa.dnd) => [state.enabled, state.target, state.ringCount, state.assigned];
          assert.deepEqual(bare(fa[name]), bare(fb[name]));
        }
      }
      assert.deepEqual(
        used.hub.list().filter((aor) => aor.endsWith(domain)),
        [a1001, a1002],
      );
    }),
    runs,
  );
});

test('property: what happens to one tenant never shows at the other with the same extension', () => {
  fc.assert(
    fc.property(fc.array(anEvent, { maxLength: 20 }), (events) => {
      const { hub, changes } = inStep();
      const untouched = JSON.stringify(hub.view(a1001));
      for (const event of events) {
        if (event.type === 'link' || event.type === 'snapshot') continue;
        hub.apply({ ...event, aor: aorOf('1001', 'tenant.example.org') });
      }
      assert.equal(JSON.stringify(hub.view(a1001)), untouched);
      assert.equal(
        changes.some((change) => change.aor === a1001),
        false,
      );
    }),
    runs,
  );
});
