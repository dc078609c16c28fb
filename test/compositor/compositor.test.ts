import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aorOf } from '../../src/model/aor.ts';
import { settle } from '../support/fake-clock.ts';
import { alice, Bench, bob, dialogs, domain, neighbour, remote } from './support.ts';

test('P39-01: initial, refresh, modify and remove: each says a new tag, and a refresh keeps what was said', async () => {
  const bench = new Bench();
  const first = await bench.publish();
  assert.equal(first.status, 200);
  assert.equal(bench.ids().length, 1);
  const refreshed = await bench.publish({ ifMatch: first.granted!.etag, body: null, expires: 120 });
  assert.deepEqual([refreshed.status, refreshed.granted?.expires], [200, 120]);
  assert.equal(bench.told.length, 1, 'a refresh is no news');
  const modified = await bench.publish({ ifMatch: refreshed.granted!.etag, body: dialogs('a', 'b') });
  assert.equal(bench.ids().length, 2);
  const removed = await bench.publish({ ifMatch: modified.granted!.etag, body: null, expires: 0 });
  assert.deepEqual([removed.status, removed.granted?.expires], [200, 0]);
  assert.deepEqual(bench.said(), []);
  assert.equal(bench.store.rows.size, 0);
  const tags = [first, refreshed, modified, removed].map(({ granted }) => granted!.etag);
  assert.equal(new Set(tags).size, 4);
  for (const tag of tags) assert.match(tag, /^[0-9a-f]{32}$/);
  bench.clock.advance(1000);
  assert.equal(bench.clock.pending, 0, 'no timer is left');
});

test('P39-02: an unknown package and one without publications are 489, a resource that nobody has 404', async () => {
  const bench = new Bench();
  assert.equal((await bench.publish({ event: 'nonsense' })).status, 489);
  assert.equal((await bench.publish({ event: 'silent' })).status, 489);
  const nobody = aorOf('1999', domain);
  assert.equal((await bench.publish({ resource: nobody, by: nobody })).status, 404);
  assert.equal((await bench.publish({ resource: nobody })).status, 403, 'a stranger does not learn that');
  assert.deepEqual(bench.told, []);
});

test('P39-03: an old tag, a foreign one and that of another resource, package or publisher are 412 and change nothing', async () => {
  const bench = new Bench();
  const old = await bench.tagOf();
  const tag = await bench.tagOf({ ifMatch: old, body: null });
  const foreign = await bench.tagOf({ by: neighbour, resource: remote });
  const before = bench.told.length;
  for (const ask of [
    { ifMatch: old },
    { ifMatch: 'x' },
    { ifMatch: foreign },
    { ifMatch: tag, event: 'message-summary' },
    { ifMatch: tag, resource: bob, by: bob },
    { ifMatch: foreign, resource: remote, by: remote },
    { ifMatch: old, body: null, expires: 0 },
  ]) {
    assert.equal((await bench.publish(ask)).status, 412, JSON.stringify(ask));
  }
  assert.equal(bench.told.length, before);
  assert.equal((await bench.publish({ ifMatch: tag, body: null })).status, 200);
});

test('P39-04: too brief is 423 with Min-Expires, more than the maximum is cut, none is the maximum', async () => {
  const bench = new Bench();
  const brief = await bench.publish({ expires: 59 });
  assert.deepEqual([brief.status, brief.headers], [423, [['Min-Expires', '60']]]);
  const granted = async (expires: number | null) => (await bench.publish({ expires })).granted?.expires;
  assert.deepEqual([await granted(60), await granted(2 ** 32), await granted(null)], [60, 3600, 3600]);
});

test('P39-05: no body and no tag is 400, a foreign type 415 with Accept, too much 413, nonsense as the package says', async () => {
  const bench = new Bench();
  assert.equal((await bench.publish({ body: null })).status, 400);
  for (const contentType of ['text/plain', null]) {
    const answer = await bench.publish({ contentType });
    assert.deepEqual([answer.status, answer.headers], [415, [['Accept', 'application/x-said']]]);
  }
  assert.equal((await bench.publish({ body: 'x'.repeat(2001) })).status, 413);
  assert.equal((await bench.publish({ body: { refuse: 400 } })).status, 400);
  assert.equal((await bench.publish({ body: { refuse: 488 } })).status, 488);
  const tag = await bench.tagOf();
  assert.equal((await bench.publish({ ifMatch: tag, body: { refuse: 400 } })).status, 400);
  assert.equal(bench.ids().length, 1, 'what stood stands');
  assert.equal((await bench.publish({ ifMatch: tag, body: null })).status, 200, 'and its tag is good');
});

test('P39-06: requests of one resource are taken one after the other, those of another do not wait', async () => {
  const bench = new Bench();
  const tag = await bench.tagOf();
  bench.store.hold();
  const both = [
    bench.publish({ ifMatch: tag, body: dialogs('b') }),
    bench.publish({ ifMatch: tag, body: dialogs('c') }),
  ];
  await settle();
  assert.equal(bench.told.length, 1, 'nothing is told that is not on disk');
  bench.store.release();
  const other = await bench.publish({ resource: bob, by: bob });
  assert.equal(other.status, 200);
  assert.deepEqual(
    (await Promise.all(both)).map(({ status }) => status),
    [200, 412],
    'the second met what the first had left',
  );
  assert.match(bench.ids()[0]!, / b$/);
});

test('P39-06: a store that fails is 504, and nothing has happened', async () => {
  const bench = new Bench();
  const tag = await bench.tagOf();
  bench.store.failing = true;
  assert.equal((await bench.publish()).status, 504);
  assert.equal((await bench.publish({ ifMatch: tag, body: dialogs('b', 'c') })).status, 504);
  assert.equal((await bench.publish({ ifMatch: tag, body: null, expires: 0 })).status, 504);
  assert.equal(bench.ids().length, 1);
  bench.store.failing = false;
  assert.equal((await bench.publish({ ifMatch: tag, body: null })).status, 200, 'the tag of before is good');
});

test('P39-07: no tag is ever given twice, not by a store that was restored either', async () => {
  const bench = new Bench(undefined, { limits: { perPublisher: 5000, perResource: 5000, total: 5000 } });
  const tags = new Set<string>();
  let tag = await bench.tagOf();
  for (let round = 0; round < 500; round += 1) {
    tags.add(tag);
    tag = await bench.tagOf({ ifMatch: tag, body: null });
  }
  const again = new Bench(bench.store, { limits: { perPublisher: 5000, perResource: 5000, total: 5000 } });
  again.compositor.restore([...bench.store.rows.values()]);
  for (let round = 0; round < 500; round += 1) {
    tags.add(tag);
    tag = await again.tagOf({ ifMatch: tag, body: null });
  }
  assert.equal(tags.size, 1000);
});

test('P39-09: who publishes too fast is told 503 with Retry-After, may go on after it, and disturbs nobody else', async () => {
  const bench = new Bench(undefined, { pace: { burst: 3, everyMs: 1000 } });
  let tag = await bench.tagOf();
  for (let more = 0; more < 2; more += 1) tag = await bench.tagOf({ ifMatch: tag, body: null });
  const refused = await bench.publish({ ifMatch: tag, body: null });
  assert.deepEqual([refused.status, refused.headers], [503, [['Retry-After', '1']]]);
  assert.equal((await bench.publish({ resource: bob, by: bob })).status, 200);
  bench.clock.advance(1000);
  assert.equal((await bench.publish({ ifMatch: tag, body: null })).status, 200);
});

test('a clock that was set back for a day silences nobody for longer than his burst is worth', async () => {
  const bench = new Bench(undefined, { pace: { burst: 3, everyMs: 1000 } });
  const tag = await bench.tagOf();
  bench.clock.advance(-86_400_000);
  assert.equal((await bench.publish({ ifMatch: tag, body: null })).status, 503);
  bench.clock.advance(3000);
  assert.equal((await bench.publish({ ifMatch: tag, body: null })).status, 200);
});

test('P39-11: several publishers stand side by side, oldest first, and their ids never meet', async () => {
  const bench = new Bench();
  const first = await bench.tagOf({ resource: remote, by: remote });
  await bench.tagOf({ resource: remote, by: neighbour });
  assert.equal(new Set(bench.ids(remote)).size, 2);
  const before = bench.ids(remote);
  const next = await bench.tagOf({ resource: remote, by: remote, ifMatch: first });
  assert.deepEqual(bench.ids(remote), before, 'equal again, and in the old order');
  await bench.publish({ resource: remote, by: remote, ifMatch: next, body: null, expires: 0 });
  assert.deepEqual(bench.ids(remote), [before[1]]);
});

test('P39-12: a stranger, a trusted source without a name and the neighbour of another extension are 403', async () => {
  const bench = new Bench();
  assert.equal((await bench.publish({ by: bob })).status, 403);
  assert.equal((await bench.publish({ by: null })).status, 403);
  assert.equal((await bench.publish({ by: neighbour })).status, 403);
  assert.equal((await bench.publish({ by: aorOf('1001', 'other.test') })).status, 403);
  assert.equal((await bench.publish({ by: aorOf('branch', 'other.test'), resource: remote })).status, 403);
  assert.equal((await bench.publish({ by: neighbour, resource: remote })).status, 200);
  assert.equal(bench.told.length, 1);
});

test('what is not refreshed is over three seconds after its time, whatever the disk says, and its tag is unknown', async () => {
  const bench = new Bench();
  const tag = await bench.tagOf({ expires: 60 });
  bench.clock.advance(62_000);
  await settle();
  assert.equal(bench.ids().length, 1);
  bench.store.failing = true;
  bench.clock.advance(2000);
  await settle();
  assert.deepEqual(bench.said(), []);
  bench.store.failing = false;
  assert.equal((await bench.publish({ ifMatch: tag, body: null })).status, 412);
  const again = new Bench(bench.store);
  again.clock.advance(64_000);
  again.compositor.restore([...bench.store.rows.values()]);
  assert.deepEqual([again.told, [...again.store.rows]], [[], []], 'the row that stayed brings nothing back');
});

test('a refresh that reaches the disk while its publication runs out keeps it alive', async () => {
  const bench = new Bench();
  const tag = await bench.tagOf({ expires: 60 });
  bench.clock.advance(62_500);
  bench.store.hold();
  const refresh = bench.publish({ ifMatch: tag, body: null, expires: 60 });
  bench.clock.advance(2000);
  bench.store.release();
  assert.equal((await refresh).status, 200);
  await settle();
  assert.equal(bench.ids().length, 1);
  assert.equal(bench.store.rows.size, 1);
  bench.clock.advance(64_000);
  await settle();
  assert.deepEqual(bench.said(), []);
  assert.equal(bench.store.rows.size, 0);
});

test('a restart finds everything: calls with their ids, tags, ends; not what ran out, lost its right or is no sense', async () => {
  const before = new Bench();
  const tag = await before.tagOf({ body: dialogs('a', 'b') });
  await before.tagOf({ expires: 60, body: dialogs('c') });
  await before.tagOf({ by: neighbour, resource: remote });
  await before.compositor.setMailbox(bob, { new: 2, old: 0, newUrgent: 0, oldUrgent: 0 }, null, {
    from: '127.0.0.1',
    userAgent: null,
  });
  const ids = before.ids();
  before.compositor.stop();
  const rows = [...before.store.rows.values()];
  const broken = ['{', 'null', '7', '{"kind":"dialogs"}'].map((said, at) => ({ ...rows[0]!, id: 100 + at, said }));

  const after = new Bench(before.store, { rightOf: () => 'none' });
  after.clock.advance(63_000);
  after.compositor.restore([...rows, ...broken]);
  assert.deepEqual(after.ids(), ids.slice(0, 2));
  assert.deepEqual(after.said(bob), [{ kind: 'mailbox', counts: { new: 2, old: 0, newUrgent: 0, oldUrgent: 0 } }]);
  assert.deepEqual(after.said(remote), []);
  assert.equal((await after.publish({ ifMatch: tag, body: null })).status, 200);
  await after.publish({ body: dialogs('new') });
  assert.ok(Math.max(...after.compositor.list().map(({ id }) => id)) > 103, 'no id of before is used again');
});

test('a call that goes on keeps its moment, one whose state goes back or that comes back is another', async () => {
  const bench = new Bench();
  const since = () =>
    bench.said().flatMap((one) => (one.kind === 'dialogs' ? one.dialogs.map((each) => each.since) : []));
  let tag = await bench.tagOf({ body: dialogs('7001?') });
  const [ringing] = since();
  bench.clock.advance(5000);
  tag = await bench.tagOf({ ifMatch: tag, body: dialogs('7001') });
  assert.deepEqual(since(), [ringing]);
  tag = await bench.tagOf({ ifMatch: tag, body: dialogs('7001?') });
  const [next] = since();
  assert.notEqual(next, ringing);
  tag = await bench.tagOf({ ifMatch: tag, body: dialogs('7001!') });
  assert.deepEqual(since(), []);
  bench.clock.advance(1);
  await bench.tagOf({ ifMatch: tag, body: dialogs('7001?', '7001') });
  assert.equal(since().length, 1, 'named twice is one');
  assert.notEqual(since()[0], next);
});

test('wishes pass the gate after the answer, in order, in the name of the publisher; nobody else may wish', async () => {
  const bench = new Bench();
  const wishes = [
    { feature: 'dnd', enabled: true },
    { feature: 'cfa', enabled: false },
  ];
  await bench.tagOf({ body: { said: null, wishes } });
  await bench.tagOf({ body: { ...dialogs('a'), wishes: [{ feature: 'dnd', enabled: false }] } });
  await settle();
  assert.deepEqual(bench.wished, [
    `dnd of ${alice} by 1001 at udp:192.0.2.1:5060`,
    `cfa of ${alice} by 1001 at udp:192.0.2.1:5060`,
    `dnd of ${alice} by 1001 at udp:192.0.2.1:5060`,
  ]);
  assert.equal((await bench.publish({ by: neighbour, resource: remote, body: { said: null, wishes } })).status, 403);
  assert.equal(
    (await bench.publish({ by: neighbour, resource: remote, body: { ...dialogs('x'), wishes } })).status,
    200,
  );
  await settle();
  assert.equal(bench.wished.length, 3);
  assert.equal(bench.ids(remote).length, 1);
});

test('a neighbour with the right to features wishes under his own name', async () => {
  const bench = new Bench(undefined, { rightOf: () => 'features' });
  await bench.tagOf({ by: neighbour, body: { said: null, wishes: [{ feature: 'dnd', enabled: true }] } });
  await settle();
  assert.deepEqual(bench.wished, [`dnd of ${alice} by branch at udp:192.0.2.1:5060`]);
});

test('while the gate has not come to five bodies with wishes, the next is told to wait', async () => {
  let pass: () => void = () => undefined;
  const bench = new Bench(undefined, {
    grant: () => new Promise<void>((resolve) => (pass = resolve)),
    limits: { perPublisher: 50, perResource: 50, total: 50 },
  });
  const wish = { body: { said: null, wishes: [{ feature: 'dnd', enabled: true }] } };
  for (let count = 0; count < 5; count += 1) assert.equal((await bench.publish(wish)).status, 200);
  assert.deepEqual((await bench.publish(wish)).headers, [['Retry-After', '2']]);
  pass();
  await settle();
  assert.equal((await bench.publish(wish)).status, 200);
});

test('publications of one publisher, of one resource and of all are bounded; what stands goes on', async () => {
  const bench = new Bench();
  const own: string[] = [];
  for (let count = 0; count < 5; count += 1) own.push(await bench.tagOf({ resource: remote, by: remote }));
  assert.equal((await bench.publish({ resource: remote, by: remote })).status, 403);
  for (let count = 0; count < 2; count += 1) await bench.tagOf({ resource: remote, by: neighbour });
  assert.equal((await bench.publish({ resource: remote, by: neighbour })).status, 503);
  await bench.tagOf();
  await bench.tagOf();
  assert.deepEqual((await bench.publish()).headers, [['Retry-After', '60']]);
  assert.equal((await bench.publish({ resource: remote, by: remote, ifMatch: own[0]!, body: null })).status, 200);
});

test('an initial publication of no time is granted and leaves nothing behind', async () => {
  const bench = new Bench();
  const answer = await bench.publish({ expires: 0, body: { said: null, wishes: [{ feature: 'dnd', enabled: true }] } });
  assert.deepEqual([answer.status, answer.granted?.expires], [200, 0]);
  assert.deepEqual([bench.told, bench.wished, bench.compositor.list()], [[], [], []]);
  assert.equal((await bench.publish({ ifMatch: answer.granted!.etag, body: null })).status, 412);
});

test('counts in the name of the admin replace each other, last as long as he says, and no phone can change them', async () => {
  const bench = new Bench();
  const from = { from: '127.0.0.1', userAgent: null };
  const counts = (fresh: number) => ({ new: fresh, old: 1, newUrgent: 0, oldUrgent: 0 });
  await bench.compositor.setMailbox(alice, counts(1), null, from);
  await bench.compositor.setMailbox(alice, counts(2), 60, from);
  assert.deepEqual(bench.said(), [{ kind: 'mailbox', counts: counts(2) }]);
  assert.equal(bench.compositor.list(alice).length, 1);
  assert.deepEqual(
    bench.compositor.list(alice).map(({ publisher, event }) => [publisher, event]),
    [[null, 'message-summary']],
  );
  await bench.compositor.setMailbox(alice, counts(3), null, from);
  bench.clock.advance(100_000_000);
  await settle();
  assert.deepEqual(bench.said(), [{ kind: 'mailbox', counts: counts(3) }]);
  bench.clock.advance(1000);
  assert.equal(bench.clock.pending, 0, 'what never ends keeps no timer');
  assert.equal(await bench.compositor.clearMailbox(alice), true);
  assert.equal(await bench.compositor.clearMailbox(alice), false);
  await bench.compositor.setMailbox(alice, counts(4), 60, from);
  bench.clock.advance(61_000);
  await settle();
  assert.deepEqual(bench.said(), []);
});

test('the admin ends a publication whoever made it, and not while the disk takes nothing', async () => {
  const bench = new Bench();
  const tag = await bench.tagOf();
  const [{ id } = { id: 0 }] = bench.compositor.list();
  bench.store.failing = true;
  await assert.rejects(bench.compositor.remove(id), /disk full/);
  assert.equal(bench.ids().length, 1);
  bench.store.failing = false;
  assert.equal(await bench.compositor.remove(id), true);
  assert.equal(await bench.compositor.remove(id), false);
  assert.deepEqual(bench.said(), []);
  assert.equal((await bench.publish({ ifMatch: tag, body: null })).status, 412);
});

test('a parser that throws is 500, is said, and leaves the resource usable', async () => {
  const bench = new Bench();
  const unreadable = await bench.compositor.onPublish({
    resource: alice,
    publisher: { aor: alice, how: 'digest' },
    event: 'talk',
    ifMatch: null,
    expires: null,
    contentType: 'application/x-said',
    userAgent: null,
    source: 'udp:192.0.2.1:5060',
    body: Buffer.from('no JSON'),
  });
  assert.equal(unreadable.status, 500);
  assert.equal((await bench.publish()).status, 200);
});

test('a phone that presses its keys without tags is never told that it publishes too much, and keeps no more for it', async () => {
  const bench = new Bench();
  const press = { body: { said: null, wishes: [{ feature: 'dnd', enabled: true }] } };
  const tags: string[] = [];
  for (let count = 0; count < 12; count += 1) tags.push(await bench.tagOf(press));
  await settle();
  assert.equal(bench.wished.length, 12);
  assert.equal(bench.compositor.list(alice).length, 5);
  assert.equal((await bench.publish({ ifMatch: tags[0]!, body: null })).status, 412);
  assert.equal((await bench.publish({ ifMatch: tags.at(-1)!, body: null })).status, 200);
  assert.equal((await bench.publish()).status, 403, 'a call takes no place of theirs');
});
