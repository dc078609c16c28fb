import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agreedRate, Pace } from '../../src/notifier/rate.ts';
import { alice, newDialog, settle, tcp, told, udp, World } from './support.ts';

/* Several subscriptions of one dialog: what the sequences of test/fuzz found. */

const versionsOf = (world: World, eventId: string | null) =>
  world.sender
    .take()
    .filter(({ message }) => message.eventId === eventId)
    .map((notify) => told(notify).version);

test('who subscribes again while the end of his old subscription waits is told of the new one alone, and higher versions', async () => {
  const world = new World();
  const dialog = newDialog(udp(5060));
  await world.lamp({ dialog, eventId: 'a' });
  await world.again(dialog, { eventId: 'b' });
  for (let more = 0; more < 3; more++) await world.again(dialog, { eventId: 'a' });
  world.sender.take();
  world.sender.hold = true;
  await world.again(dialog, { eventId: 'b' }); // its NOTIFY keeps the dialog busy
  const [busy] = world.sender.take();
  await world.again(dialog, { eventId: 'a', expires: 0 });
  await world.again(dialog, { eventId: 'a' });
  world.sender.hold = false;
  await busy?.answer();
  const ofA = world.sender.take().filter(({ message }) => message.eventId === 'a');
  assert.deepEqual(
    ofA.map((notify) => [notify.message.subscription.state, told(notify).version]),
    [['active', 5]],
  );
  await world.notifier.stop();
});

test('the end of a subscription is not told again to a phone that has subscribed anew meanwhile', async () => {
  const world = new World();
  const dialog = await world.lamp({ expires: 60 });
  await world.again(dialog, { eventId: 'other', expires: 3600 });
  world.sender.take();
  world.sender.hold = true;
  await world.clock.run(62_000, 1000);
  const [end] = world.sender.take();
  assert.equal(end?.message.subscription.state, 'terminated');
  await world.clock.run(6_000, 1000);
  world.sender.hold = false;
  await world.again(dialog, { expires: 600 });
  await world.clock.run(60_000, 1000);
  await end?.answer(408);
  const states = world.sender.take().map(({ message }) => message.subscription.state);
  assert.deepEqual(states, ['active']);
  assert.equal(world.notifier.count(alice), 2);
  await world.notifier.stop();
});

test('an unsubscribe and a new SUBSCRIBE directly behind it: no end is told behind the answer to the new one', async () => {
  for (const crowded of [false, true]) {
    const world = new World();
    const dialog = await world.lamp();
    world.sender.take();
    world.sender.crowded = crowded;
    const answers: string[] = [];
    const answered = (name: string) => () => {
      answers.push(`${name}:${world.sender.take().map(({ message }) => message.subscription.state)}`);
    };
    await Promise.all([
      world.again(dialog, { expires: 0 }).then(answered('ended')),
      world.again(dialog, { expires: 600 }).then(answered('anew')),
    ]);
    world.sender.crowded = false;
    await world.clock.run(5_000);
    const anew = answers.findIndex((line) => line.startsWith('anew'));
    assert.doesNotMatch(answers.slice(anew + 1).join(), /terminated/);
    const states = world.sender.take().map(({ message }) => message.subscription.state);
    assert.doesNotMatch(states.join(), /terminated/);
    assert.match([...answers, ...states].join(), /active/);
    assert.equal(world.notifier.count(alice), 1);
    await world.notifier.stop();
  }
});

test('a final NOTIFY that is answered 404 takes the other subscriptions of its dialog along (RFC 5057 5.1), one with 481 none', async () => {
  for (const [status, left] of [
    [404, 0],
    [481, 1],
  ] as const) {
    const world = new World();
    const dialog = await world.lamp({ eventId: 'a' });
    await world.again(dialog, { eventId: 'b' });
    world.sender.script = ({ message }) => (message.subscription.state === 'terminated' ? status : 200);
    await world.again(dialog, { eventId: 'a', expires: 0 });
    await settle();
    assert.equal(world.notifier.count(alice), left, String(status));
    await world.notifier.stop();
  }
});

test('a NOTIFY that fails with the old connection, after its dialog has moved to a new one, is sent there', async () => {
  for (const second of [{ eventId: 'b', expires: 0 }, { eventId: 'c' }]) {
    const world = new World();
    const dialog = newDialog(tcp('c1'));
    await world.lamp({ dialog, eventId: 'a' });
    await world.again(dialog, { eventId: 'b' });
    world.sender.take();
    world.sender.hold = true;
    await world.again(dialog, { eventId: 'a' });
    const [owed] = world.sender.take();
    world.sender.hold = false;
    const moving = world.again(dialog, {
      ...second,
      path: { remoteTarget: dialog.remoteTarget, flow: tcp('c2') },
    });
    await owed?.answer({ status: 503, local: true });
    await moving;
    await world.clock.run(5_000);
    const told = world.sender.take().filter(({ message }) => message.eventId === 'a');
    assert.equal(told.length, 1, JSON.stringify(second));
    await world.notifier.stop();
  }
});

test('a NOTIFY that was overtaken by a SUBSCRIBE which cannot be stored is sent again to where its dialog was', async () => {
  const world = new World();
  const dialog = newDialog(tcp('c1'));
  await world.lamp({ dialog, eventId: 'a' });
  world.sender.take();
  world.sender.hold = true;
  await world.again(dialog, { eventId: 'a' });
  const [owed] = world.sender.take();
  world.sender.hold = false;
  world.store.full = true;
  const path = { remoteTarget: dialog.remoteTarget, flow: tcp('c2') };
  assert.equal((await world.again(dialog, { eventId: 'c', path })).status, 503);
  world.store.full = false;
  await owed?.answer();
  await world.clock.run(5_000);
  const [again] = world.sender.take();
  assert.deepEqual([again?.message.eventId, again?.flow.connection], ['a', 'c1']);
  await world.notifier.stop();
});

test('a subscription that was dropped without the knowledge of its phone goes on with higher versions, after a restart too', async () => {
  const first = new World();
  const dialog = newDialog(udp(5060));
  await first.lamp({ dialog, eventId: 'a' });
  await first.again(dialog, { eventId: 'b' });
  await first.again(dialog, { eventId: 'a' });
  first.sender.take();
  first.sender.script = ({ message }) => (message.eventId === 'a' ? 489 : 200);
  first.state.calls(alice, 'x');
  await first.clock.run(5_000);
  const dropped = versionsOf(first, 'a');
  assert.deepEqual(dropped, [2]);
  first.sender.script = () => 200;
  await first.again(dialog, { eventId: 'a' });
  assert.deepEqual(versionsOf(first, 'a'), [3]);
  first.sender.script = ({ message }) => (message.eventId === 'a' ? 489 : 200);
  first.state.calls(alice);
  await first.clock.run(5_000);
  assert.equal(first.notifier.count(alice), 1);
  await first.notifier.stop();

  const second = new World(first.store);
  second.notifier.restore([...first.store.rows.values()], 10);
  second.notifier.start();
  await second.clock.run(5_000);
  const [after] = second.sender.take();
  assert.ok(after);
  await second.again(after.dialog, { eventId: 'a' });
  const [version] = versionsOf(second, 'a');
  assert.ok(version !== undefined && version > 4, String(version));
  await second.notifier.stop();
});

test('a subscription far ahead of the others of its dialog, gone before a restart, comes back with higher versions', async () => {
  const first = new World();
  const dialog = newDialog(udp(5060));
  await first.lamp({ dialog, eventId: 'a' });
  await first.again(dialog, { eventId: 'b' });
  for (let turn = 0; turn < 2500; turn++) await first.again(dialog, { eventId: 'a' });
  const last = Math.max(...versionsOf(first, 'a'));
  await first.again(dialog, { eventId: 'a', expires: 0 });
  const end = Math.max(...versionsOf(first, 'a'));
  assert.ok(end > last);
  await first.notifier.stop();

  const second = new World(first.store);
  second.notifier.restore([...first.store.rows.values()], 10);
  second.notifier.start();
  await second.clock.run(5_000);
  const [after] = second.sender.take();
  assert.ok(after);
  await second.again(after.dialog, { eventId: 'a' });
  const [version] = versionsOf(second, 'a');
  assert.ok(version !== undefined && version > end, `${version} after ${end}`);
  await second.notifier.stop();
});

test('one SUBSCRIBE over a new connection brings back every subscription of its dialog', async () => {
  const first = new World();
  const dialog = newDialog(tcp('c1'));
  await first.lamp({ dialog, eventId: 'a' });
  await first.again(dialog, { eventId: 'b' });
  await first.notifier.stop();

  const second = new World(first.store);
  second.notifier.restore([...first.store.rows.values()], 10);
  second.notifier.start();
  second.state.calls(alice, 'x');
  await second.clock.run(10_000);
  assert.equal(second.sender.take().length, 0, 'the connection is gone');
  const restored = second.sender.restored[0];
  assert.ok(restored);
  await second.again(restored, { eventId: 'b', path: { remoteTarget: restored.remoteTarget, flow: tcp('c2') } });
  await second.clock.run(5_000);
  await settle();
  const ids = new Set(second.sender.take().map(({ message }) => message.eventId));
  assert.deepEqual([...ids].sort(), ['a', 'b']);
  await second.notifier.stop();
});

test('a subscription that is refreshed before it is stored, and then refused by its phone, leaves no timer', async () => {
  const world = new World();
  const dialog = await world.lamp();
  world.sender.script = ({ message }) => (message.eventId === 'b' ? 481 : 200);
  await Promise.all([
    world.again(dialog, { eventId: 'b', expires: 3600 }),
    world.again(dialog, { eventId: 'b', expires: 7200 }),
  ]);
  await world.again(dialog, { expires: 0 });
  await world.clock.run(5_000);
  assert.equal(world.notifier.count(alice), 0);
  assert.equal(world.clock.pending, 0);
  await world.notifier.stop();
});

test('rates asked for in the last second of a subscription make no timer without a time', () => {
  const asked = { 'max-rate': '0', 'min-rate': '1', 'adaptive-min-rate': '1' };
  const rate = agreedRate(asked, { expires: 0, intervalMs: 0 });
  assert.ok(rate);
  const pace = new Pace(rate);
  pace.begin(1_000);
  assert.equal(pace.latest, 6_000);
});
