import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../src/notifier/answer.ts';
import { alice, newDialog, settle, tcp, told, World } from './support.ts';

const fatal = [404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604];
const bearable = [300, 302, 400, 401, 403, 406, 407, 413, 415, 420, 486, 487, 488, 491, 500, 503, 504, 600, 603, 606];

test('E65-14: these answers to a NOTIFY end the subscription at once, all others keep it', async () => {
  const fresh = { timeouts: 0, errors: 0, forgiven: 3, stream: false };
  for (let status = 300; status < 700; status += 1) {
    const { next } = judge({ status, local: false, retryAfter: null }, fresh);
    assert.equal(next, fatal.includes(status) ? 'drop' : 'wait', String(status));
  }
  for (const status of fatal) {
    const world = new World();
    const dialog = await world.lamp();
    world.sender.script = () => ({ status, retryAfter: 5 });
    world.state.calls(alice, 'd1');
    await settle();
    assert.deepEqual([world.notifier.count(alice), world.store.rows.size], [0, 0], String(status));
    assert.deepEqual(world.sender.released, [dialog]);
    world.state.calls(alice);
    await world.clock.run(120_000, 10_000);
    assert.equal(world.sender.take().length, 1, 'no further NOTIFY');
    assert.equal((await world.again(dialog)).status, 481);
  }
});

test('RFC 5057 5.1 (T-10): what speaks of the phone’s address ends the whole dialog, what speaks of a subscription only that one', async () => {
  for (const status of fatal) {
    const world = new World();
    const dialog = await world.lamp();
    await world.again(dialog, { eventId: '2', resource: alice });
    await settle();
    world.sender.take();
    assert.equal(world.notifier.count(alice), 2);
    world.sender.script = () => status;
    const [first] = world.notifier.list();
    world.notifier.renotify(first?.id ?? 0);
    await settle();
    const whole = [404, 410, 416, 482, 483, 484, 485, 604].includes(status);
    assert.deepEqual([world.notifier.count(alice), world.store.rows.size], whole ? [0, 0] : [1, 1], String(status));
    assert.deepEqual(world.sender.released, whole ? [dialog] : [], String(status));
    assert.equal(world.sender.take().length, 1);
  }
});

test('E65-14: other errors keep the subscription, are not repeated at once, and end in the newest state', async () => {
  for (const status of bearable) {
    const world = new World();
    await world.lamp();
    world.sender.script = () => status;
    world.state.calls(alice, 'd1');
    await world.clock.run(29_000, 1000);
    assert.deepEqual([world.sender.take().length, world.notifier.count(alice)], [1, 1], String(status));
    world.sender.script = () => 200;
    await world.clock.run(2000, 1000);
    const sent = world.sender.take();
    assert.deepEqual([sent.length, told(sent[0]).ids], [1, ['d1']]);
  }
});

test('a phone that answers nothing but errors is asked more and more rarely', async () => {
  const world = new World();
  await world.lamp({ expires: 7200 });
  const start = world.clock.now();
  world.sender.script = () => 500;
  world.state.calls(alice, 'd1');
  await settle();
  await world.clock.run(3_600_000, 10_000);
  assert.deepEqual(
    world.sender.take().map(({ at }) => (at - start) / 1000),
    [0, 30, 90, 210, 450, 930, 1530, 2130, 2730, 3330],
  );
  assert.equal(world.notifier.count(alice), 1);
});

test('a change breaks the pause after an error, but keeps to the rate', async () => {
  const world = new World();
  await world.lamp();
  const start = world.clock.now();
  world.sender.script = () => 500;
  for (let step = 0; step < 20; step += 1) {
    world.state.calls(alice, `d${step}`);
    await settle();
    await world.clock.run(100);
  }
  assert.deepEqual(
    world.sender.take().map(({ at }) => at - start),
    [0, 1000, 2000],
  );
});

test('E65-16: Retry-After is honoured, changes included, and the newest state is sent then', async () => {
  const world = new World();
  await world.lamp();
  world.sender.script = () => ({ status: 503, retryAfter: 20 });
  world.state.calls(alice, 'd1');
  await settle();
  world.sender.script = () => 200;
  await world.clock.run(10_000, 1000);
  world.state.calls(alice, 'd2');
  await world.clock.run(9_000, 1000);
  assert.equal(world.sender.take().length, 1);
  await world.clock.run(1000, 1000);
  assert.deepEqual(told(world.sender.take()[0]).ids, ['d2']);
});

test('E65-16: a Retry-After of nothing or of a year is kept within a second and an hour', () => {
  const pause = (retryAfter: number) => {
    const fresh = { timeouts: 0, errors: 0, forgiven: 3, stream: false };
    const sequel = judge({ status: 503, local: false, retryAfter }, fresh);
    return sequel.next === 'wait' ? sequel.pauseMs : null;
  };
  assert.deepEqual([pause(0), pause(31_536_000)], [1000, 3_600_000]);
});

test('E65-15: unanswered NOTIFYs are forgiven as often as the profile says, with the newest state, then it is dropped', async () => {
  const world = new World();
  world.profile = { ...world.profile, notifyTimeouts: 2 };
  await world.lamp();
  world.sender.hold = true;
  const timeout = async () => {
    await world.clock.run(32_000, 4000);
    await world.sender.sent.at(-1)?.answer({ status: 408, local: true });
  };
  world.state.calls(alice, 'd1');
  await settle();
  await timeout();
  assert.equal(world.sender.sent.length, 1, 'a pause first');
  await world.clock.run(30_000, 1000);
  world.state.calls(alice, 'd2');
  await timeout();
  assert.deepEqual(told(world.sender.sent.at(-1)).ids, ['d2'], 'a change in between is told at once');
  assert.deepEqual([world.sender.sent.length, world.notifier.count(alice)], [3, 1]);
  await timeout();
  assert.deepEqual([world.notifier.count(alice), world.store.rows.size, world.sender.released.length], [0, 0, 1]);
});

test('E65-15: a profile may drop at the first timeout, and an answer forgets the timeouts before it', async () => {
  const strict = new World();
  strict.profile = { ...strict.profile, notifyTimeouts: 0 };
  strict.sender.script = () => ({ status: 408, local: true });
  await strict.lamp();
  assert.equal(strict.notifier.count(alice), 0);

  const world = new World();
  world.profile = { ...world.profile, notifyTimeouts: 1 };
  await world.lamp();
  for (let round = 0; round < 5; round += 1) {
    world.sender.script = () => ({ status: 408, local: true });
    world.state.calls(alice, `d${round}`);
    await settle();
    world.sender.script = () => 200;
    await world.clock.run(31_000, 1000);
  }
  assert.equal(world.notifier.count(alice), 1);
});

test('a connection that is gone keeps the subscription silent until the phone subscribes over a new one', async () => {
  const world = new World();
  const dialog = await world.lamp({ dialog: newDialog(tcp('c1')), expires: 3600 });
  world.sender.script = () => ({ status: 503, local: true });
  world.state.calls(alice, 'd1');
  await settle();
  for (let step = 0; step < 10; step += 1) {
    world.state.calls(alice, `e${step}`);
    await world.clock.run(60_000, 10_000);
  }
  assert.deepEqual([world.sender.take().length, world.notifier.count(alice)], [1, 1]);
  world.sender.script = () => 200;
  dialog.flow = tcp('c2');
  await world.again(dialog);
  assert.deepEqual(
    world.sender.take().map((notify) => [told(notify).ids, notify.flow.connection]),
    [[['e9'], 'c2']],
  );
});

test('a datagram that could not be sent is tried again after a pause: the way may be back', async () => {
  const world = new World();
  await world.lamp();
  world.sender.script = () => ({ status: 503, local: true });
  world.state.calls(alice, 'd1');
  await settle();
  world.sender.script = () => 200;
  await world.clock.run(31_000, 1000);
  assert.equal(world.sender.take().length, 2);
});

test('a failed piece of a run is sent again with the rest, nothing twice', async () => {
  const world = new World();
  let failing = 1;
  world.sender.script = () => (failing-- > 0 ? 500 : 200);
  await world.subscribe(world.keysRequest(newDialog()));
  assert.equal(world.sender.sent.length, 1, 'the run waits as well');
  await world.clock.run(31_000, 1000);
  assert.deepEqual(
    world.sender.take().map((notify) => Object.keys(told(notify).values)),
    [['dnd'], ['dnd'], ['cfa'], ['cfb'], ['cfna']],
  );
});

test('a refresh while a NOTIFY is failing is answered at once, not after the pause', async () => {
  const world = new World();
  const dialog = await world.lamp();
  world.sender.hold = true;
  world.state.calls(alice, 'd1');
  await settle();
  await world.again(dialog);
  await world.sender.sent[0]?.answer(500);
  assert.equal(world.sender.sent.length, 2);
  await world.sender.sent[1]?.answer(500);
  assert.equal(world.sender.sent.length, 2);
});
