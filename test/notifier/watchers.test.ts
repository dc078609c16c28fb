import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventPackage } from '../../src/event-packages/event-package.ts';
import type { NotifierDeps } from '../../src/notifier/notifier.ts';
import { alice, bob, FakeStore, keys, lamps, newDialog, type SentNotify, settle, tcp, udp, World } from './support.ts';

/** Who has a lamp on a user: one line each. */
const watchers: EventPackage = {
  event: 'lamps.winfo',
  contentTypes: ['application/watchers'],
  expires: { min: 60, default: 3600, max: 3600 },
  reads: [],
  about: 'lamps',
  leastIntervalMs: 5000,
  watchers: 'owner',
  implements: [],
  maxRequestBytes: 0,
  render: (_, request) => {
    const told = request.watchers.map((one) => [one.id, one.watcher, one.subscribedFor, one.expiresIn]);
    return {
      bodies: [{ contentType: 'application/watchers', content: JSON.stringify(told), covers: 'full' }],
      shown: [],
    };
  },
};

const packages = [lamps, keys, watchers];
const own = { event: 'lamps.winfo', watcher: { aor: alice, how: 'digest' } } as const;

const world = (overrides: Partial<NotifierDeps> = {}, store = new FakeStore()) =>
  new World(store, { packages, ...overrides });

/** The lists that were told to those who watch the watchers. */
const lists = (sent: readonly SentNotify[]) =>
  sent
    .filter(({ message }) => message.event === 'lamps.winfo')
    .map(({ message }) => JSON.parse(message.content) as [number, string | null, number, number][]);
const ids = (sent: readonly SentNotify[]) => lists(sent).map((list) => list.map(([id]) => id));

test('W38-01: who watches the watchers is told who is there, and of everybody who comes and goes', async () => {
  const it = world();
  await it.lamp({ device: 'first' });
  await it.clock.run(2000);
  await it.subscribe(own);
  assert.deepEqual(lists(it.sender.take()), [[[1, bob, 2, 598]]]);
  const second = await it.subscribe({ watcher: { aor: null, how: 'trusted' }, device: 'second', expires: 60 });
  assert.equal(second.status, 200);
  assert.deepEqual(lists(it.sender.take()), [
    [
      [1, bob, 2, 598],
      [3, null, 0, 60],
    ],
  ]);
  await it.notifier.remove(1);
  await it.clock.run(6000);
  assert.deepEqual(ids(it.sender.take()), [[3]]);
  await it.clock.run(60_000);
  assert.deepEqual(ids(it.sender.take()), [[]], 'one that expired has left');
});

test('W38-01: many who come at once are told together, no sooner than 5 s after the last word, whatever the profile says', async () => {
  const it = world();
  it.profile = { ...it.profile, notifyMinIntervalMs: 0 };
  await it.lamp(own);
  const start = it.clock.now();
  for (let phone = 0; phone < 8; phone += 1) {
    await it.subscribe({ device: `phone-${phone}`, dialog: newDialog(udp(5000 + phone)) });
    await it.clock.run(500);
  }
  await it.clock.run(20_000);
  const sent = it.sender.take().filter(({ message }) => message.event === 'lamps.winfo');
  assert.deepEqual(
    sent.map(({ at }) => at - start),
    [0, 5000],
  );
  assert.deepEqual(ids(sent), [[2], [2, 3, 4, 5, 6, 7, 8, 9]]);
});

test('W38-01: who left is remembered with the reason as long as somebody watches, and then no more', async () => {
  const seen: unknown[] = [];
  const recording: EventPackage = {
    ...watchers,
    render: (view, request) => {
      seen.push((request.left ?? []).map(({ id, event, subscribedFor }) => [id, event, subscribedFor]));
      return watchers.render(view, request);
    },
  };
  const it = world({ packages: [lamps, keys, recording] });
  await it.lamp({ device: 'before' });
  await it.notifier.remove(1);
  await it.subscribe(own);
  const leaving = newDialog(udp(6001));
  await it.subscribe({ device: 'leaves', dialog: leaving });
  await it.subscribe({ device: 'removed', dialog: newDialog(udp(6002)) });
  await it.subscribe({ device: 'expires', dialog: newDialog(udp(6003)), expires: 60 });
  await it.subscribe({ ...it.keysRequest(newDialog(udp(6004))), device: 'of another package' });
  await it.clock.run(7000);
  await it.again(leaving, { expires: 0 });
  await it.notifier.remove(4, 'deactivated');
  await it.clock.run(70_000, 5000);
  assert.deepEqual(seen[0], [], 'nobody watched when the first one left');
  assert.deepEqual(seen.at(-1), [
    [3, 'timeout', 7],
    [4, 'deactivated', 7],
    [5, 'timeout', 60],
  ]);
  await it.notifier.remove(2);
  await it.clock.run(1000);
  seen.length = 0;
  await it.subscribe({ ...own, dialog: newDialog() });
  assert.deepEqual(seen, [[]]);
});

test('a slower profile stays slower', async () => {
  const it = world();
  it.profile = { ...it.profile, notifyMinIntervalMs: 9000 };
  await it.lamp(own);
  await it.lamp({ device: 'a' });
  const start = it.clock.now();
  await it.subscribe({ device: 'b' });
  await it.clock.run(20_000);
  const later = it.sender.take().filter(({ message }) => message.event === 'lamps.winfo');
  assert.deepEqual(
    later.map(({ at }) => at - start),
    [9000],
  );
});

test('subscriptions to other packages, to other users, refreshes and fetches are no news', async () => {
  const it = world();
  const lamp = await it.lamp({ device: 'first' });
  await it.lamp(own);
  await it.subscribe(it.keysRequest(newDialog()));
  await it.subscribe({ resource: bob, device: 'other', requestUri: 'sip:1002@pbx.test' });
  await it.subscribe({ expires: 0 });
  await it.again(lamp);
  it.state.calls(alice, 'd1');
  await it.clock.run(10_000);
  assert.deepEqual(lists(it.sender.take()), []);
});

test('only the user himself is told who watches him', async () => {
  const it = world();
  assert.equal((await it.subscribe({ event: 'lamps.winfo' })).status, 403);
  assert.equal((await it.subscribe({ ...own, watcher: { aor: null, how: 'trusted' } })).status, 403);
  assert.equal((await it.subscribe({ ...own, event: 'lamps.winfo.winfo' })).status, 489);
});

test('a fetch has the list too, and a phone that comes back with a new Call-ID is one watcher', async () => {
  const it = world();
  await it.lamp({ device: 'same' });
  await it.clock.run(20_000);
  await it.lamp({ device: 'same' });
  await it.subscribe({ ...own, expires: 0 });
  assert.deepEqual(ids(it.sender.take()), [[2]]);
});

test('after a restart nothing is sent before its turn, then the list once, and news of later ones', async () => {
  const first = world();
  await first.lamp({ device: 'first' });
  await first.lamp(own);
  await first.lamp({ device: 'second', dialog: newDialog(tcp('t1')) });
  const rows = [...first.store.rows.values()];

  const second = world({}, first.store);
  second.clock.advance(first.clock.now() - second.clock.now() + 2000);
  second.notifier.restore(rows, 4);
  await settle();
  assert.deepEqual(second.sender.take(), []);
  await second.subscribe({ device: 'third' });
  assert.deepEqual(lists(second.sender.take()), [], 'it will be told everything anyway');
  second.notifier.start();
  await second.clock.run(6000);
  assert.deepEqual(ids(second.sender.take()), [[1, 3, 4]]);
  await second.subscribe({ device: 'fourth' });
  assert.deepEqual(ids(second.sender.take()), [[1, 3, 4, 5]]);
});
