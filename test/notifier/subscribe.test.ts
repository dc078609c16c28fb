import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { aorOf } from '../../src/model/aor.ts';
import { negotiate } from '../../src/notifier/accept.ts';
import { readDialog } from '../../src/notifier/dialog-json.ts';
import { interval } from '../../src/notifier/interval.ts';
import { alice, bob, FakeStore, keys, lamps, newDialog, settle, told, udp, World } from './support.ts';

function header(answer: { headers?: readonly (readonly [string, string])[] }, name: string): string | undefined {
  return answer.headers?.find(([key]) => key === name)?.[1];
}

test('E65-02: a package nobody serves, also in another letter case, is answered 489', async () => {
  const world = new World();
  for (const event of ['nonsense', 'Lamps', 'lamps.winfo']) {
    assert.equal((await world.subscribe({ event })).status, 489, event);
  }
  assert.equal(world.notifier.list().length, 0);
});

test('E65-03, E65-04: no Expires gets the default of the package, and 200 says what was granted', async () => {
  const world = new World();
  assert.equal((await world.subscribe({ expires: null })).expires, 3600);
  assert.equal((await world.subscribe({ expires: 600 })).expires, 600);
  assert.equal((await world.subscribe({ expires: 4_294_967_295 })).expires, 7200);
});

test('E65-06: 423 with Min-Expires only where 0 < asked < 3600 and asked < the minimum', async () => {
  const world = new World();
  const brief = await world.subscribe({ expires: 59 });
  assert.deepEqual([brief.status, header(brief, 'Min-Expires')], [423, '60']);
  assert.equal((await world.subscribe({ expires: 60 })).expires, 60);
  const exact = () => 0;
  const long = { min: 86_400, default: 86_400, max: 90_000 };
  assert.deepEqual(interval(3600, long, exact), { granted: 3600 }, 'an hour is never too brief');
  assert.deepEqual(interval(3599, long, exact), { tooBrief: 86_400 });
  assert.deepEqual(interval(15, { min: 5, default: 15, max: 15 }, exact), { granted: 15 }, 'line-seize');
  assert.deepEqual(interval(null, { min: 60, default: 9000, max: 7200 }, exact), { granted: 7200 });
});

test('E65-04: granted intervals are spread downward, never above what was asked nor below the minimum, short ones exact', async () => {
  const expires = { min: 60, default: 3600, max: 3600 };
  fc.assert(
    fc.property(fc.nat(5000), fc.double({ min: 0, max: 0.5, maxExcluded: true, noNaN: true }), (wanted, shorter) => {
      const given = interval(wanted, expires, () => shorter);
      if (wanted > 0 && wanted < 60) return assert.deepEqual(given, { tooBrief: 60 });
      assert.ok('granted' in given);
      const most = Math.min(wanted, 3600);
      assert.ok(given.granted <= most && given.granted >= Math.min(most, 60));
      assert.ok(given.granted >= most * (1 - shorter));
      if (wanted <= 120) assert.equal(given.granted, wanted);
    }),
  );
});

test('E65-04: few phones get what they asked; of a crowd each gets a little less than the other', async () => {
  const draws = [0, 0.5, 0.999];
  const random = { bytes: (count: number) => Buffer.alloc(count, 7), fraction: () => draws.shift() ?? 0 };
  const world = new World(undefined, { random, expirySpread: () => 0.2 });
  for (let few = 0; few < 20; few += 1) assert.equal((await world.subscribe({ expires: 3600 })).expires, 3600);
  world.sender.take();
  const granted: unknown[] = [];
  for (const _ of [1, 2, 3]) granted.push((await world.subscribe({ expires: 3600 })).expires);
  assert.deepEqual(granted, [3600, 3240, 2881], 'three phones of one second come back in three');
  assert.deepEqual(
    world.sender.take().map(({ message }) => message.subscription.expires),
    granted,
    'the NOTIFY says the same',
  );
  await world.clock.run(3000);
  assert.equal((await world.subscribe({ expires: 3600 })).expires, 3600, 'the crowd is over');
});

test('E65-07: Accept is obeyed, wildcards included, and refused with 406 where nothing fits', async () => {
  const types = ['a/one', 'a/two', 'b/three'] as const;
  assert.equal(negotiate(null, types), 'a/one');
  assert.equal(negotiate(['a/two', 'a/one'], types), 'a/two');
  assert.equal(negotiate(['*/*'], types), 'a/one');
  assert.equal(negotiate(['b/three', '*/*'], types), 'b/three');
  assert.equal(negotiate(['b/*'], types), 'b/three');
  assert.equal(negotiate(['multipart/mixed', 'a/two'], types), 'a/two');
  assert.equal(negotiate([], types), null);
  assert.equal(negotiate(['application/x'], types), null);
  for (const [accept, type] of [
    [['*/*', 'a/one;q=0'], 'a/two'],
    [['*/*', 'a/*;q=0'], 'b/three'],
    [['a/*', '*/*', 'a/one;q=0'], 'a/two'],
    [['*/*', 'a/one'], 'a/two'],
    [['a/one', '*/*;q=0'], 'a/one'],
    [['*/*', 'a/*', 'b/three;q=0'], 'a/one'],
    [['*/*', 'a/*;q=0', 'b/three;q=0'], null],
    [['*/*;q=0'], null],
  ] as const) {
    assert.equal(negotiate(accept, types), type, `RFC 2616 14.1: ${accept}`);
  }

  const world = new World();
  assert.equal((await world.subscribe({ accept: ['text/plain', 'multipart/mixed'] })).status, 406);
  await world.subscribe({ accept: ['application/lamps-old'] });
  assert.equal(world.sender.take()[0]?.message.contentType, 'application/lamps-old');
});

test('E65-08, E65-10, D42-04: a SUBSCRIBE is answered 200 and followed by a full NOTIFY with version 0', async () => {
  const world = new World();
  world.state.calls(alice, 'd1');
  const answer = await world.notifier.onSubscribe(world.request());
  assert.equal(answer.status, 200);
  await world.clock.run(200);
  assert.equal(world.sender.sent.length, 0, 'not before the 200');
  answer.after?.();
  const [notify] = world.sender.take();
  const { version, occasion, scope, entity, own, ids } = told(notify);
  assert.deepEqual([version, occasion, scope, own, ids], [0, 'initial', 'full', false, ['d1']]);
  assert.equal(entity, 'sip:1001@pbx.test;x=1', 'the Request-URI, byte by byte');
  assert.equal(notify?.cseq, 1);
  assert.equal(notify?.message.event, 'lamps');
});

test('E65-12: every NOTIFY has Event, id and the seconds left, never more than granted', async () => {
  const world = new World();
  await world.subscribe({ eventId: 'x7', expires: 600 });
  const [first] = world.sender.take();
  assert.deepEqual(first?.message.subscription, { state: 'active', expires: 600 });
  assert.equal(first?.message.eventId, 'x7');
  world.clock.advance(100_500);
  world.state.calls(alice, 'd1');
  await settle();
  assert.deepEqual(world.sender.take()[0]?.message.subscription, { state: 'active', expires: 500 });
});

test('E65-12: a clock that was set back does not make a NOTIFY say more than was granted', async () => {
  const world = new World();
  await world.subscribe({ expires: 600 });
  world.sender.take();
  const now = world.clock.now.bind(world.clock);
  world.clock.now = () => now() - 3_600_000;
  world.state.calls(alice, 'd1');
  await settle();
  assert.deepEqual(world.sender.take()[0]?.message.subscription, { state: 'active', expires: 600 });
});

test('E65-11: Expires 0 outside a dialog is a fetch: state once, nothing kept, the dialog released', async () => {
  const world = new World();
  world.state.calls(alice, 'd1');
  const dialog = newDialog();
  const answer = await world.subscribe({ dialog, expires: 0 });
  assert.deepEqual([answer.status, answer.expires], [200, 0]);
  const sent = world.sender.take();
  assert.equal(sent.length, 1);
  assert.deepEqual(sent[0]?.message.subscription, { state: 'terminated', reason: 'timeout' });
  assert.deepEqual([told(sent[0]).ids, told(sent[0]).occasion], [['d1'], 'final']);
  assert.deepEqual([world.notifier.list().length, world.store.rows.size], [0, 0]);
  assert.deepEqual(world.sender.released, [dialog]);
});

test('a package for owners answers 403 to everybody else, and one for the domain to other domains', async () => {
  const world = new World();
  const stranger = aorOf('1002', 'other.test');
  assert.equal((await world.subscribe({ event: 'keys' })).status, 403, 'another user');
  assert.equal((await world.subscribe({ event: 'keys', watcher: { aor: alice, how: 'digest' } })).status, 200);
  assert.equal((await world.subscribe({ watcher: { aor: stranger, how: 'digest' } })).status, 403, 'another domain');
  assert.equal((await world.subscribe({ watcher: { aor: null, how: 'trusted' } })).status, 200, 'trusted, tel: From');
  assert.equal((await world.subscribe({ event: 'keys', watcher: { aor: null, how: 'trusted' } })).status, 403);
});

test('an extension the PBX does not have is 404, but only for those who may ask', async () => {
  const world = new World();
  world.state.missing.add(alice);
  assert.equal((await world.subscribe()).status, 404);
  assert.equal((await world.subscribe({ resource: null })).status, 404);
  assert.equal((await world.subscribe({ event: 'keys' })).status, 403);
});

test('a body that is too large, of another type, or nonsense is 413, 415 with Accept, 400', async () => {
  const world = new World();
  const own = { event: 'keys', watcher: { aor: alice, how: 'digest' } } as const;
  const long = { ...own, contentType: 'application/keys', body: Buffer.alloc(41, 'x') };
  assert.equal((await world.subscribe(long)).status, 413);
  const foreign = await world.subscribe({ ...own, contentType: 'text/plain', body: Buffer.from('x') });
  assert.deepEqual([foreign.status, header(foreign, 'Accept')], [415, 'application/keys, text/keys']);
  assert.equal((await world.subscribe({ ...own, body: Buffer.from('dnd=on') })).status, 415);
  assert.equal((await world.subscribe({ ...own, contentType: 'text/keys', body: Buffer.from('bad') })).status, 400);
  assert.equal((await world.subscribe({ ...own, contentType: 'text/plain' })).status, 200, 'a type without a body');
  assert.equal((await world.subscribe({ contentType: 'text/plain', body: Buffer.alloc(999) })).status, 200, 'ignored');
  assert.equal(world.wishes.length, 0);
});

test('limits: 403 beyond the subscriptions of a user, 503 with Retry-After beyond those of an address', async () => {
  const world = new World(new FakeStore(), { limits: { perUser: 2, perAddress: 3 } });
  const from = (user: string, how: 'digest' | 'trusted' = 'digest') =>
    world.subscribe({ watcher: { aor: aorOf(user, 'pbx.test'), how }, device: `${user}-${Math.random()}` });
  const burst = await Promise.all([from('1'), from('1'), from('1')]);
  assert.deepEqual(burst.map(({ status }) => status).sort(), [200, 200, 403], 'a burst does not slip past');
  assert.equal((await from('2')).status, 200);
  const crowded = await from('3');
  assert.deepEqual([crowded.status, header(crowded, 'Retry-After')], [503, '60']);
  assert.equal((await from('3', 'trusted')).status, 200);
  const elsewhere = newDialog(udp(5060, '192.0.2.9'));
  assert.equal((await world.subscribe({ dialog: elsewhere })).status, 200);
});

test('limits: a phone at its limit may come back with a new Call-ID, fetch, and subscribe after another ended', async () => {
  const world = new World(new FakeStore(), { limits: { perUser: 1, perAddress: 1 } });
  const first = await world.lamp({ device: 'desk' });
  assert.equal((await world.subscribe({ device: 'other' })).status, 403);
  assert.equal((await world.subscribe({ device: 'other', expires: 0 })).status, 200);
  await world.clock.run(10_000, 1000);
  const second = await world.lamp({ device: 'desk' });
  assert.notEqual(first, second);
  assert.equal((await world.again(second, { expires: 0 })).status, 200);
  assert.equal((await world.subscribe({ device: 'other' })).status, 200);
});

test('a birth is on disk before the 200, and a full disk gives 503 with Retry-After and keeps nothing', async () => {
  const world = new World();
  const pending = world.notifier.onSubscribe(world.request());
  assert.equal(world.store.rows.size, 0);
  const born = await pending;
  assert.deepEqual([born.status, world.store.rows.size], [200, 1]);
  born.after?.();
  await settle();
  world.sender.take();

  world.store.full = true;
  const answer = await world.subscribe({ device: 'second' });
  assert.deepEqual([answer.status, header(answer, 'Retry-After')], [503, '30']);
  assert.equal(world.notifier.count(alice), 1);
  world.state.calls(alice, 'd1');
  await settle();
  assert.equal(new Set(world.sender.take().map(({ dialog }) => dialog)).size, 1);
});

test('the admin sees each subscription with its source, its last NOTIFY and the answer to it', async () => {
  const world = new World();
  await world.lamp({ dialog: newDialog(udp(5062, '2001:db8::7')), device: 'desk', userAgent: 'Phone 1.2' });
  const [view] = world.notifier.list();
  assert.equal(view?.source, 'udp:[2001:db8::7]:5062');
  assert.deepEqual([view?.aor, view?.watcher, view?.event, view?.device], [alice, bob, lamps.event, 'desk']);
  assert.deepEqual([view?.lastStatus, view?.notifies, view?.lastNotifyAt], [200, 1, world.clock.now()]);
  assert.equal(view?.expiresAt, world.clock.now() + 600_000);
  assert.equal(world.notifier.count(alice), 1);
  assert.equal(world.notifier.count(bob), 0);
});

test('a package whose reader throws costs that SUBSCRIBE a 500 and nobody else anything', async () => {
  const broken = {
    ...keys,
    request: () => {
      throw new Error('broken reader');
    },
  };
  const world = new World(new FakeStore(), { packages: [lamps, broken] });
  assert.equal((await world.subscribe(world.press(newDialog(), 'dnd=on'))).status, 500);
  assert.equal((await world.subscribe()).status, 200);
  assert.equal(world.logger.lines.filter(({ level }) => level === 'error').length, 1);
});

test('a storm that the disk takes nothing of is refused with Retry-After and said once a minute, with its number', async () => {
  const world = new World();
  world.store.full = true;
  const said = () => world.logger.lines.filter(({ message }) => /cannot be stored and are refused/.test(message));
  for (let phone = 0; phone < 50; phone += 1) {
    const answer = await world.subscribe();
    assert.deepEqual([answer.status, header(answer, 'Retry-After')], [503, '30']);
  }
  assert.equal(said().length, 1);
  world.clock.advance(60_000);
  await world.subscribe();
  assert.deepEqual(
    said().map(({ fields }) => (fields as { times: number }).times),
    [1, 50],
  );
  assert.equal(world.notifier.list().length, 0);
});

test('subscriptions whose ends a full disk does not take are one line a minute, however many they are', async () => {
  const world = new World();
  for (let phone = 0; phone < 21; phone += 1) await world.lamp({ device: `desk${phone}` });
  world.store.full = true;
  const [late, ...ended] = world.notifier.list().map(({ id }) => id);
  for (const id of ended) await world.notifier.remove(id);
  world.clock.advance(60_000);
  await world.notifier.remove(late ?? 0);
  const said = world.logger.lines.filter(({ message }) => /that ended cannot be deleted/.test(message));
  assert.deepEqual(
    said.map(({ fields }) => (fields as { times: number }).times),
    [1, 20],
  );
});

test('RFC 3261 12.2.2: a dialog follows its phone with a granted SUBSCRIBE, and stays with a refused one', async () => {
  const world = new World();
  const dialog = await world.lamp();
  const before = { remoteTarget: dialog.remoteTarget, flow: dialog.flow };
  const elsewhere = { remoteTarget: 'sip:1001@192.0.2.99', flow: udp(7777) };
  const stranger = { aor: aorOf('x', 'elsewhere.test'), how: 'digest' } as const;
  for (const [status, over] of [
    [423, { expires: 5 }],
    [406, { accept: ['text/plain'] }],
    [403, { watcher: stranger }],
    [489, { event: 'unknown' }],
    [481, { eventId: 'other', expires: 0 }],
  ] as const) {
    assert.equal((await world.again(dialog, { ...over, path: elsewhere })).status, status);
    assert.deepEqual({ remoteTarget: dialog.remoteTarget, flow: dialog.flow }, before, String(status));
  }
  world.store.full = true;
  assert.equal((await world.again(dialog, { eventId: 'second', path: elsewhere })).status, 503);
  assert.deepEqual({ remoteTarget: dialog.remoteTarget, flow: dialog.flow }, before, 'not stored');
  world.store.full = false;
  assert.equal((await world.again(dialog, { path: elsewhere })).status, 200);
  assert.deepEqual({ remoteTarget: dialog.remoteTarget, flow: dialog.flow }, elsewhere);
  const [row] = world.store.rows.values();
  assert.equal(readDialog(row?.dialog ?? '', 0)?.remoteTarget, 'sip:1001@192.0.2.99', 'on disk, too');
});
