import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aorOf } from '../../src/model/aor.ts';
import { agreedRate, rateParams } from '../../src/notifier/rate.ts';
import type { DialogState } from '../../src/sip/dialog.ts';
import { ListWorld, office } from './list-support.ts';
import { alice, domain, FakeStore, newDialog, settle, told, World } from './support.ts';

const plain = { expires: 3600, intervalMs: 1000 };

async function paced(world: World, eventParams: Readonly<Record<string, string>>): Promise<DialogState> {
  const dialog = newDialog();
  await world.subscribe({ dialog, eventParams, expires: 3600 });
  return dialog;
}

/** Two calls that take turns, one each 100 ms. */
async function flicker(world: World, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 100) {
    world.state.calls(alice, at % 200 === 0 ? 'd1' : 'd2');
    await world.clock.run(100);
  }
}

test('rates are read as RFC 6446 9.2 writes them, and anything else asks for none', () => {
  for (const text of ['', '-1', '1e3', '100', '0.12345678901', '.5', 'x', '1,5']) {
    assert.equal(agreedRate({ 'max-rate': text }, plain), null, text);
  }
  assert.equal(agreedRate({}, plain), null);
  assert.equal(agreedRate({ 'max-rate': '0.2' }, plain)?.max, 0.2);
});

test('R64-02, R64-05: nobody is told faster than the package allows, and none is forced faster than he may be told', () => {
  assert.deepEqual(agreedRate({ 'max-rate': '50' }, plain), { max: 1, min: null, adaptiveMin: null });
  assert.deepEqual(agreedRate({ 'max-rate': '0.1', 'min-rate': '0.5', 'adaptive-min-rate': '0.3' }, plain), {
    max: 0.1,
    min: 0.1,
    adaptiveMin: 0.1,
  });
  assert.equal(agreedRate({ 'min-rate': '99' }, plain)?.min, 0.2, 'one each 5 s is the most that can be forced');
});

test('R64-03: a slow max-rate is raised so that one NOTIFY fits before the end', () => {
  assert.equal(agreedRate({ 'max-rate': '0.0001' }, { expires: 100, intervalMs: 1000 })?.max, 0.01);
  assert.equal(agreedRate({ 'max-rate': '0' }, { expires: 100, intervalMs: 1000 })?.max, 0.01);
});

test('rates are written without exponents and in at most ten digits', () => {
  assert.deepEqual(rateParams({ max: 1 / 3600, min: 2, adaptiveMin: null }), {
    'max-rate': '0.0002777778',
    'min-rate': '2',
  });
});

test('R64-01, R64-02: max-rate 0.2 is told, and lets one change pass each 5 s, the last one with what is true then', async () => {
  const world = new World();
  const start = world.clock.now();
  await paced(world, { 'max-rate': '0.2' });
  await flicker(world, 12_000);
  const sent = world.sender.take();
  assert.deepEqual(
    sent.map(({ at }) => at - start),
    [0, 5000, 10_000],
  );
  assert.deepEqual(sent[0]?.message.subscription.params, { 'max-rate': '0.2' });
  await world.clock.run(10_000);
  assert.deepEqual(
    world.sender.take().map((notify) => told(notify).ids),
    [['d2']],
  );
});

for (const eventParams of [{}, { 'max-rate': '0.5' }, { 'min-rate': '0.1' }] as const) {
  test(`a clock that was set back keeps no lamp waiting for longer than its rate: ${JSON.stringify(eventParams)}`, async () => {
    const world = new World();
    await paced(world, eventParams);
    await world.clock.run(5_000);
    world.state.calls(alice, 'd1');
    await world.clock.run(2_000);
    world.sender.take();
    const now = world.clock.now.bind(world.clock);
    world.clock.now = () => now() - 7_200_000;
    world.state.calls(alice);
    await world.clock.run(2_500);
    assert.deepEqual(
      world.sender.take().map((notify) => told(notify).ids),
      [[]],
    );
    if (!('min-rate' in eventParams)) return;
    await world.clock.run(11_000);
    assert.ok(world.sender.take().length >= 1, 'told again, though nothing is new');
  });
}

test('a clock that was set back prolongs no pause after an error beyond the longest there is', async () => {
  const world = new World();
  await paced(world, {});
  await world.clock.run(5_000);
  world.sender.script = () => ({ status: 503, retryAfter: 60 });
  world.state.calls(alice, 'd1');
  await world.clock.run(1_000);
  world.sender.script = () => 200;
  world.sender.take();
  const now = world.clock.now.bind(world.clock);
  world.clock.now = () => now() - 86_400_000;
  await world.clock.run(3_800_000, 10_000);
  assert.deepEqual(told(world.sender.take()[0]).ids, ['d1']);
});

test('R64-02: a refresh and the end are told at once, whatever max-rate says', async () => {
  const world = new World();
  const eventParams = { 'max-rate': '0.01' };
  const dialog = await paced(world, eventParams);
  await world.again(dialog, { eventParams });
  await world.again(dialog, { eventParams, expires: 0 });
  const states = world.sender.take().map(({ message }) => message.subscription.state);
  assert.deepEqual(states, ['active', 'active', 'terminated']);
});

test('min-rate tells again though nothing is new, and counts from the last NOTIFY', async () => {
  const world = new World();
  const start = world.clock.now();
  await paced(world, { 'min-rate': '0.1' });
  await world.clock.run(4000);
  world.state.calls(alice, 'd1');
  await settle();
  await world.clock.run(21_000);
  const sent = world.sender.take();
  assert.deepEqual(
    sent.map(({ at }) => at - start),
    [0, 4000, 14_000, 24_000],
  );
  assert.deepEqual(told(sent[3]).ids, ['d1'], 'the full state');
});

test('adaptive-min-rate waits the longer the more was told of late (RFC 6446 7.2)', async () => {
  const world = new World();
  const start = world.clock.now();
  await paced(world, { 'adaptive-min-rate': '0.1' });
  await world.clock.run(17_000);
  const early = world.sender.take().map(({ at }) => at - start);
  // the clock of the test goes by 50 ms
  assert.deepEqual(
    early,
    [0, 5000, 10_000, 15_000],
    '1 / (0.1² × 60) seconds for each in the last minute, but at least 5',
  );
  await world.clock.run(120_000);
  const gaps = world.sender.take().map(({ at }) => at);
  const lastMinute = gaps.filter((at) => at > world.clock.now() - 60_000).length;
  assert.ok(lastMinute >= 5 && lastMinute <= 7, `${lastMinute} in the last minute, asked for 6`);
});

test('R64-04: rates in the 2xx to a NOTIFY hold from then on; a refresh without any takes them away', async () => {
  const world = new World();
  world.sender.script = () => ({ status: 200, eventParams: { 'max-rate': '0.1' } });
  const dialog = await paced(world, {});
  world.sender.script = () => 200;
  await flicker(world, 11_000);
  const [, told10s, ...others] = world.sender.take();
  assert.deepEqual([told10s?.message.subscription.params, others], [{ 'max-rate': '0.1' }, []]);
  await world.again(dialog, {});
  assert.equal(world.sender.take().at(-1)?.message.subscription.params, undefined);
  await flicker(world, 3000);
  assert.ok(world.sender.take().length >= 3);
});

test('rates outlive a restart', async () => {
  const store = new FakeStore();
  const before = new World(store);
  await paced(before, { 'max-rate': '0.1' });
  await before.notifier.stop();
  const after = new World(store);
  after.notifier.restore([...store.rows.values()], 100);
  after.notifier.start();
  await after.clock.run(5000);
  assert.deepEqual(after.sender.take()[0]?.message.subscription.params, { 'max-rate': '0.1' });
  await flicker(after, 9000);
  await settle();
  assert.ok(after.sender.take().length <= 1);
});

test('nobody is forced to tell more than once in 5 s: adaptive-min-rate at its beginning, and one that changes in each answer', async () => {
  const world = new World();
  await paced(world, { 'adaptive-min-rate': '99' });
  await world.clock.run(60_000);
  const steady = world.sender.take().length;
  assert.ok(steady <= 13, `${steady} in a minute`);
  let flip = false;
  world.sender.script = () => {
    flip = !flip;
    return { status: 200, eventParams: { 'adaptive-min-rate': flip ? '0.19' : '0.2' } };
  };
  await world.clock.run(60_000);
  const flipping = world.sender.take().length;
  assert.ok(flipping <= 13, `${flipping} in a minute, with another rate in each answer`);
});

test('adaptive-min-rate keeps a slow average too: the period is longer than from one NOTIFY to the next', async () => {
  const world = new World();
  await paced(world, { 'adaptive-min-rate': '0.01' });
  world.sender.take();
  await world.clock.run(3500_000);
  const many = world.sender.take().length;
  assert.ok(many >= 34 && many <= 40, `${many} in 3500 s, asked for 35`);
});

test('a list that takes many NOTIFYs is not forced as often as one that takes one: in all it is one each 5 s', async () => {
  const world = new ListWorld();
  world.lists.set(office, ...Array.from({ length: 100 }, (_, at) => aorOf(String(2000 + at), domain)));
  world.room = 1000;
  await world.subscribe(world.asking({ eventParams: { 'min-rate': '99' }, expires: 3600 }));
  const whole = world.sender.take().length;
  assert.ok(whole >= 50, `the list takes ${whole}`);
  await world.clock.run(3000_000, 1000);
  const forced = world.sender.take().length;
  assert.ok(forced >= whole && forced <= 3000 / 5, `${forced} in 3000 s`);
  let flip = false;
  world.sender.script = () => {
    flip = !flip;
    return { status: 200, eventParams: { 'min-rate': flip ? '0.19' : '0.2' } };
  };
  await world.clock.run(3000_000, 1000);
  const flipping = world.sender.take().length;
  assert.ok(flipping <= 3000 / 5 + whole, `${flipping} in 3000 s, with another rate in each answer`);
});

test('a phone that says the same rates in each answer makes one write', async () => {
  const store = new FakeStore();
  const world = new World(store);
  let writes = 0;
  const put = store.putSubscription.bind(store);
  store.putSubscription = (row) => {
    writes += 1;
    return put(row);
  };
  world.sender.script = () => ({ status: 200, eventParams: { 'min-rate': '0.2' } });
  await paced(world, {});
  await world.clock.run(60_000);
  assert.ok(world.sender.take().length >= 12);
  assert.equal(writes, 2, 'the birth, and the rates');
});
