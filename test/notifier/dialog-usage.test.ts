import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alice, newDialog, settle, tcp, told, udp, World } from './support.ts';

test('E65-10: a refresh in the dialog is answered with a full NOTIFY, its resource taken from the subscription', async () => {
  const world = new World();
  const dialog = await world.lamp();
  world.clock.advance(300_000);
  const answer = await world.again(dialog, { expires: 600 });
  assert.deepEqual([answer.status, answer.expires], [200, 600]);
  const sent = world.sender.take();
  assert.equal(sent.length, 1);
  const { version, scope, occasion, entity } = told(sent[0]);
  assert.deepEqual([version, scope, occasion, entity], [1, 'full', 'initial', 'sip:1001@pbx.test;x=1']);
  assert.equal(sent[0]?.cseq, 2);
  assert.equal(world.notifier.count(alice), 1);
  const [row] = world.store.rows.values();
  assert.equal(row?.expiresAt, world.clock.now() + 600_000);
  assert.equal(row?.remoteCseq, 2);
});

test('a refresh may agree on another form with Accept, and keeps the old one without', async () => {
  const world = new World();
  const dialog = await world.lamp({ accept: ['application/lamps-old'] });
  await world.again(dialog);
  assert.equal(world.sender.take()[0]?.message.contentType, 'application/lamps-old');
  await world.again(dialog, { accept: ['application/lamps+xml'] });
  assert.equal(world.sender.take()[0]?.message.contentType, 'application/lamps+xml');
  assert.equal([...world.store.rows.values()][0]?.contentType, 'application/lamps+xml');
  assert.equal((await world.again(dialog, { accept: ['text/plain'] })).status, 406);
  assert.equal(world.notifier.count(alice), 1, 'a refused refresh ends nothing');
});

test('E65-11, E65-17: Expires 0 in the dialog gives one final NOTIFY, and the dialog lives until that has ended', async () => {
  const world = new World();
  const dialog = await world.lamp();
  world.state.calls(alice, 'd1');
  await settle();
  world.sender.take();
  world.sender.hold = true;
  const answer = await world.again(dialog, { expires: 0 });
  assert.deepEqual([answer.status, answer.expires], [200, 0]);
  const [final, ...others] = world.sender.take();
  assert.deepEqual(final?.message.subscription, { state: 'terminated', reason: 'timeout' });
  assert.deepEqual([told(final).ids, told(final).occasion, others.length], [['d1'], 'final', 0]);
  assert.deepEqual([world.notifier.list().length, world.store.rows.size], [0, 0]);
  assert.equal(world.sender.released.length, 0, 'not while its NOTIFY is under way');
  world.state.calls(alice);
  await final?.answer(500);
  assert.deepEqual(world.sender.released, [dialog]);
  await world.clock.run(60_000, 1000);
  assert.equal(world.sender.sent.length, 0);
});

test('E65-17: an unsubscribe during a NOTIFY waits for its answer, then sends the final one', async () => {
  const world = new World();
  world.sender.hold = true;
  const dialog = newDialog();
  await world.subscribe({ dialog });
  await world.again(dialog, { expires: 0 });
  const [first, ...none] = world.sender.take();
  assert.equal(none.length, 0);
  await first?.answer(200);
  const [final] = world.sender.take();
  assert.equal(final?.message.subscription.state, 'terminated');
  await final?.answer(200);
  assert.deepEqual(world.sender.released, [dialog]);
});

test('E65-10: a phone that is heard while a NOTIFY is unanswered gets its own 1.4 s after that one, which is then over', async () => {
  const world = new World();
  world.sender.hold = true;
  const dialog = newDialog();
  await world.subscribe({ dialog });
  const [first] = world.sender.take();
  await world.clock.run(500, 100);
  await world.again(dialog);
  await world.clock.run(800, 100);
  assert.deepEqual(
    [world.sender.take().length, first?.message.awaited?.over],
    [0, false],
    'its answer may be on its way',
  );
  await world.clock.run(200, 100);
  const [second, ...none] = world.sender.take();
  assert.deepEqual([told(second).scope, second?.cseq, none.length], ['full', 2, 0]);
  assert.equal(first?.message.awaited?.over, true);
  await first?.answer(200);
  assert.equal(second?.message.awaited?.over, false, 'a late answer to the first is none to the second');
  await second?.answer(200);
  await world.clock.run(60_000, 1000);
  assert.equal(world.sender.take().length, 0);
});

test('E65-17: an unsubscribe waits for an unanswered NOTIFY no longer than 1.4 s', async () => {
  const world = new World();
  world.sender.hold = true;
  const dialog = newDialog();
  await world.subscribe({ dialog });
  await world.again(dialog, { expires: 0 });
  await world.clock.run(1_400, 100);
  const final = world.sender.take().at(-1);
  assert.equal(final?.message.subscription.state, 'terminated');
  await final?.answer(200);
  assert.deepEqual(world.sender.released, [dialog]);
});

test('E65-20: id is part of a subscription, and several packages and ids share one dialog', async () => {
  const world = new World();
  const dialog = await world.lamp({ eventId: 'a' });
  const second = await world.again(dialog, { eventId: 'b' });
  const third = await world.again(dialog, { eventId: null });
  assert.deepEqual([second.status, third.status, world.notifier.count(alice)], [200, 200, 3]);
  assert.deepEqual(
    world.sender.take().map(({ message, cseq }) => [message.eventId, cseq]),
    [
      ['b', 2],
      [null, 3],
    ],
  );
  await world.again(dialog, { eventId: 'b', expires: 0 });
  assert.equal(world.sender.take()[0]?.message.eventId, 'b');
  assert.equal(world.sender.released.length, 0, 'two usages are left');
  assert.deepEqual(
    world.notifier.list().map(({ eventId }) => eventId),
    ['a', null],
  );
  await world.again(dialog, { eventId: 'a', expires: 0 });
  await world.again(dialog, { eventId: null, expires: 0 });
  assert.deepEqual(world.sender.released, [dialog]);
});

test('usages of one dialog never have two NOTIFYs in flight, and take turns', async () => {
  const world = new World();
  world.sender.hold = true;
  const dialog = newDialog();
  await world.subscribe({ dialog, eventId: 'a' });
  await world.again(dialog, { eventId: 'b' });
  assert.equal(world.sender.sent.length, 1);
  await world.sender.sent[0]?.answer();
  assert.deepEqual(
    world.sender.sent.map(({ message, cseq }) => [message.eventId, cseq]),
    [
      ['a', 1],
      ['b', 2],
    ],
  );
  await world.sender.sent[1]?.answer();
  world.state.calls(alice, 'd1');
  await settle();
  await world.sender.sent[2]?.answer();
  assert.deepEqual(
    world.sender.sent.map(({ message }) => message.eventId),
    ['a', 'b', 'a', 'b'],
  );
  assert.equal(world.sender.mostInFlight, 1);
});

test('a subscription of an old dialog that is ended while its birth is being stored leaves nothing behind', async () => {
  const world = new World();
  const dialog = await world.lamp();
  const birth = world.again(dialog, { eventId: 'b' });
  const end = world.again(dialog, { eventId: 'b', expires: 0 });
  assert.deepEqual([(await birth).status, (await end).status], [200, 200]);
  await settle();
  assert.deepEqual([world.notifier.count(alice), world.store.rows.size], [1, 1]);
  const finals = world.sender.take().filter(({ message }) => message.subscription.state === 'terminated');
  assert.deepEqual(
    finals.map(({ message }) => message.eventId),
    ['b'],
  );
  world.state.calls(alice, 'd1');
  await settle();
  assert.deepEqual(
    world.sender.take().map(({ message }) => message.eventId),
    [null],
  );
});

test('a subscription that is not known in its dialog is 481 at once for Expires 0 and for an unknown dialog', async () => {
  const world = new World();
  const dialog = await world.lamp({ eventId: 'a' });
  assert.equal((await world.again(dialog, { eventId: 'A', expires: 0 })).status, 481);
  assert.equal((await world.again(newDialog())).status, 481);
  assert.equal(world.notifier.count(alice), 1);
});

test('a refresh for an extension that is gone is 404 and ends the subscription without a NOTIFY', async () => {
  const world = new World();
  const dialog = await world.lamp();
  world.state.missing.add(alice);
  assert.equal((await world.again(dialog)).status, 404);
  assert.deepEqual([world.notifier.list().length, world.store.rows.size, world.sender.sent.length], [0, 0, 0]);
  assert.deepEqual(world.sender.released, [dialog]);
});

test('a phone that comes back with a new Call-ID replaces its subscription silently; other devices stay', async () => {
  const world = new World();
  const old = await world.lamp({ device: 'desk' });
  const other = await world.lamp({ device: 'kitchen' });
  const fresh = newDialog(udp(5080));
  await world.subscribe({ dialog: fresh, device: 'desk' });
  assert.deepEqual(
    world.sender.take().map(({ dialog }) => dialog),
    [fresh],
    'no NOTIFY into the old dialog',
  );
  assert.deepEqual([world.sender.released, world.store.rows.size], [[old], 2]);
  world.state.calls(alice, 'd1');
  await settle();
  assert.deepEqual(new Set(world.sender.take().map(({ dialog }) => dialog)), new Set([fresh, other]));
  assert.equal((await world.again(old)).status, 481);
});

test('a replaced subscription whose NOTIFY is under way keeps its dialog until the answer, and sends nothing more', async () => {
  const world = new World();
  world.sender.hold = true;
  const old = newDialog();
  await world.subscribe({ dialog: old, device: 'desk' });
  world.state.calls(alice, 'd1');
  await world.subscribe({ device: 'desk', dialog: newDialog(udp(6062)) });
  assert.deepEqual(world.sender.released, []);
  await world.sender.sent[0]?.answer(408);
  assert.deepEqual(world.sender.released, [old]);
  await world.clock.run(60_000, 5000);
  assert.equal(world.sender.sent.filter(({ dialog }) => dialog === old).length, 1);
});

test('two lamp keys of one phone for one extension, subscribed in the same seconds, both live; the first may say 481', async () => {
  const world = new World();
  const [first, second] = [newDialog(), newDialog()];
  await Promise.all([first, second].map((dialog) => world.subscribe({ dialog, device: 'desk' })));
  assert.deepEqual([world.notifier.count(alice), world.store.rows.size], [2, 2]);
  const told = world.sender.take().map(({ dialog }) => dialog);
  assert.deepEqual(new Set(told), new Set([first, second]));
  world.sender.script = ({ dialog }) => (dialog === first ? 481 : 200);
  await world.subscribe({ device: 'desk' });
  await settle();
  assert.equal((await world.again(first)).status, 481, 'the phone had forgotten it');
  assert.equal((await world.again(second)).status, 200);
});

test('two feature-key subscriptions of one phone at the same moment leave one', async () => {
  const world = new World();
  const births = [newDialog(), newDialog()].map((dialog) =>
    world.subscribe(world.keysRequest(dialog, { device: 'desk' })),
  );
  await Promise.all(births);
  assert.deepEqual([world.notifier.count(alice), world.notifier.list().length, world.store.rows.size], [1, 1, 1]);
  assert.equal(world.sender.released.length, 1);
});

test('E65-10: a phone heard from a new address is told at once, though a NOTIFY to the old one is still unanswered', async () => {
  const world = new World();
  world.sender.hold = true;
  const dialog = newDialog(udp(5060));
  await world.subscribe({ dialog });
  dialog.flow = udp(6061);
  await world.again(dialog);
  assert.deepEqual(
    world.sender.sent.map(({ flow }) => flow.remote.port),
    [5060, 6061],
  );
  await world.sender.sent[0]?.answer(408);
  await world.sender.sent[1]?.answer(200);
  await world.clock.run(120_000, 5000);
  assert.equal(world.sender.sent.length, 2, 'the late answer means nothing');
  assert.equal(world.notifier.list()[0]?.lastStatus, 200);
});

test('a final NOTIFY to an address the phone has left is sent again to the new one', async () => {
  const world = new World();
  const dialog = await world.lamp({ dialog: newDialog(tcp('c1')) });
  world.sender.hold = true;
  await world.again(dialog, { expires: 0 });
  dialog.flow = tcp('c2');
  await world.again(dialog, { eventId: 'new' });
  assert.deepEqual(
    world.sender.sent.map(({ message, flow }) => [message.subscription.state, flow.connection]),
    [
      ['terminated', 'c1'],
      ['terminated', 'c2'],
    ],
  );
  for (const notify of world.sender.sent) await notify.answer();
  assert.equal(world.sender.sent.at(-1)?.message.eventId, 'new');
  assert.equal(world.notifier.count(alice), 1);
  await world.again(dialog, { eventId: 'new', expires: 0 });
  for (const notify of world.sender.sent) await notify.answer();
  assert.deepEqual(world.sender.released, [dialog], 'nothing is left hanging in the dialog');
});

test('E65-18: an admin ends a subscription with terminated;reason=deactivated, and may ask for everything again', async () => {
  const world = new World();
  const dialog = await world.lamp();
  const [view] = world.notifier.list();
  const id = view?.id ?? 0;
  assert.equal(world.notifier.renotify(id), true);
  await settle();
  assert.deepEqual([told(world.sender.take()[0]).scope, world.notifier.renotify(99)], ['full', false]);
  assert.equal(await world.notifier.remove(id), true);
  await settle();
  assert.deepEqual(world.sender.take()[0]?.message.subscription, { state: 'terminated', reason: 'deactivated' });
  assert.deepEqual([world.store.rows.size, world.sender.released], [0, [dialog]]);
  assert.equal(await world.notifier.remove(id), false);
});

test('E65-10: a phone that is heard again is not kept waiting for Timer F of a NOTIFY that got lost', async () => {
  const world = new World();
  world.sender.hold = true;
  const dialog = newDialog();
  await world.subscribe({ dialog });
  world.clock.advance(1000);
  await world.again(dialog);
  assert.equal(world.sender.sent.length, 1, 'one second is no reason yet');
  world.clock.advance(3000);
  await world.again(dialog);
  assert.equal(world.sender.sent.length, 2);
  await world.sender.sent[1]?.answer(200);
  await world.sender.sent[0]?.answer(408);
  await world.clock.run(60_000, 5000);
  assert.equal(world.sender.sent.length, 2, 'the late answer means nothing');
});

test('news that came while a NOTIFY was under way is told at once although that NOTIFY was answered 500', async () => {
  const world = new World();
  const dialog = await world.lamp();
  world.sender.hold = true;
  world.state.calls(alice, 'd1');
  await settle();
  world.state.calls(alice, 'd1', 'd2');
  await settle();
  const before = world.sender.sent.length;
  await world.sender.sent.at(-1)?.answer(500);
  await world.clock.run(2000, 100);
  assert.equal(world.sender.sent.length, before + 1);
  await world.sender.sent.at(-1)?.answer(500);
  await world.clock.run(20_000, 1000);
  assert.equal(world.sender.sent.length, before + 1, 'no news, no hurry');
  assert.equal(world.sender.sent.at(-1)?.dialog, dialog);
});
