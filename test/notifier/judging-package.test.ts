import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventPackage } from '../../src/event-packages/event-package.ts';
import { granted, refused } from '../../src/model/outcome.ts';
import { alice, bob, FakeStore, newDialog, udp, World } from './support.ts';

/* What a package may do beside choosing a type: judge a SUBSCRIBE itself, name parameters of Event, and send nothing. */

/** A package of documents: `displayName` of the resource is the document, `secret …` is for Alice. */
const papers: EventPackage = {
  event: 'papers',
  contentTypes: ['text/plain'],
  expires: { min: 60, default: 3600, max: 3600 },
  reads: ['extension'],
  watchers: 'domain',
  params: ['kind', 'shade'],
  distinguishedBy: 'kind',
  implements: [],
  maxRequestBytes: 0,
  rate: 'none',
  admits: (view, { watcher, accept, params }) => {
    if (params['kind'] === 'none') return refused('kind-unknown', 'no such kind', 489);
    if (view.displayName?.startsWith('secret') && watcher !== alice) return refused('not-yours', 'not yours', 403);
    return accept?.length === 0 ? refused('not-acceptable', 'nothing', 406) : granted((accept ?? ['*/*']).join(', '));
  },
  render: (view, request) => {
    const tag = view.displayName ?? 'none';
    if (request.occasion === 'change' && request.shown[0] === tag && request.shown.length === 1) {
      return { bodies: [], shown: request.shown };
    }
    const content = JSON.stringify({
      tag,
      type: request.contentType,
      params: request.params,
      watcher: request.watcher,
    });
    const eventParams = { 'effective-by': '0' };
    return { bodies: [{ contentType: 'text/plain', content, covers: 'full', eventParams }], shown: [tag] };
  },
};

const world = (store = new FakeStore()) => new World(store, { packages: [papers] });
const ask = { event: 'papers', accept: ['text/*', 'image/png'] };

function name(it: World, displayName: string): void {
  it.state.views.set(alice, { ...it.state.view(alice), displayName });
  it.state.emit({ topic: 'extension', aor: alice, aspects: ['displayName'] });
}

const last = (it: World) => {
  const sent = it.sender.take();
  return sent.map(
    ({ message }) => JSON.parse(message.content) as { tag: string; type: string; params: object; watcher: string },
  );
};

test('E65: a package that judges SUBSCRIBEs itself is asked with who, what and with which parameters; its word is the answer', async () => {
  const it = world();
  assert.equal((await it.subscribe({ ...ask, eventParams: { kind: 'none' } })).status, 489);
  assert.equal((await it.subscribe({ ...ask, accept: [] })).status, 406);
  assert.equal((await it.subscribe({ ...ask, eventParams: { kind: 'a', shade: 'b', other: 'c' } })).status, 200);
  assert.deepEqual(last(it), [
    { tag: 'none', type: 'text/*, image/png', params: { kind: 'a', shade: 'b' }, watcher: bob },
  ]);
  name(it, 'secret 1');
  assert.equal((await it.subscribe(ask)).status, 403);
  assert.equal((await it.subscribe({ ...ask, watcher: { aor: alice, how: 'digest' } })).status, 200);
});

test('a refresh is judged with the parameters and the Accept of before, where it brings none', async () => {
  const it = world();
  const dialog = newDialog();
  await it.subscribe({ ...ask, dialog, eventParams: { kind: 'a' } });
  last(it);
  assert.equal((await it.again(dialog, { event: 'papers', accept: null })).status, 200);
  assert.deepEqual(last(it), [{ tag: 'none', type: 'text/*, image/png', params: { kind: 'a' }, watcher: bob }]);
  name(it, 'secret 1');
  last(it);
  assert.equal((await it.again(dialog, { event: 'papers', accept: null })).status, 403, 'he lost the right meanwhile');
});

test('a change by which nothing differs sends nothing, costs no number, and the next one is told', async () => {
  const it = world();
  const dialog = newDialog();
  await it.subscribe({ ...ask, dialog });
  last(it);
  const cseq = dialog.localCseq;
  for (let times = 0; times < 3; times++) {
    it.state.emit({ topic: 'extension', aor: alice, aspects: ['displayName'] });
    await it.clock.run(10_000);
  }
  assert.deepEqual([last(it), dialog.localCseq], [[], cseq]);
  name(it, 'new');
  await it.clock.run(10_000);
  assert.deepEqual(
    last(it).map(({ tag }) => tag),
    ['new'],
  );
  assert.equal(dialog.localCseq, cseq + 1);
});

test('another subscription of the dialog does not wait for one that has nothing to say', async () => {
  const it = world();
  const dialog = newDialog();
  await it.subscribe({ ...ask, dialog, eventId: '1' });
  await it.again(dialog, { ...ask, eventId: '2' });
  last(it);
  it.sender.hold = true;
  name(it, 'new');
  await it.clock.run(1000);
  const [first] = it.sender.take();
  it.state.emit({ topic: 'extension', aor: alice, aspects: ['displayName'] });
  await first?.answer(200);
  await it.clock.run(1000);
  const [second] = it.sender.take();
  assert.notEqual(second?.message.eventId, first?.message.eventId);
  await second?.answer(200);
  await it.clock.run(1000);
  assert.deepEqual(it.sender.take(), [], 'both have been told, once');
});

test('the parameters that a package puts into Event are in its NOTIFYs and in no others', async () => {
  const it = world();
  await it.subscribe(ask);
  const [notify] = it.sender.take();
  assert.deepEqual(notify?.message.eventParams, { 'effective-by': '0' });
});

test('what was kept of Accept and Event is the same after a restart', async () => {
  const store = new FakeStore();
  const it = world(store);
  const dialog = newDialog();
  await it.subscribe({ ...ask, dialog, eventParams: { kind: 'a' } });
  const again = world(store);
  again.notifier.restore([...store.rows.values()], 100);
  again.notifier.start();
  await again.clock.run(5000);
  assert.deepEqual(last(again), [{ tag: 'none', type: 'text/*, image/png', params: { kind: 'a' }, watcher: bob }]);
});

test('a subscription with another value of what distinguishes them takes nobody’s place; with the same it does', async () => {
  const it = world();
  const there = { ...ask, device: 'the phone' };
  await it.subscribe({ ...there, dialog: newDialog(udp(5060)), eventParams: { kind: 'a' } });
  await it.clock.run(20_000);
  await it.subscribe({ ...there, dialog: newDialog(udp(5060)), eventParams: { kind: 'b', shade: 'x' } });
  assert.equal(it.notifier.list().length, 2);
  await it.clock.run(20_000);
  await it.subscribe({ ...there, dialog: newDialog(udp(5060)), eventParams: { kind: 'b', shade: 'y' } });
  assert.equal(it.notifier.list().length, 2);
});

test('what is watched by a package, and by which dialogs a user’s devices are reached, is known to the asker', async () => {
  const it = world();
  assert.equal(it.notifier.watched('papers').size, 0);
  const [old, young, other] = [newDialog(udp(5061)), newDialog(udp(5062)), newDialog(udp(5063))];
  await it.subscribe({ ...ask, dialog: old, device: 'desk', eventId: '1' });
  await it.subscribe({ ...ask, dialog: young, device: 'desk', eventId: '2' });
  await it.subscribe({ ...ask, dialog: other, device: 'soft' });
  await it.subscribe({ ...ask, watcher: { aor: alice, how: 'digest' }, device: 'stranger' });
  assert.deepEqual([...it.notifier.watched('papers')], [alice]);
  assert.deepEqual(
    it.notifier.devicesOf(bob).map(({ dialog }) => dialog),
    [young, other],
  );
  assert.deepEqual(
    it.notifier.devicesOf(bob).map(({ source }) => source),
    ['udp:192.0.2.1:5062', 'udp:192.0.2.1:5063'],
  );
});

test('min-rate tells a document again though its package would not repeat it (RFC 6446 7.1)', async () => {
  const it = world();
  await it.subscribe({ ...ask, eventParams: { 'min-rate': '0.2' } });
  assert.equal(last(it).length, 1);
  await it.clock.run(16_000);
  assert.deepEqual(
    last(it).map(({ tag }) => tag),
    ['none', 'none', 'none'],
    'one each 5 s',
  );
  it.state.emit({ topic: 'extension', aor: alice, aspects: ['contacts'] });
  await it.clock.run(1000);
  assert.deepEqual(last(it), [], 'what changes nothing is no reason by itself');
});
