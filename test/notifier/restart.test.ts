import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SubscriptionRow } from '../../src/model/subscription-row.ts';
import { readDialog } from '../../src/notifier/dialog-json.ts';
import type { NotifierDeps } from '../../src/notifier/notifier.ts';
import type { SubscriptionStore } from '../../src/notifier/ports.ts';
import type { Store } from '../../src/store/store.ts';
import { alice, FakeStore, newDialog, settle, tcp, told, udp, World } from './support.ts';

/** Kills the first world and brings another up on its disk. */
function reborn(before: World, overrides: Partial<NotifierDeps> = {}, nextId = 1): World {
  const rows = [...before.store.rows.values()].sort((a, b) => a.id - b.id); // as a store gives them
  const world = new World(before.store, overrides);
  world.clock.advance(before.clock.now() - world.clock.now() + 2000);
  world.notifier.restore(rows, nextId);
  return world;
}

test('the real store and its rows fit what the notifier asks for', () => {
  const fits = (store: Store): SubscriptionStore => store; // compiles, or does not
  assert.equal(typeof fits, 'function');
});

test('after kill -9 CSeq and version go on beyond everything ever sent, and a full NOTIFY comes by itself', async () => {
  const first = new World();
  const dialog = newDialog();
  await first.subscribe(first.keysRequest(dialog));
  for (let flip = 0; flip < 30; flip += 1) {
    first.state.feature(alice, 'dnd', flip % 2 === 0);
    await settle();
  }
  const last = first.sender.take().at(-1);

  const second = reborn(first);
  assert.equal(second.sender.restored[0]?.callId, dialog.callId);
  assert.equal(second.sender.sent.length, 0, 'restoring sends nothing');
  second.notifier.start();
  await second.clock.run(1000);
  const sent = second.sender.take();
  assert.deepEqual(
    sent.map((notify) => Object.keys(told(notify).values)),
    [['dnd'], ['cfa'], ['cfb'], ['cfna']],
  );
  assert.ok((sent[0]?.cseq ?? 0) > (last?.cseq ?? 0));
  assert.ok(told(sent[0]).version > told(last).version);
  assert.equal(told(sent[0]).entity, told(last).entity);
  assert.equal(sent[0]?.message.subscription.expires, 598);

  const third = reborn(second);
  third.notifier.start();
  await third.clock.run(1000);
  const [again] = third.sender.take();
  assert.ok((again?.cseq ?? 0) > (sent.at(-1)?.cseq ?? 0));
  assert.ok(told(again).version > told(sent.at(-1)).version);
});

test('the numbers of the first NOTIFY after a start are reserved on disk before it', async () => {
  const first = new World();
  await first.lamp();
  const second = reborn(first);
  const { cseqLimit, versionLimit } = first.store.rows.get(1) ?? {};
  second.notifier.start();
  await second.clock.run(200);
  const [notify] = second.sender.take();
  assert.deepEqual([cseqLimit, versionLimit], [2000, 2000]);
  assert.deepEqual([notify?.cseq, told(notify).version], [1001, 1000]);
  assert.equal(second.store.reserved.length, 0, 'one write for all');
});

test('a disk that takes no reservation at start is no reason for dark lamps', async () => {
  const first = new World();
  await first.lamp();
  first.store.full = true;
  const second = reborn(first);
  second.notifier.start();
  await second.clock.run(200);
  assert.equal(second.sender.take().length, 1);
  assert.equal(second.logger.lines.filter(({ level }) => level === 'error').length, 1);
});

test('two usages of one dialog share it again, with the highest CSeq and the newest place of the phone', async () => {
  const first = new World();
  const dialog = newDialog(udp(5060));
  await first.subscribe({ dialog, eventId: 'a' });
  await first.again(dialog, { eventId: 'b' });
  await first.again(dialog, { eventId: 'b', path: { remoteTarget: 'sip:phone@new', flow: udp(6060) } });
  await first.again(dialog, { eventId: 'a' });
  const low = first.store.rows.get(1);
  const high = first.store.rows.get(2);
  assert.ok(low && high);
  first.store.rows.set(2, { ...high, cseqLimit: 5000 });

  const second = reborn(first);
  assert.equal(second.sender.restored.length, 1);
  const [shared] = second.sender.restored;
  assert.deepEqual([shared?.localCseq, shared?.localCseqLimit], [5000, 6000]);
  assert.deepEqual([shared?.remoteTarget, shared?.flow.remote.port, shared?.remoteCseq], ['sip:phone@new', 6060, 4]);
  assert.deepEqual(
    [...second.store.rows.values()].map(({ cseqLimit }) => cseqLimit),
    [6000, 6000],
  );
  second.notifier.start();
  await second.clock.run(1000);
  assert.deepEqual(
    second.sender.take().map(({ message, cseq, dialog }) => [message.eventId, cseq, dialog === shared]),
    [
      ['a', 5001, true],
      ['b', 5002, true],
    ],
  );
});

test('a restored subscription is refreshed, expires and is replaced like any other', async () => {
  const first = new World();
  await first.lamp({ device: 'desk', expires: 600 });
  await first.lamp({ device: 'kitchen', expires: 600 });
  const second = reborn(first, {}, 17);
  const [desk] = second.sender.restored;
  assert.ok(desk);
  assert.equal((await second.again(desk, { expires: 600 })).status, 200);
  assert.equal(second.sender.take().length, 1);
  second.notifier.start();
  await second.clock.run(1000);
  assert.equal(second.sender.take().length, 1, 'who was just told everything is not told again');
  await second.clock.run(10_000, 1000);
  await second.lamp({ device: 'desk' });
  assert.deepEqual([...second.store.rows.keys()], [2, 17]);
  await second.clock.run(700_000, 10_000);
  assert.equal(second.notifier.count(alice), 0);
});

test('rows that are over, unreadable, or of a package nobody serves are dropped, with one line in the log for all', async () => {
  const first = new World();
  await first.lamp({ device: 'good' });
  const good = first.store.rows.get(1);
  assert.ok(good);
  const bad = (id: number, over: Partial<SubscriptionRow>) =>
    first.store.rows.set(id, { ...good, id, device: `d${id}`, ...over });
  // as it was written up to schema 6
  const dialog = readDialog(good.dialog, 1);
  const json = (over: object) => ({ dialog: JSON.stringify({ ...dialog, localTag: 'other', ...over }) });
  const lines = (line: number, text: string) => ({ dialog: good.dialog.split('\n').with(line, text).join('\n') });
  bad(2, { ...lines(7, 'tcp'), expiresAt: first.clock.now() - 1 });
  bad(3, { dialog: '{' });
  bad(4, { event: 'gone' });
  bad(5, json({ flow: { transport: 'carrier-pigeon' } }));
  bad(6, json({ routeSet: [1] }));
  bad(7, json({ remoteCseq: -1 }));
  bad(8, json({ user: 7 }));
  bad(9, json({ remoteTarget: '' }));
  bad(10, { dialog: 'null' });
  bad(11, { versionLimit: Number.NaN });
  bad(12, { ...json({ localTag: 'later' }), device: 'good' });
  bad(13, { ...lines(0, 'latest'), device: 'good' });
  bad(14, lines(0, ''));
  bad(15, lines(6, ''));
  bad(16, lines(7, 'carrier-pigeon'));
  bad(17, lines(11, '65536'));
  bad(20, lines(11, '0'));
  bad(21, json({ flow: { ...dialog?.flow, remote: { address: '127.0.0.1', port: 0 } } }));
  bad(18, { dialog: good.dialog.split('\n').slice(0, 13).join('\n') });
  bad(19, { dialog: `${good.dialog}\n` });
  const second = reborn(first);
  await settle();
  assert.deepEqual([...second.store.rows.keys()], [1, 12, 13], 'the lamp keys of one phone all stay');
  assert.deepEqual(
    second.notifier.list().map(({ id }) => id),
    [1, 12, 13],
  );
  const warnings = second.logger.lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields);
  assert.deepEqual(warnings, [{ count: 17, ids: [3, 4, 5, 6, 7, 8, 9, 10, 11, 14] }]);
});

test('a phone behind a connection is not told until it subscribes over a new one, then everything', async () => {
  const first = new World();
  await first.lamp({ dialog: newDialog(tcp('c1')) });
  const second = reborn(first);
  second.notifier.start();
  second.state.calls(alice, 'd1');
  await second.clock.run(60_000, 1000);
  assert.equal(second.sender.take().length, 0);
  const [dialog] = second.sender.restored;
  assert.ok(dialog);
  dialog.flow = tcp('c9');
  await second.again(dialog);
  assert.deepEqual(
    second.sender.take().map((notify) => [told(notify).scope, told(notify).ids]),
    [['full', ['d1']]],
  );
});

test('a phone behind a connection that never returns keeps its subscription until it expires, and then nothing is left of it', async () => {
  const first = new World();
  await first.lamp({ dialog: newDialog(tcp('c1')), expires: 600 });
  const second = reborn(first);
  second.sender.script = () => ({ status: 503, local: true });
  second.notifier.start();
  await second.clock.run(590_000, 10_000);
  assert.deepEqual([second.notifier.count(alice), second.store.rows.size], [1, 1]);
  await second.clock.run(20_000, 1000);
  assert.deepEqual([second.notifier.count(alice), second.store.rows.size], [0, 0]);
  assert.deepEqual(second.sender.released, second.sender.restored);
  assert.ok(second.sender.take().every(({ message }) => message.subscription.state === 'terminated'));
});

async function crowd(sizes: { readonly [address: string]: number }): Promise<FakeStore> {
  const world = new World();
  for (const [address, size] of Object.entries(sizes)) {
    for (let phone = 0; phone < size; phone += 1) {
      await world.notifier.onSubscribe(
        world.request({ dialog: newDialog(udp(5060 + phone, address)), device: `${address}-${phone}` }),
      );
    }
  }
  return world.store;
}

test('after a start every subscription is told once, 20 a second for an address, all within 5 s', async () => {
  const store = await crowd({ '192.0.2.1': 40, '192.0.2.2': 200, '192.0.2.3': 1 });
  const world = new World(store);
  world.notifier.restore([...store.rows.values()], 1);
  world.notifier.start();
  const start = world.clock.now();
  await world.clock.run(1000, 20);
  const early = world.sender.sent.filter(({ dialog }) => dialog.flow.remote.address === '192.0.2.1');
  assert.ok(early.length >= 18 && early.length <= 21, `${early.length} in the first second`);
  await world.clock.run(4000, 20);
  const sent = world.sender.take();
  assert.equal(sent.length, 241);
  assert.equal(new Set(sent.map(({ dialog }) => dialog)).size, 241);
  assert.ok(sent.every(({ at }) => at - start < 5000));
  const crowded = sent.filter(({ dialog }) => dialog.flow.remote.address === '192.0.2.2');
  const busiest = Math.max(...crowded.map(({ at }) => crowded.filter((other) => Math.abs(other.at - at) < 100).length));
  assert.ok(busiest <= 12, `${busiest} within 0.2 s`);
});

test('who unsubscribes or ends before his turn after a start is not told any more', async () => {
  const store = await crowd({ '192.0.2.1': 30 });
  const world = new World(store);
  world.notifier.restore([...store.rows.values()], 1);
  world.notifier.start();
  await settle();
  const late = world.notifier.list().at(-1);
  await world.notifier.remove(late?.id ?? 0);
  await world.clock.run(5000);
  const sent = world.sender.take();
  assert.equal(sent.length, 30);
  assert.equal(sent.filter(({ message }) => message.subscription.state === 'terminated').length, 1);
  await world.notifier.stop();
  assert.equal(world.clock.pending, 0);
});

test('stopping in the middle of the round leaves no timer', async () => {
  const store = await crowd({ '192.0.2.1': 30 });
  const world = new World(store);
  world.notifier.restore([...store.rows.values()], 1);
  world.notifier.start();
  await world.clock.run(200);
  await world.notifier.stop();
  const { length } = world.sender.sent;
  await world.clock.run(5000);
  assert.deepEqual([world.clock.pending, world.sender.sent.length], [0, length]);
});

test('of feature keys that one phone has twice on disk the newer goes on', async () => {
  const first = new World();
  await first.subscribe(first.keysRequest(newDialog(), { device: 'desk' }));
  const old = first.store.rows.get(1);
  assert.ok(old);
  await first.subscribe(first.keysRequest(newDialog(), { device: 'desk' }));
  first.store.rows.set(1, old); // as if the crash came between the new row and the end of the old one
  const second = reborn(first);
  await settle();
  assert.deepEqual(
    second.notifier.list().map(({ id }) => id),
    [2],
  );
});

/** A world after a start at which all rows had just run out. */
function lapsed(store: FakeStore): World {
  const world = new World(store);
  for (const [id, row] of store.rows) store.rows.set(id, { ...row, expiresAt: world.clock.now() - 1 });
  assert.equal(world.notifier.restore([...store.rows.values()], 1000), 0);
  return world;
}

test('what ran out while nobody ran is in no list, and told so once in the round of the start, above every number before', async () => {
  const first = new World();
  await first.subscribe({ dialog: newDialog() });
  const last = first.sender.take().at(-1);
  const second = lapsed(first.store);
  second.state.calls(alice, 'd1');
  await second.clock.run(5000, 100);
  assert.deepEqual([second.notifier.list().length, second.sender.take().length], [0, 0], 'no news for it');
  assert.equal(second.store.rows.size, 1, 'a start that is cut short tells it at the next one');
  second.notifier.start();
  await second.clock.run(1000);
  const sent = second.sender.take();
  assert.deepEqual(
    sent.map(({ message }) => message.subscription),
    [{ state: 'terminated', reason: 'timeout' }],
  );
  assert.ok((sent[0]?.cseq ?? 0) > (last?.cseq ?? 0));
  assert.ok(told(sent[0]).version > told(last).version);
  assert.deepEqual([second.store.rows.size, second.sender.released], [0, second.sender.restored]);
  await second.clock.run(60_000, 1000);
  assert.equal(second.sender.take().length, 0);
});

test('a phone that subscribes anew before it is told, in a new dialog or in the old one, hears no end', async () => {
  const store = new FakeStore();
  const first = new World(store);
  await first.lamp({ device: 'desk' });
  await first.lamp({ device: 'kitchen' });
  const second = lapsed(store);
  const [, kitchen] = second.sender.restored;
  assert.ok(kitchen);
  await second.lamp({ device: 'desk' });
  assert.equal((await second.again(kitchen, { device: 'moved' })).status, 200);
  second.sender.take();
  second.notifier.start();
  await second.clock.run(1000);
  assert.deepEqual(second.sender.take(), []);
  assert.equal(second.notifier.list().length, 2);
  assert.deepEqual(
    [...store.rows.keys()],
    second.notifier.list().map(({ id }) => id),
  );
});

test('what ran out behind a connection that is gone goes without a word', async () => {
  const first = new World();
  await first.lamp({ dialog: newDialog(tcp('c1')) });
  const second = lapsed(first.store);
  second.notifier.start();
  await second.clock.run(1000);
  assert.deepEqual([second.sender.take().length, second.store.rows.size], [0, 0]);
});

test('ends are spread over an address as the other first NOTIFYs are', async () => {
  const store = await crowd({ '192.0.2.1': 40 });
  const world = lapsed(store);
  world.notifier.start();
  await world.clock.run(1000, 20);
  const early = world.sender.take().length;
  assert.ok(early >= 18 && early <= 21, `${early} in the first second`);
  await world.clock.run(4000, 20);
  assert.equal(early + world.sender.take().length, 40);
});
