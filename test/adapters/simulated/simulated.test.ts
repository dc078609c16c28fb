import assert from 'node:assert/strict';
import test from 'node:test';
import type { AdapterSettings, PbxAdapter, Simulator } from '../../../adapters/adapter.ts';
import { simulated } from '../../../adapters/simulated/simulated.ts';
import { aorOf } from '../../../src/model/aor.ts';
import type { FeatureName, FeatureRow, Wish } from '../../../src/model/feature.ts';
import type { Leg, PbxEvent } from '../../../src/model/pbx-event.ts';
import type { Random } from '../../../src/model/random.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { silentLogger } from '../../support/silent-logger.ts';

const domain = 'lamplighter.test';

interface Pbx {
  readonly adapter: PbxAdapter;
  readonly simulator: Simulator;
  readonly events: PbxEvent[];
  readonly clock: FakeClock;
  /** The last legs told of an extension. */
  legs(ext: string): readonly Leg[];
  /** `phase direction remote` of each leg. */
  lamps(ext: string): string[];
  set(ext: string, feature: FeatureName, enabled: boolean, target?: string, ringCount?: number): Promise<unknown>;
  call(from: string, to: string, name?: string): string;
}

function settings(more: Partial<AdapterSettings> = {}): AdapterSettings {
  return { name: 'demo', domain, domains: [{ name: domain, aliases: [] }], options: {}, remembered: [], ...more };
}

function seeded(seed: number): Random {
  let state = seed;
  const next = (): number => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state;
  };
  return {
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => next() >> 16)),
    fraction: () => next() / 2 ** 31,
  };
}

function wish(ext: string, feature: FeatureName, enabled: boolean, target?: string, ringCount?: number): Wish {
  const origin = { kind: 'phone', who: ext, from: null, userAgent: null } as const;
  return { aor: aorOf(ext, domain), feature, enabled, target, ringCount, origin };
}

function pbx(more: Partial<AdapterSettings> = {}, random: Random = seeded(7)): Pbx {
  const clock = new FakeClock();
  const adapter = simulated(settings(more), { clock, random, logger: silentLogger });
  const events: PbxEvent[] = [];
  adapter.start((event) => events.push(structuredClone(event)));
  const simulator = adapter.simulator!;
  const legs = (ext: string): readonly Leg[] => {
    for (const event of [...events].reverse()) {
      if (event.type === 'dialogs' && event.aor === aorOf(ext, domain)) return event.legs;
    }
    return [];
  };
  return {
    adapter,
    simulator,
    events,
    clock,
    legs,
    lamps: (ext) =>
      legs(ext).map((leg) => `${leg.phase} ${leg.direction} ${leg.remote.number}${leg.holding ? ' holding' : ''}`),
    set: async (ext, feature, enabled, target, ringCount) => {
      const outcome = await adapter.setFeature(wish(ext, feature, enabled, target, ringCount), 1000);
      assert.ok(outcome.ok, JSON.stringify(outcome));
      return outcome.value;
    },
    call: (from, to, name) => {
      const outcome = simulator.call(from, to, name);
      assert.ok(outcome.ok, JSON.stringify(outcome));
      return outcome.value.id;
    },
  };
}

function codeOf(outcome: { readonly ok: boolean; readonly refusal?: { readonly code: string } }): string | null {
  return outcome.ok ? null : (outcome.refusal?.code ?? null);
}

test('a start tells stale, one snapshot of everything at rest, then up', () => {
  const { events } = pbx();
  assert.deepEqual(
    events.map((event) => (event.type === 'link' ? event.state : event.type)),
    ['stale', 'snapshot', 'up'],
  );
  const told = events[1]!;
  assert.ok(told.type === 'snapshot');
  assert.equal(told.source, 'demo');
  assert.ok(told.epoch.length >= 16);
  const { extensions, dialogs, features, registrations, mailboxes } = told.snapshot;
  assert.deepEqual([extensions.length, dialogs.length, features.length], [10, 0, 40]);
  assert.ok(features.every(({ value }) => !value.enabled && value.target === null));
  assert.ok(registrations.every(({ contacts }) => contacts === 1));
  assert.ok(mailboxes.every(({ counts }) => counts.new + counts.old === 0));
});

test('a call rings, is answered, held, resumed and ended on both lamps', () => {
  const { simulator, call, lamps, events, clock, legs } = pbx();
  const id = call('1001', '1002', 'Ann');
  const told = events.flatMap((event) =>
    event.type === 'dialogs' ? event.legs.map((leg) => `${event.aor.slice(0, 4)} ${leg.phase}`) : [],
  );
  assert.deepEqual(told, ['1001 trying', '1002 early', '1001 early']);
  assert.deepEqual(lamps('1001'), ['early initiator 1002']);
  assert.deepEqual(lamps('1002'), ['early recipient 1001']);
  assert.deepEqual(legs('1002')[0]?.remote, { number: '1001', name: 'Ann', presentable: true });
  assert.equal(legs('1002')[0]?.since, clock.now());

  assert.equal(codeOf(simulator.hold(id, '1002')), 'wrong-state');
  assert.ok(simulator.answer(id).ok);
  assert.deepEqual([lamps('1001'), lamps('1002')], [['confirmed initiator 1002'], ['confirmed recipient 1001']]);
  assert.equal(codeOf(simulator.answer(id)), 'wrong-state');

  assert.ok(simulator.hold(id, '1002').ok);
  assert.deepEqual(
    [lamps('1001'), lamps('1002')],
    [['confirmed initiator 1002'], ['confirmed recipient 1001 holding']],
  );
  assert.equal(codeOf(simulator.hold(id, '1002')), 'wrong-state');
  assert.equal(codeOf(simulator.hold(id, '1003')), 'wrong-state');
  assert.equal(codeOf(simulator.hold(id, '4711')), 'unknown-extension');
  assert.ok(simulator.resume(id, '1002').ok);
  assert.deepEqual(lamps('1002'), ['confirmed recipient 1001']);
  assert.equal(codeOf(simulator.resume(id, '1002')), 'wrong-state');

  assert.ok(simulator.hangup(id).ok);
  assert.deepEqual([lamps('1001'), lamps('1002')], [[], []]);
  for (const gone of [simulator.hangup(id), simulator.answer(id), simulator.hold(id, '1001')]) {
    assert.equal(codeOf(gone), 'unknown-call');
  }
});

test('a second call to the same extension is told beside the first, and ends alone', () => {
  const { simulator, call, lamps } = pbx();
  const first = call('1001', '1003');
  call('1002', '1003');
  assert.deepEqual(lamps('1003'), ['early recipient 1001', 'early recipient 1002']);
  simulator.hangup(first);
  assert.deepEqual(lamps('1003'), ['early recipient 1002']);
});

test('a caller from outside has no lamp, and one who withholds his identity no number', () => {
  const { call, legs, events } = pbx();
  call('+49301234', '1001', 'A & <B>');
  assert.deepEqual(legs('1001')[0]?.remote, { number: '+49301234', name: 'A & <B>', presentable: true });
  call('anonymous', '1002');
  assert.equal(legs('1002')[0]?.remote.presentable, false);
  const told = new Set(events.flatMap((event) => (event.type === 'dialogs' ? [event.aor] : [])));
  assert.deepEqual([...told].sort(), [aorOf('1001', domain), aorOf('1002', domain)]);
});

test('calls that no PBX would set up are refused, and leave no lamp', () => {
  const { simulator, lamps } = pbx();
  assert.equal(codeOf(simulator.call('1001', '4711')), 'unknown-extension');
  assert.equal(codeOf(simulator.call('x"y', '1001')), 'unknown-extension');
  assert.equal(codeOf(simulator.call('1001', '1001')), 'wrong-state');
  simulator.register('1002', false);
  assert.equal(codeOf(simulator.call('1001', '1002')), 'wrong-state');
  assert.equal(codeOf(simulator.call('1002', '1001')), 'wrong-state');
  assert.deepEqual([lamps('1001'), lamps('1002')], [[], []]);
});

test('a forward of all calls rings the target and leaves the called lamp dark', async () => {
  const { call, lamps, set } = pbx();
  await set('1002', 'cfa', true, '1003');
  call('1001', '1002');
  assert.deepEqual(
    [lamps('1001'), lamps('1002'), lamps('1003')],
    [['early initiator 1003'], [], ['early recipient 1001']],
  );
});

test('do not disturb is busy: the forward on busy follows, without one the call is refused', async () => {
  const { simulator, call, lamps, set } = pbx();
  await set('1002', 'dnd', true);
  assert.equal(codeOf(simulator.call('1001', '1002')), 'wrong-state');
  await set('1002', 'cfna', true, '1004', 4);
  assert.equal(codeOf(simulator.call('1001', '1002')), 'wrong-state');
  await set('1002', 'cfb', true, '1003');
  call('1001', '1002');
  assert.deepEqual([lamps('1002'), lamps('1003')], [[], ['early recipient 1001']]);
});

test('an unregistered phone cannot answer: its forward on no answer follows', async () => {
  const { simulator, call, lamps, set } = pbx();
  simulator.register('1002', false);
  await set('1002', 'cfna', true, '0301234', 4);
  call('1001', '1002');
  assert.deepEqual(lamps('1001'), ['early initiator 0301234']);
});

test('forwards in a circle stop, ten in a row still reach the last', async () => {
  const { simulator, call, lamps, set } = pbx({ options: { extensions: ['1001-1020'] } });
  await set('1002', 'cfa', true, '1003');
  await set('1003', 'cfa', true, '1002');
  assert.equal(codeOf(simulator.call('1001', '1002')), 'wrong-state');
  await set('1003', 'cfa', true, '1001');
  assert.equal(codeOf(simulator.call('1001', '1002')), 'wrong-state', 'leads back to the caller');
  for (let ext = 1004; ext < 1014; ext++) await set(String(ext), 'cfa', true, String(ext + 1));
  call('1001', '1004');
  assert.deepEqual(lamps('1014'), ['early recipient 1001']);
  await set('1014', 'cfa', true, '1015');
  assert.equal(codeOf(simulator.call('1001', '1004')), 'wrong-state', 'eleven are too many');
});

test('a wish is written, told as a change of the PBX itself, and answered as it now is', async () => {
  const { adapter, events, set } = pbx();
  assert.deepEqual(await set('1001', 'cfna', true, '1002', 4), { enabled: true, target: '1002', ringCount: 4 });
  const told = events.at(-1)!;
  assert.ok(told.type === 'feature');
  assert.equal(told.origin, undefined, 'the gate knows who wished');
  const before = events.length;
  await set('1001', 'cfna', true, '1002', 4);
  await set('1001', 'cfna', true);
  assert.equal(events.length, before, 'an equal value is told to nobody');
  assert.deepEqual(await set('1001', 'cfna', false), { enabled: false, target: null, ringCount: 4 });
  assert.equal(codeOf(await adapter.setFeature(wish('1001', 'cfna', true), 1000)), 'pbx-refused');
  assert.equal(codeOf(await adapter.setFeature(wish('4711', 'dnd', true), 1000)), 'pbx-refused');
  const foreign = { ...wish('1001', 'dnd', true), aor: aorOf('1001', 'other.test') };
  assert.equal(codeOf(await adapter.setFeature(foreign, 1000)), 'pbx-refused');
  assert.deepEqual(await set('1001', 'dnd', true, '1002', 4), { enabled: true, target: null, ringCount: null });
});

test('features outlive a restart, calls and ids of calls do not', () => {
  const row = (
    ext: string,
    feature: FeatureName,
    enabled: boolean,
    target: string | null,
    at = domain,
  ): FeatureRow => ({
    aor: aorOf(ext, at),
    feature,
    enabled,
    target,
    ringCount: null,
    rev: 3,
    updatedBy: 'phone',
    updatedAt: 1,
  });
  const remembered = [
    row('1001', 'cfa', true, '1002'),
    row('1002', 'cfb', false, '1003'),
    row('1003', 'dnd', true, null, 'other.test'),
    row('4711', 'dnd', true, null),
  ];
  const first = pbx();
  const second = pbx({ remembered }, seeded(8));
  const [before, after] = [first.events[1]!, second.events[1]!];
  assert.ok(before.type === 'snapshot' && after.type === 'snapshot');
  assert.notEqual(before.epoch, after.epoch);
  assert.notEqual(first.call('1005', '1006'), second.call('1005', '1006'));
  const on = after.snapshot.features.filter(({ value }) => value.enabled);
  assert.deepEqual(on, [
    { aor: aorOf('1001', domain), feature: 'cfa', value: { enabled: true, target: '1002', ringCount: null } },
  ]);
  assert.ok(after.snapshot.features.every(({ value }) => value.enabled || value.target === null));
});

test('agents are logged off at first, do as they wish and as they are told, and nobody else is one', async () => {
  const { adapter, simulator, events } = pbx({ options: { agents: ['1002'] } });
  const aor = aorOf('1002', domain);
  const listed = events.flatMap((it) => (it.type === 'snapshot' ? (it.snapshot.agents ?? []) : []));
  assert.deepEqual(listed, [{ aor, agent: { phase: 'loggedOff', reason: null } }]);
  const { origin } = wish('1002', 'dnd', true);
  const onBreak = { phase: 'notReady', reason: 'lunch' } as const;
  assert.deepEqual(await adapter.setAgent?.({ aor, ...onBreak, origin }, 100), { ok: true, value: onBreak });
  assert.deepEqual(events.at(-1), { source: 'demo', type: 'agent', aor, agent: onBreak });
  assert.ok(simulator.agent('1002', { phase: 'ready', reason: 'not for this' }).ok);
  assert.deepEqual(events.at(-1), { source: 'demo', type: 'agent', aor, agent: { phase: 'ready', reason: null } });
  const told = events.length;
  assert.ok(simulator.agent('1002', { phase: 'ready', reason: null }).ok);
  assert.equal(codeOf(simulator.agent('1001', { phase: 'ready', reason: null })), 'wrong-state');
  assert.equal(codeOf(simulator.agent('4711', { phase: 'ready', reason: null })), 'unknown-extension');
  await adapter.stop();
  const stopped = await adapter.setAgent?.({ aor, ...onBreak, origin }, 100);
  assert.equal(stopped?.ok === false && stopped.refusal.code, 'pbx-away');
  assert.equal(events.length, told);
});

test('registration and mailbox are told as they are set', () => {
  const { simulator, events } = pbx();
  assert.ok(simulator.register('1001', false).ok);
  assert.deepEqual(events.at(-1), { source: 'demo', type: 'registration', aor: aorOf('1001', domain), contacts: 0 });
  assert.ok(simulator.mailbox('1001', { new: 2, old: 1 }).ok);
  const counts = { new: 2, old: 1, newUrgent: 0, oldUrgent: 0 };
  assert.deepEqual(events.at(-1), { source: 'demo', type: 'mailbox', aor: aorOf('1001', domain), counts });
  assert.equal(codeOf(simulator.register('4711', true)), 'unknown-extension');
  assert.equal(codeOf(simulator.mailbox('4711', { new: 0, old: 0 })), 'unknown-extension');
});

test('every extension has its password, nobody else has one', async () => {
  const { adapter } = pbx({ domain: 'Lamplighter.Test' });
  assert.deepEqual(await adapter.credentials('1001', domain), { realm: domain, password: 'secret1001' });
  assert.equal(await adapter.credentials('4711', domain), null);
  assert.deepEqual(adapter.digest(domain), { realm: domain, md5Only: false });
  const own = pbx({ options: { extensions: ['alice'], password: 'a<ext>b<ext>' } });
  assert.equal((await own.adapter.credentials('alice', domain))?.password, 'aalicebalice');
});

test('a stopped PBX refuses wishes and calls, tells nothing, and starts again without calls', async () => {
  const { adapter, simulator, events, call, set } = pbx();
  await set('1001', 'dnd', true);
  const id = call('1001', '1002');
  await adapter.stop();
  const before = events.length;
  assert.equal(codeOf(await adapter.setFeature(wish('1001', 'dnd', false), 1000)), 'pbx-away');
  assert.equal(codeOf(simulator.call('1001', '1002')), 'wrong-state');
  assert.equal(events.length, before);
  const again: PbxEvent[] = [];
  adapter.start((event) => again.push(event));
  const told = again[1]!;
  assert.ok(told.type === 'snapshot');
  assert.equal(told.snapshot.dialogs.length, 0);
  assert.ok(told.snapshot.features.some(({ feature, value }) => feature === 'dnd' && value.enabled));
  assert.equal(codeOf(simulator.hangup(id)), 'unknown-call');
});

for (const side of ['initiator', 'recipient']) {
  test(`a listener that hangs up as soon as the ${side} is told leaves no half of the call`, () => {
    const clock = new FakeClock();
    const adapter = simulated(settings(), { clock, random: seeded(9), logger: silentLogger });
    const last = new Map<string, readonly Leg[]>();
    adapter.start((event) => {
      if (event.type !== 'dialogs') return;
      last.set(event.aor, event.legs);
      const leg = event.legs.find(({ direction }) => direction === side);
      if (leg !== undefined) adapter.simulator?.hangup(leg.call);
    });
    adapter.simulator?.call('1001', '1002');
    assert.deepEqual([...last.values()], [[], []]);
    last.clear();
    assert.ok(adapter.simulator?.call('1003', '1002').ok);
    assert.ok([...last.values()].every((legs) => legs.length === 0));
  });
}
