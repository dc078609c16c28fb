import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpiryWheel } from '../../src/notifier/expiry.ts';
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

test('the expiry wheel keeps one timer, takes intervals of any length and a clock that jumps either way', () => {
  const clock = new FakeClock(1_700_000_000_400);
  const ended: string[] = [];
  const wheel = new ExpiryWheel<{ expiresAt: number; bucket: number; name: string }>(clock, ({ name }) =>
    ended.push(name),
  );
  const item = (name: string, ms: number) => ({ name, expiresAt: clock.now() + ms, bucket: 0 });
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
  const wheel = new ExpiryWheel<{ expiresAt: number; bucket: number }>(clock, () => undefined);
  wheel.stop();
  wheel.put({ expiresAt: clock.now() + 60_000, bucket: 0 });
  assert.equal(clock.pending, 0);
});
