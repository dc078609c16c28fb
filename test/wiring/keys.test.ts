import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Capabilities, PbxAdapter } from '../../adapters/adapter.ts';
import { Gate } from '../../src/commands/gate.ts';
import { makePolicy } from '../../src/commands/policy.ts';
import { type Aor, aorOf } from '../../src/model/aor.ts';
import type { AuditRow } from '../../src/model/audit.ts';
import { type FeatureState, type FeatureValue, featureNames, type Wish } from '../../src/model/feature.ts';
import { granted, type Outcome, refused } from '../../src/model/outcome.ts';
import { Hub } from '../../src/state/hub.ts';
import { PhoneKeys } from '../../src/wiring/keys.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/silent-logger.ts';

const aor = aorOf('2001', 'pbx.example');
const elsewhere = aorOf('3001', 'pbx.example');
const origin = { kind: 'phone', who: '2001', from: 'freeswitch:internal', userAgent: null } as const;
const dnd = (enabled: boolean): Wish => ({ aor, feature: 'dnd', enabled, origin });

const can = { readable: true, writable: true, notified: true };
const capabilities: Capabilities = {
  features: { dnd: can, cfa: can, cfb: can, cfna: can },
  calls: true,
  registrations: true,
  mailboxes: true,
  tags: true,
};

/** Hub, gate and keys as the app wires them, with two PBXs in the test's hand. */
function stage() {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const told: { pbx: string; aor: Aor; phone: string | null; dnd: boolean; cfa: string | null }[] = [];
  const audit: AuditRow[] = [];
  const pbx = { answer: (wish: Wish): Outcome<FeatureValue> => granted(asWished(wish)) };
  const adapter = (name: string, tellsPhones: boolean) =>
    ({
      capabilities: { ...capabilities, tellsPhones },
      setFeature: async (wish: Wish) => pbx.answer(wish),
      tellFeatures: (it: Aor, features: Readonly<Record<string, FeatureState>>, phone: string | null) => {
        const { dnd: one, cfa } = features;
        told.push({ pbx: name, aor: it, phone, dnd: one?.enabled ?? false, cfa: cfa?.enabled ? cfa.target : null });
      },
    }) as unknown as PbxAdapter;
  const adapters = new Map([
    ['fs', adapter('fs', true)],
    ['ast', adapter('ast', false)],
  ]);
  const store = { commitFeature: () => undefined, putLegs: () => undefined } as never;
  const hub = new Hub({ clock, logger, store, secret: Buffer.alloc(32), sources: ['fs', 'ast'] });
  const policy = makePolicy({ domains: [{ name: 'pbx.example', aliases: [] }] } as never);
  assert.ok(policy.ok);
  const gate = new Gate({
    clock,
    logger,
    view: (it) => hub.view(it),
    isExtension: (it) => hub.isExtension(it),
    sourceFor: (it) => hub.ownerOf(it),
    apply: (event) => hub.apply(event),
    ask: async (wish, deadlineMs) => adapters.get(hub.ownerOf(wish.aor) ?? '')!.setFeature(wish, deadlineMs),
    policy: policy.value,
    audit: (row) => audit.push(row),
  });
  const keys = new PhoneKeys({
    adapters,
    ownerOf: (it) => hub.ownerOf(it),
    view: (it) => hub.view(it),
    grant: (wish) => gate.grant(wish),
    logger,
  });
  hub.onChange((change) => gate.observe(change));
  hub.onChange((change) => keys.changed(change));
  for (const [source, it] of [
    ['fs', aor],
    ['ast', elsewhere],
  ] as const) {
    const off = { enabled: false, target: null, ringCount: null };
    const features = featureNames.map((feature) => ({ aor: it, feature, value: off }));
    const rest = { dialogs: [], registrations: [], mailboxes: [] };
    const snapshot = { extensions: [{ aor: it, displayName: null }], features, ...rest };
    hub.apply({ source, type: 'snapshot', epoch: '1', snapshot });
    hub.apply({ source, type: 'link', state: 'up', reason: null });
  }
  told.length = 0;
  const press = async (wishes: readonly Wish[], source = 'fs', it = aor) => {
    await keys.pressed({ source, type: 'phone-key', aor: it, wishes, phone: 'p1' });
    await settle();
  };
  return { hub, pbx, told, audit, press, logger, clock };
}

function asWished({ feature, enabled, target }: Wish): FeatureValue {
  return { enabled, target: feature === 'dnd' ? null : (target ?? null), ringCount: null };
}

describe('a key of a phone that subscribes to its PBX', () => {
  test('passes the gate and changes the truth; all phones of the user are told, then the one that asked', async () => {
    const { press, told, hub, clock } = stage();
    await press([dnd(true)]);
    assert.deepEqual(
      told.map(({ pbx, phone, dnd: on }) => [pbx, phone, on]),
      [
        ['fs', null, true],
        ['fs', 'p1', true],
      ],
    );
    const { enabled, updatedBy } = hub.view(aor).features.dnd;
    assert.deepEqual([enabled, updatedBy], [true, 'phone']);
    assert.equal(clock.pending, 0);
  });

  test('a change that a hook keeps quiet is not told to the phones of a PBX either', () => {
    const { hub, told } = stage();
    const value = { enabled: true, target: null, ringCount: null };
    hub.apply({ type: 'feature', source: 'fs', aor, feature: 'dnd', value, quiet: true });
    assert.deepEqual(told, []);
    hub.apply({ type: 'feature', source: 'fs', aor, feature: 'dnd', value: { ...value, enabled: false } });
    assert.equal(told.length, 1);
  });

  test('that wishes nothing is told how things stand', async () => {
    const { press, told } = stage();
    await press([]);
    assert.deepEqual(told, [{ pbx: 'fs', aor, phone: 'p1', dnd: false, cfa: null }]);
  });

  test('that wishes what already is, what the policy forbids, or what the PBX refuses is told the truth, alone', async () => {
    const { press, told, audit, pbx } = stage();
    await press([dnd(false)]);
    await press([{ aor, feature: 'cfa', enabled: true, target: '0900123456', origin }]);
    await press([{ aor, feature: 'cfa', enabled: true, target: '5'.repeat(400), origin }]);
    await press([{ aor, feature: 'cfa', enabled: true, target: '3001\n\napi db insert', origin }]);
    pbx.answer = () => refused('pbx-refused', 'no');
    await press([dnd(true)]);
    assert.deepEqual(told, Array(5).fill({ pbx: 'fs', aor, phone: 'p1', dnd: false, cfa: null }));
    assert.deepEqual(
      audit.map(({ decision, reason }) => [decision, reason?.split(':')[0] ?? null]),
      [
        ['equal', null],
        ['refused', 'premium'],
        ['refused', 'too-long'],
        ['refused', 'bad-characters'],
        ['failed', 'pbx-refused'],
      ],
    );
  });

  test('that flips without end is stopped by the gate, and told the truth each time', async () => {
    const { press, told, audit } = stage();
    for (let time = 0; time < 30; time++) await press([dnd(time % 2 === 0)]);
    assert.ok(audit.some(({ reason }) => reason?.startsWith('oscillating')));
    assert.equal(told.filter(({ phone }) => phone === 'p1').length, 30);
    assert.ok(told.filter(({ phone }) => phone === null).length <= 6);
  });

  test('of an extension that its PBX does not have, or with a wish for another, is nothing', async () => {
    const { press, told, logger, hub } = stage();
    await press([{ ...dnd(true), aor: elsewhere }], 'fs', elsewhere);
    await press([{ ...dnd(true), aor: elsewhere }]);
    assert.deepEqual(told, []);
    assert.equal(hub.view(elsewhere).features.dnd.enabled, false);
    assert.equal(logger.lines.filter(({ level }) => level === 'warn').length, 2);
  });

  test('of extensions that its PBX does not have, pressed without end, are a hundred lines and no more', async () => {
    const { press, logger } = stage();
    for (let time = 0; time < 500; time++) {
      const other = aorOf(String(4000 + (time % 250)), 'pbx.example');
      await press([{ ...dnd(true), aor: other }], 'fs', other);
    }
    assert.equal(logger.lines.filter(({ level }) => level === 'warn').length, 100);
  });

  test('a change by others is told to all its phones; one of a PBX whose phones subscribe to us is not', () => {
    const { hub, told } = stage();
    const value = { enabled: true, target: null, ringCount: null };
    hub.apply({ source: 'fs', type: 'feature', aor, feature: 'dnd', value });
    hub.apply({ source: 'ast', type: 'feature', aor: elsewhere, feature: 'dnd', value });
    assert.deepEqual(told, [{ pbx: 'fs', aor, phone: null, dnd: true, cfa: null }]);
  });
});
