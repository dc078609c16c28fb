import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Expiring, ExpiryWheel } from '../../src/notifier/expiry.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { alice, newDialog, settle, tcp, told, World } from './support.ts';

test('E65-13: a subscription that runs out gets one NOTIFY terminated;reason=timeout and is gone', async () => {
  const world = new World();
  const dialog = await world.lamp({ expires: 600 });
  world.state.calls(alice, 'd1');
  await settle();
  world.sender.take();
  world.clock.advance(599_000);
  await settle();
  assert.equal(world.sender.sent.length, 0);
  world.clock.advance(1000);
  await settle();
  const sent = world.sender.take();
  assert.deepEqual(sent[0]?.message.subscription, { state: 'terminated', reason: 'timeout' });
  assert.deepEqual([sent.length, told(sent[0]).ids, told(sent[0]).occasion], [1, ['d1'], 'final']);
  assert.deepEqual([world.notifier.list().length, world.store.rows.size, world.sender.released], [0, 0, [dialog]]);
  assert.equal((await world.again(dialog)).status, 481);
  assert.equal(world.clock.pending, 0);
});

test('E65-13: a refresh moves the end, a shorter one too', async () => {
  const world = new World();
  const dialog = await world.lamp({ expires: 600 });
  await world.clock.run(500_000, 50_000);
  await world.again(dialog, { expires: 1000 });
  await world.clock.run(900_000, 50_000);
  assert.equal(world.notifier.count(alice), 1);
  await world.again(dialog, { expires: 60 });
  await world.clock.run(60_000, 1000);
  assert.equal(world.notifier.count(alice), 0);
});

test('E65-13: the end comes through whatever pause the subscription is in, and tries a dead connection once', async () => {
  const world = new World();
  await world.lamp({ expires: 600, dialog: newDialog(tcp('c1')) });
  world.sender.script = () => ({ status: 503, local: true });
  world.state.calls(alice, 'd1');
  await world.clock.run(700_000, 10_000);
  assert.deepEqual(
    world.sender.take().map(({ message }) => message.subscription.state),
    ['active', 'terminated'],
  );
  assert.deepEqual([world.sender.released.length, world.clock.pending], [1, 0]);
});

test('the end during a NOTIFY waits for its answer; an answer that ends the subscription makes it needless', async () => {
  for (const [status, more] of [
    [200, 1],
    [481, 0],
  ] as const) {
    const world = new World();
    await world.lamp({ expires: 60 });
    world.sender.hold = true;
    await world.clock.run(50_000, 10_000);
    world.state.calls(alice, 'd1');
    await world.clock.run(15_000, 1000);
    assert.equal(world.sender.sent.length, 1);
    await world.sender.sent[0]?.answer(status);
    assert.equal(world.sender.sent.length, 1 + more);
    await world.sender.sent[1]?.answer();
    assert.equal(world.sender.released.length, 1);
  }
});

class Item implements Expiring<Item> {
  readonly name: string;
  readonly expiresAt: number;
  bucket = 0;
  nextToExpire: Item | null = null;
  previousToExpire: Item | null = null;

  constructor(name: string, expiresAt: number) {
    this.name = name;
    this.expiresAt = expiresAt;
  }
}

test('those of one second run out together, whoever leaves the chain meanwhile, and one put back waits anew', () => {
  const clock = new FakeClock(1_700_000_000_000);
  const ended: string[] = [];
  const items = ['a', 'b', 'c', 'd', 'e'].map((name) => new Item(name, clock.now() + 1000));
  const [a, b, c, d, e] = items as [Item, Item, Item, Item, Item];
  const wheel = new ExpiryWheel<Item>(clock, (item) => {
    ended.push(item.name);
    if (item !== a) return;
    wheel.remove(e); // not run yet
    wheel.put(Object.assign(a, { expiresAt: clock.now() + 2000 }));
  });
  for (const item of items) wheel.put(item);
  wheel.remove(c);
  wheel.remove(c);
  clock.advance(1000);
  assert.deepEqual([...ended].sort(), ['a', 'b', 'd']);
  assert.deepEqual([b.bucket, c.bucket, d.bucket, e.bucket], [0, 0, 0, 0]);
  clock.advance(2000);
  assert.deepEqual(ended.at(-1), 'a');
  assert.equal(clock.pending, 1, 'a was put back once more');
  wheel.remove(a);
  wheel.stop();
});

test('the expiry wheel keeps one timer, takes intervals of any length and a clock that jumps either way', () => {
  const clock = new FakeClock(1_700_000_000_400);
  const ended: string[] = [];
  const wheel = new ExpiryWheel<Item>(clock, ({ name }) => ended.push(name));
  const item = (name: string, ms: number) => new Item(name, clock.now() + ms);
  const soon = item('soon', 1000);
  wheel.put(soon);
  wheel.put(item('twin', 1000));
  wheel.put(item('year', 31_536_000_000));
  wheel.put(item('past', -5000));
  assert.equal(clock.pending, 1);
  clock.advance(600);
  assert.deepEqual(ended, ['past']);
  wheel.remove(soon);
  clock.advance(1400);
  assert.deepEqual(ended, ['past', 'twin']);
  const day = item('day', 86_400_000);
  wheel.put(day);
  const now = clock.now.bind(clock);
  clock.now = () => now() - 3_600_000; // an hour back
  clock.advance(2000);
  wheel.put(item('new', 1000));
  clock.advance(2000);
  assert.deepEqual(ended, ['past', 'twin', 'new']);
  clock.now = () => now() + 90_000_000; // more than a day ahead
  clock.advance(2000);
  assert.deepEqual(ended, ['past', 'twin', 'new', 'day']);
  wheel.stop();
  assert.equal(clock.pending, 0);
});

test('a wheel that was stopped holds no timer, whatever comes late', () => {
  const clock = new FakeClock();
  const wheel = new ExpiryWheel<Item>(clock, () => undefined);
  wheel.stop();
  wheel.put(new Item('late', clock.now() + 60_000));
  assert.equal(clock.pending, 0);
});
