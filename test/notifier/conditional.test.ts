import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uaProfile } from '../../src/event-packages/ua-profile/ua-profile.ts';
import { documentOf } from '../../src/profiles/document.ts';
import type { SentNotify } from './support.ts';
import { alice, FakeStore, newDialog, settle, told, World } from './support.ts';

function tagOf(notify: SentNotify | undefined): string {
  const tag = notify?.message.headers?.find(([name]) => name === 'SIP-ETag')?.[1];
  assert.match(tag ?? '', /^[\w-]{11}$/);
  return tag ?? '';
}

async function lampAndTag(world: World) {
  const dialog = newDialog();
  await world.subscribe({ dialog });
  return { dialog, tag: tagOf(world.sender.take()[0]) };
}

test('R58-01: each NOTIFY has the tag of the state, the same for all who watch it, another for another state', async () => {
  const world = new World();
  const one = await lampAndTag(world);
  const other = await lampAndTag(world);
  assert.equal(one.tag, other.tag);
  world.state.calls(alice, 'd1');
  await settle();
  const [first, second] = world.sender.take().map(tagOf);
  assert.equal(first, second);
  assert.notEqual(first, one.tag);
  await world.clock.run(1000);
  world.state.calls(alice);
  await settle();
  assert.deepEqual(world.sender.take().map(tagOf), [one.tag, one.tag], 'the state of before has the tag of before');
});

test('R58-02: a refresh with the tag of the present state is 204, extends the subscription and sends nothing', async () => {
  const world = new World();
  const { dialog, tag } = await lampAndTag(world);
  await world.clock.run(500_000);
  const answer = await world.again(dialog, { suppressIfMatch: tag, expires: 600 });
  assert.deepEqual([answer.status, answer.expires], [204, 600]);
  await world.clock.run(500_000);
  assert.deepEqual(world.sender.take(), [], 'neither a NOTIFY for it nor the end of the old interval');
  world.state.calls(alice, 'd1');
  await settle();
  assert.deepEqual(told(world.sender.take()[0]).ids, ['d1'], 'what changes later is told');
});

test('R58-02: a refresh with the tag of another state is 200 and told everything', async () => {
  const world = new World();
  const { dialog, tag } = await lampAndTag(world);
  world.state.calls(alice, 'd1');
  await settle();
  world.sender.take();
  assert.equal((await world.again(dialog, { suppressIfMatch: tag })).status, 200);
  assert.deepEqual(told(world.sender.take()[0]).ids, ['d1']);
});

test('a change that waits for its time is told after a 204 to *', async () => {
  const world = new World();
  const { dialog } = await lampAndTag(world);
  world.state.calls(alice, 'd1');
  await settle();
  world.state.calls(alice, 'd2');
  await settle();
  world.sender.take();
  assert.equal((await world.again(dialog, { suppressIfMatch: '*' })).status, 204);
  assert.deepEqual(world.sender.take(), []);
  await world.clock.run(1000);
  assert.deepEqual(told(world.sender.take()[0]).ids, ['d2']);
});

test('R58-03: a new subscription with the tag of the present state is 200 and a NOTIFY without a body', async () => {
  const world = new World();
  const { tag } = await lampAndTag(world);
  for (const suppressIfMatch of [tag, '*']) {
    const answer = await world.subscribe({ suppressIfMatch });
    assert.equal(answer.status, 200);
    const [notify, ...others] = world.sender.take();
    assert.deepEqual([notify?.message.contentType, notify?.message.content, others.length], [null, '', 0]);
    assert.equal(notify?.message.subscription.state, 'active');
    assert.equal(tagOf(notify), tag);
  }
});

test('a NOTIFY without a body that gets lost is sent again without one', async () => {
  const world = new World();
  const { tag } = await lampAndTag(world);
  world.sender.script = () => ({ status: 503, local: false, retryAfter: 5 });
  await world.subscribe({ suppressIfMatch: tag });
  world.sender.take();
  world.sender.script = () => 200;
  await world.clock.run(5000);
  assert.deepEqual(
    world.sender.take().map(({ message }) => message.content),
    [''],
  );
});

test('a fetch with the tag of the present state gets the end without a body', async () => {
  const world = new World();
  const { tag } = await lampAndTag(world);
  assert.equal((await world.subscribe({ suppressIfMatch: tag, expires: 0 })).status, 200);
  const [notify] = world.sender.take();
  assert.deepEqual([notify?.message.subscription.state, notify?.message.content], ['terminated', '']);
});

test('an unsubscribe with the tag of the present state is 204 and ends without a NOTIFY', async () => {
  const world = new World();
  const { dialog, tag } = await lampAndTag(world);
  assert.equal((await world.again(dialog, { suppressIfMatch: tag, expires: 0 })).status, 204);
  world.state.calls(alice, 'd1');
  await world.clock.run(5000);
  assert.deepEqual(world.sender.take(), []);
  assert.deepEqual([world.notifier.list(), world.store.rows.size, world.sender.released], [[], 0, [dialog]]);
});

test('a key that wishes something is answered whatever its condition', async () => {
  const world = new World();
  const dialog = newDialog();
  await world.subscribe(world.keysRequest(dialog));
  world.sender.take();
  const answer = await world.again(dialog, world.press(dialog, 'dnd=on', { suppressIfMatch: '*' }));
  assert.equal(answer.status, 200);
  assert.equal(world.sender.take().length, 1);
});

test('the tag of a state is the same after a restart', async () => {
  const store = new FakeStore();
  const before = new World(store);
  const { dialog, tag } = await lampAndTag(before);
  await before.notifier.stop();
  const after = new World(store);
  after.notifier.restore([...store.rows.values()], 100);
  const [restored] = after.sender.restored;
  assert.ok(restored !== undefined && restored.callId === dialog.callId);
  assert.equal((await after.again(restored, { suppressIfMatch: tag })).status, 204);
  after.notifier.start();
  await after.clock.run(10_000);
  assert.deepEqual(after.sender.take(), [], 'the phone said that it has the state');
});

test('what changed while nobody ran is told after the restart, though the phone has refreshed with * before', async () => {
  const store = new FakeStore();
  const before = new World(store);
  await lampAndTag(before);
  await before.notifier.stop();
  const after = new World(store);
  after.state.calls(alice, 'd1');
  after.notifier.restore([...store.rows.values()], 100);
  const [restored] = after.sender.restored;
  assert.ok(restored !== undefined);
  assert.equal((await after.again(restored, { suppressIfMatch: '*' })).status, 204);
  after.notifier.start();
  await after.clock.run(10_000);
  assert.deepEqual(
    after.sender.take().map((notify) => told(notify).ids),
    [['d1']],
  );
});

test('min-rate and max-rate of a refresh that is 204 count from the last NOTIFY', async () => {
  const world = new World();
  const { dialog, tag } = await lampAndTag(world);
  await world.clock.run(1000);
  const asked = { suppressIfMatch: tag, eventParams: { 'min-rate': '0.1', 'max-rate': '0.2' }, expires: 3600 };
  assert.equal((await world.again(dialog, asked)).status, 204);
  world.state.calls(alice, 'd1');
  await world.clock.run(3000);
  assert.deepEqual(world.sender.take(), [], 'max-rate: 5 s from the NOTIFY before');
  await world.clock.run(2000);
  assert.equal(world.sender.take().length, 1);
  await world.clock.run(8500);
  assert.deepEqual(world.sender.take(), []);
  await world.clock.run(1000);
  assert.equal(world.sender.take().length, 1, 'min-rate');
});

test('min-rate of a refresh that is 204 is kept though nothing ever changes', async () => {
  const world = new World();
  const { dialog, tag } = await lampAndTag(world);
  const asked = { suppressIfMatch: tag, eventParams: { 'min-rate': '0.1' }, expires: 3600 };
  assert.equal((await world.again(dialog, asked)).status, 204);
  await world.clock.run(31_000);
  assert.equal(world.sender.take().length, 3);
});

test('the tag of a profile is another where its document is, though the phone is told the same URL, and where its type is', async () => {
  const document = (content: string, contentType: string) => {
    const key = { kind: 'user', domain: 'pbx.test', name: '1001' } as const;
    return documentOf(key, { contentType, content, readers: [], effectiveBy: null }, 0);
  };
  const tags = new Set<string>();
  for (const accept of [['application/url'], ['*/*']]) {
    for (const user of [document('a', 'text/plain'), document('b', 'text/plain'), document('b', 'text/html')]) {
      const world = new World(undefined, { packages: [uaProfile] });
      const delivery = { url: 'https://prov.test/{user}', prefer: 'document', effectiveBy: null } as const;
      const profiles = { user, device: null, localNetwork: null, models: new Map(), deviceName: null, delivery };
      world.state.views.set(alice, { ...world.state.view(alice), profiles });
      await world.subscribe({ event: 'ua-profile', accept, watcher: { aor: alice, how: 'digest' } });
      tags.add(tagOf(world.sender.take()[0]));
    }
  }
  assert.equal(tags.size, 6);
});

test('min-rate outlives a restart, though the refresh after it is 204', async () => {
  const store = new FakeStore();
  const before = new World(store);
  const dialog = newDialog();
  const eventParams = { 'min-rate': '0.1' };
  await before.subscribe({ dialog, eventParams, expires: 3600 });
  const tag = tagOf(before.sender.take()[0]);
  await before.notifier.stop();
  const after = new World(store);
  after.notifier.restore([...store.rows.values()], 100);
  const [restored] = after.sender.restored;
  assert.ok(restored !== undefined);
  const asked = { suppressIfMatch: tag, eventParams, expires: 3600 };
  assert.equal((await after.again(restored, asked)).status, 204);
  after.notifier.start();
  await after.clock.run(31_000);
  assert.equal(after.sender.take().length, 3);
});
