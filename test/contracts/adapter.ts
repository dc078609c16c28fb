import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AdapterTools, PbxAdapter } from '../../adapters/adapter.ts';
import type { Aor } from '../../src/model/aor.ts';
import { systemClock } from '../../src/model/clock.ts';
import { featureNames, type Wish } from '../../src/model/feature.ts';
import { systemRandom } from '../../src/model/random.ts';
import { Telling } from '../adapters/told.ts';
import { silentLogger } from '../support/silent-logger.ts';

/** A PBX for one test, and the adapter before it. */
export interface AdapterRig {
  /** Called once. */
  adapter(tools: AdapterTools): PbxAdapter;
  /** An extension of that PBX. */
  readonly aor: Aor;
  /** Where that extension may forward to. */
  readonly target: string;
  /** Makes the PBX accept everything and answer nothing; absent where it cannot. */
  readonly freeze?: () => void;
  close(): Promise<void>;
}

/** What every adapter must do, whatever its PBX. `make` is called for each test. */
export function adapterContract(name: string, make: () => Promise<AdapterRig>): void {
  async function run(work: (rig: AdapterRig, adapter: PbxAdapter, telling: Telling) => Promise<void>): Promise<void> {
    const rig = await make();
    const adapter = rig.adapter({ clock: systemClock, random: systemRandom, logger: silentLogger });
    // Telling clones each event as a thread boundary would: what cannot cross it fails here.
    const telling = new Telling();
    adapter.start(telling.tell);
    try {
      await telling.up();
      await work(rig, adapter, telling);
    } finally {
      await adapter.stop();
      await rig.close();
    }
  }

  const wish = (rig: AdapterRig, feature: Wish['feature'], enabled: boolean, target?: string): Wish => ({
    aor: rig.aor,
    feature,
    enabled,
    ...(target === undefined ? {} : { target }),
    origin: { kind: 'api', who: 'contract', from: null, userAgent: null },
  });

  describe(`the port to a PBX: ${name}`, () => {
    test('start tells stale, one snapshot, and only then up', () =>
      run(async (rig, _adapter, telling) => {
        const course = telling.course.filter((it) => it !== 'down');
        assert.deepEqual(course, ['stale', 'snapshot', 'up']);
        const [first] = telling.of('snapshot');
        assert.ok(first?.epoch);
        assert.ok(first.snapshot.extensions.some((it) => it.aor === rig.aor));
        assert.equal(new Set(telling.events.map((it) => it.source)).size, 1);
      }));

    test('setFeature answers what the PBX holds afterwards, and tells it, without an origin, before it answers', () =>
      run(async (rig, adapter, telling) => {
        const on = await adapter.setFeature(wish(rig, 'cfa', true, rig.target), 5000);
        assert.deepEqual(on, { ok: true, value: { enabled: true, target: rig.target, ringCount: null } });
        const told = telling.of('feature').filter((it) => it.aor === rig.aor && it.feature === 'cfa');
        assert.deepEqual(
          told.map((it) => [it.value.enabled, it.value.target, it.origin]),
          [[true, rig.target, undefined]],
        );
        const off = await adapter.setFeature(wish(rig, 'cfa', false), 5000);
        assert.equal(off.ok && off.value.enabled, false);
      }));

    test('an equal value is granted and told to nobody', () =>
      run(async (rig, adapter, telling) => {
        const first = await adapter.setFeature(wish(rig, 'dnd', true), 5000);
        const told = telling.of('feature').length;
        const second = await adapter.setFeature(wish(rig, 'dnd', true), 5000);
        assert.deepEqual(second, first);
        assert.equal(telling.of('feature').length, told);
      }));

    test('each feature is written where the PBX says it is writable, and refused where not', () =>
      run(async (rig, adapter) => {
        for (const feature of featureNames) {
          const target = feature === 'dnd' ? undefined : rig.target;
          const answer = await adapter.setFeature(wish(rig, feature, true, target), 5000);
          assert.equal(answer.ok, adapter.capabilities.features[feature].writable, feature);
          if (!answer.ok) assert.equal(answer.refusal.code, 'not-writable');
        }
      }));

    test('an extension that the PBX does not have is a refusal', () =>
      run(async (rig, adapter) => {
        const answer = await adapter.setFeature(
          { ...wish(rig, 'dnd', true), aor: `nobody-here@lab.test` as Aor },
          5000,
        );
        assert.equal(answer.ok ? '' : answer.refusal.code, 'pbx-refused');
      }));

    test('credentials of nobody are null, and the realm is known', () =>
      run(async (_rig, adapter) => {
        assert.equal(await adapter.credentials('nobody-here'), null);
        assert.ok(adapter.digest()?.realm);
      }));

    test('a PBX that answers nothing is a refusal within the deadline', (context) =>
      run(async (rig, adapter) => {
        if (rig.freeze === undefined) return context.skip('this PBX cannot be frozen');
        rig.freeze();
        const answer = await adapter.setFeature(wish(rig, 'dnd', true), 300);
        assert.equal(answer.ok ? '' : answer.refusal.code, 'pbx-timeout');
      }));

    test('after stop nothing is told any more, and stopping twice is harmless', () =>
      run(async (rig, adapter, telling) => {
        await adapter.stop();
        const told = telling.events.length;
        const answer = await adapter.setFeature(wish(rig, 'dnd', true), 500);
        assert.equal(answer.ok ? '' : answer.refusal.code, 'pbx-away');
        await adapter.stop();
        assert.equal(telling.events.length, told);
      }));
  });
}
