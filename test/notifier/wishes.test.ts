import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alice, keys, newDialog, settle, told, World } from './support.ts';

/** A phone with feature keys, its first run of NOTIFYs done. */
async function keyPhone(world: World) {
  const dialog = newDialog();
  await world.subscribe(world.keysRequest(dialog));
  world.sender.take();
  return dialog;
}

test('a key press is answered 200 before the PBX is asked, and its NOTIFY waits for the verdict', async () => {
  const world = new World();
  const dialog = await keyPhone(world);
  let verdict = () => {};
  world.gate = () => new Promise<void>((resolve) => (verdict = resolve));
  const answer = await world.notifier.onSubscribe(
    world.request({ ...world.press(dialog, 'dnd=on'), initial: false, resource: null }),
  );
  assert.deepEqual([answer.status, world.wishes.length], [200, 0]);
  answer.after?.();
  await world.clock.run(1000);
  assert.deepEqual([world.wishes.length, world.sender.sent.length], [1, 0]);
  world.state.feature(alice, 'dnd', true);
  verdict();
  await settle();
  const sent = world.sender.take();
  assert.equal(sent.length, 1, 'the change and the confirmation are one NOTIFY');
  assert.deepEqual(told(sent[0]).values, { dnd: true });
  const { origin, aor, enabled } = world.wishes[0] ?? {};
  assert.deepEqual([aor, enabled], [alice, true]);
  assert.deepEqual(origin, { kind: 'phone', who: '1001', from: 'udp:192.0.2.1:5060', userAgent: 'Desk 1' });
});

test('the asking phone is told even where nothing changed or the wish was refused; other phones are not', async () => {
  const world = new World();
  const dialog = await keyPhone(world);
  const other = await keyPhone(world);
  await world.again(dialog, world.press(dialog, 'dnd=on'));
  const sent = world.sender.take();
  assert.deepEqual(
    sent.map((notify) => [notify.dialog === dialog, told(notify).values]),
    [[true, { dnd: false }]],
  );
  world.gate = () => world.state.feature(alice, 'dnd', true);
  await world.again(dialog, world.press(dialog, 'dnd=on'));
  assert.deepEqual(
    world.sender
      .take()
      .map((notify) => notify.dialog)
      .sort(),
    [dialog, other].sort(),
    'each once',
  );
});

test('a gate that throws or never answers still ends in the true state, within the time it is given', async () => {
  const world = new World();
  const dialog = await keyPhone(world);
  world.gate = () => Promise.reject(new Error('adapter lost'));
  await world.again(dialog, world.press(dialog, 'dnd=on'));
  assert.deepEqual(told(world.sender.take()[0]).values, { dnd: false });

  world.gate = () => new Promise(() => {});
  await world.again(dialog, world.press(dialog, 'dnd=on'));
  await world.clock.run(2000);
  assert.equal(world.sender.sent.length, 0);
  await world.clock.run(1000);
  assert.equal(world.sender.take().length, 1);
  world.state.feature(alice, 'cfa', true);
  await settle();
  assert.equal(world.sender.take().length, 1, 'and changes are told as ever');
});

test('several wishes go to the gate in the order of the body, and each feature is told', async () => {
  const world = new World();
  const dialog = await keyPhone(world);
  world.gate = ({ feature, enabled }) => world.state.feature(alice, feature, enabled);
  await world.again(dialog, world.press(dialog, 'cfb=on,dnd=on'));
  await settle();
  assert.deepEqual(
    world.wishes.map(({ feature }) => feature),
    ['cfb', 'dnd'],
  );
  assert.deepEqual(
    world.sender.take().map((notify) => told(notify).values),
    [{ dnd: true }, { cfb: true }],
  );
});

test('a body without a wish tells what the package says, and nothing is asked of the PBX', async () => {
  const world = new World();
  const dialog = await keyPhone(world);
  await world.again(dialog, world.press(dialog, 'tell:cfa'));
  assert.deepEqual(
    world.sender.take().map((notify) => told(notify).values),
    [{ cfa: false }],
  );
  await world.again(dialog, world.press(dialog, 'what?'));
  await settle();
  assert.equal(world.sender.take().length, 4);
  assert.equal(world.wishes.length, 0);
});

test('a wish in the first SUBSCRIBE is put, then everything is told with the new state', async () => {
  const world = new World();
  world.gate = () => world.state.feature(alice, 'dnd', true);
  const dialog = newDialog();
  await world.subscribe(world.press(dialog, 'dnd=on'));
  await settle();
  const values = world.sender.take().map((notify) => told(notify).values);
  assert.deepEqual(values, [{ dnd: true }, { cfa: false }, { cfb: false }, { cfna: false }]);
});

test('a wish in a fetch or an unsubscribe is put before the one final NOTIFY', async () => {
  for (const inDialog of [false, true]) {
    const world = new World();
    const dialog = inDialog ? await keyPhone(world) : newDialog();
    world.gate = () => world.state.feature(alice, 'dnd', true);
    const over = world.press(dialog, 'dnd=on', { expires: 0 });
    await (inDialog ? world.again(dialog, over) : world.subscribe(over));
    await settle();
    const sent = world.sender.take();
    assert.deepEqual([sent.length, sent[0]?.message.subscription.state], [1, 'terminated']);
    assert.deepEqual(told(sent[0]).values, { dnd: true, cfa: false, cfb: false, cfna: false });
    assert.deepEqual(world.sender.released, [dialog]);
  }
});

test('keys pressed while a verdict is out wait for all verdicts and give one NOTIFY', async () => {
  const world = new World();
  const dialog = await keyPhone(world);
  const verdicts: (() => void)[] = [];
  world.gate = () => new Promise<void>((resolve) => verdicts.push(resolve));
  await world.again(dialog, world.press(dialog, 'dnd=on'));
  await world.again(dialog, world.press(dialog, 'dnd=off'));
  verdicts[0]?.();
  await settle();
  assert.equal(world.sender.sent.length, 0);
  verdicts[1]?.();
  await settle();
  assert.equal(world.sender.take().length, 1);
});

test('changes of feature keys are not slowed down', async () => {
  const world = new World();
  const dialog = await keyPhone(world);
  assert.equal(keys.rate, 'none');
  for (let flip = 0; flip < 5; flip += 1) {
    world.state.feature(alice, 'dnd', flip % 2 === 0);
    await settle();
  }
  const sent = world.sender.take();
  assert.deepEqual(
    sent.map((notify) => told(notify).values['dnd']),
    [true, false, true, false, true],
  );
  assert.ok(sent.every((notify) => notify.dialog === dialog && Array.isArray(told(notify).scope)));
});
