import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { type Clock, systemClock } from '../../../src/model/clock.ts';
import { systemRandom } from '../../../src/model/random.ts';
import { EmbeddedEngine, type EmbeddedEngineOptions } from '../../../src/sip/embedded/engine.ts';
import { overloadRules } from '../../../src/sip/embedded/overload.ts';
import { timerF } from '../../../src/sip/embedded/timers.ts';
import type { ListenPoint, ServerTransaction } from '../../../src/sip/engine.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/silent-logger.ts';
import { notify, subscribe } from '../message/sample.ts';
import { answerTo, headerOf, statusOf, UdpPeer, until } from './raw-peer.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Setup extends Partial<EmbeddedEngineOptions> {
  readonly handle?: (transaction: ServerTransaction) => void;
}

async function started({ handle, ...setup }: Setup = {}) {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const engine = new EmbeddedEngine({
    listen: [{ transport: 'udp', address: '127.0.0.1', port: 0 }],
    clock,
    random: systemRandom,
    logger,
    serverName: '',
    ...setup,
  });
  const seen: ServerTransaction[] = [];
  const [at] = (await engine.start((transaction) => {
    seen.push(transaction);
    (handle ?? ((one) => one.respond({ status: 200 })))(transaction);
  })) as [ListenPoint];
  cleanups.push(() => engine.stop());
  return { engine, clock, logger, seen, at };
}

async function udpPeer(address?: string): Promise<UdpPeer> {
  const peer = await UdpPeer.open(address);
  cleanups.push(() => peer.close());
  return peer;
}

/** A new request: a transaction and a call of its own. */
function fresh(name: string, changes: Parameters<typeof subscribe>[0] = {}): Buffer {
  return subscribe({ Via: `SIP/2.0/UDP h;branch=z9hG4bK${name}`, 'Call-ID': name, ...changes });
}

const inDialog = { To: '<sip:1002@lamplighter.test>;tag=there' };
const callIds = (seen: readonly ServerTransaction[]) => seen.map(({ request }) => request.header('Call-ID'));
const statuses = (peer: UdpPeer) => peer.inbox.messages.map(statusOf);

/** The answer to `message`, whatever else comes. */
async function ask(peer: UdpPeer, message: Buffer, to: ListenPoint): Promise<string> {
  const count = peer.inbox.messages.length + 1;
  peer.send(message, to);
  return peer.inbox.nth(count);
}

describe('merged requests (RFC 3261 8.2.2.2)', () => {
  const phone = 'SIP/2.0/UDP phone.test;branch=z9hG4bKphone';
  const copy = (branch: string, changes = {}) =>
    fresh('forked', { Via: [`SIP/2.0/UDP proxy.test;branch=z9hG4bK${branch}`, phone], ...changes });

  test('the second copy of a request is 482, from the same source and from any other', async () => {
    const { at, seen } = await started();
    const [one, other] = [await udpPeer(), await udpPeer()];
    assert.equal(statusOf(await ask(one, copy('one'), at)), 200);
    const refusal = await ask(one, copy('two'), at);
    assert.equal(statusOf(refusal), 482);
    assert.equal(statusOf(await ask(other, copy('three'), at)), 482);
    assert.equal(await ask(one, copy('two'), at), refusal, 'a retransmission of the copy gets its answer again');
    assert.equal(statusOf(await ask(one, copy('one'), at)), 200);
    assert.equal(seen.length, 1);
  });

  test('a copy is 482 while the first one is still being served', async () => {
    const { at, seen } = await started({ handle: () => undefined });
    const peer = await udpPeer();
    peer.send(copy('one'), at);
    assert.equal(statusOf(await ask(peer, copy('two'), at)), 482);
    assert.equal(seen.length, 1);
  });

  test('another From tag, Call-ID, CSeq or method, or a To tag, is another request', async () => {
    const { at, seen } = await started();
    const peer = await udpPeer();
    await ask(peer, copy('one'), at);
    await ask(peer, copy('two', { From: '<sip:1001@lamplighter.test>;tag=other' }), at);
    await ask(peer, copy('three', { 'Call-ID': 'other' }), at);
    await ask(peer, copy('four', { CSeq: '2 SUBSCRIBE' }), at);
    await ask(peer, copy('five', inDialog), at);
    await ask(peer, copy('six', inDialog), at);
    assert.deepEqual(statuses(peer), [200, 200, 200, 200, 200, 200]);
    assert.equal(seen.length, 6);
  });

  test('COMPAT(old phones) a challenge may be answered with the same CSeq: a refusal has done nothing twice', async () => {
    let status = 401;
    const { at, seen } = await started({ handle: (transaction) => transaction.respond({ status }) });
    const peer = await udpPeer();
    assert.equal(statusOf(await ask(peer, copy('one'), at)), 401);
    status = 200;
    assert.equal(statusOf(await ask(peer, copy('two'), at)), 200);
    assert.equal(seen.length, 2);
  });

  test('both hops in one Via line are a copy, too', async () => {
    const { at } = await started();
    const peer = await udpPeer();
    await ask(peer, copy('one'), at);
    const Via = `SIP/2.0/UDP proxy.test;branch=z9hG4bKtwo, ${phone}`;
    assert.equal(statusOf(await ask(peer, copy('two', { Via }), at)), 482);
  });

  test('what came through no proxy was never forked: a phone that restarted, changed its port, or has a twin is served', async () => {
    const { at, seen } = await started();
    const [one, other] = [await udpPeer(), await udpPeer()];
    const direct = (branch: string) => fresh('direct', { Via: `SIP/2.0/UDP h;branch=z9hG4bK${branch}` });
    assert.equal(statusOf(await ask(one, direct('before'), at)), 200);
    assert.equal(statusOf(await ask(one, direct('after'), at)), 200, 'its numbers are the same after each start');
    assert.equal(statusOf(await ask(other, direct('after'), at)), 200, 'a NAT gave its repetition another port');
    assert.equal(seen.length, 3);
  });

  test('two phones behind one proxy that draw the same numbers are both served', async () => {
    const { at, seen } = await started();
    const proxy = await udpPeer();
    const behind = (phone: string) =>
      fresh('twins', {
        Via: `SIP/2.0/UDP proxy;branch=z9hG4bKp${phone}, SIP/2.0/UDP ${phone};branch=z9hG4bK${phone}`,
      });
    assert.equal(statusOf(await ask(proxy, behind('desk'), at)), 200);
    assert.equal(statusOf(await ask(proxy, behind('wall'), at)), 200);
    assert.equal(seen.length, 2);
  });

  test('after Timer J the same numbers are a new request', async () => {
    const { at, seen, clock } = await started();
    const peer = await udpPeer();
    await ask(peer, copy('one'), at);
    clock.advance(33_000);
    assert.equal(statusOf(await ask(peer, copy('two'), at)), 200);
    assert.equal(seen.length, 2);
  });
});

describe('limits on transactions', () => {
  test('with too many unanswered ones a new request is 503 with Retry-After, the same each time, and not served', async () => {
    const { at, seen } = await started({ handle: () => undefined, transactions: { pending: 2 } });
    const peer = await udpPeer();
    peer.send(fresh('one'), at);
    peer.send(fresh('two'), at);
    const refusal = await ask(peer, fresh('three'), at);
    assert.equal(statusOf(refusal), 503);
    const [least, most] = overloadRules.retryAfter;
    const seconds = Number(headerOf(refusal, 'Retry-After'));
    assert.ok(seconds >= least && seconds <= most, String(seconds));
    peer.send(fresh('one'), at); // known, so absorbed
    const again = await ask(peer, fresh('three'), at);
    assert.equal(headerOf(again, 'To'), headerOf(refusal, 'To')); // RFC 3261 8.2.7
    await until(() => seen.length === 2, 'both');
    for (const transaction of seen) transaction.respond({ status: 200 });
    peer.send(fresh('three'), at);
    await until(() => seen.length === 3, 'the third, now that there is room');
    await until(() => peer.inbox.messages.length === 4, 'the answers to both');
    assert.deepEqual(statuses(peer), [503, 503, 200, 200]);
  });

  test('of answered ones the oldest is forgotten first', async () => {
    const { at, seen } = await started({ transactions: { kept: 2 } });
    const peer = await udpPeer();
    for (const name of ['one', 'two', 'three']) await ask(peer, fresh(name), at);
    await ask(peer, fresh('three'), at);
    await ask(peer, fresh('two'), at);
    assert.equal(seen.length, 3);
    await ask(peer, fresh('one'), at);
    assert.equal(seen.length, 4);
  });

  test('kept answers have their limit in bytes', async () => {
    const { at, seen } = await started({ transactions: { keptBytes: 300 } });
    const peer = await udpPeer();
    const first = await ask(peer, fresh('one'), at);
    assert.ok(first.length < 300 && 2 * first.length > 300, String(first.length));
    await ask(peer, fresh('two'), at);
    await ask(peer, fresh('two'), at);
    assert.equal(seen.length, 2);
    await ask(peer, fresh('one'), at);
    assert.equal(seen.length, 3);
  });
});

describe('limits on sources', () => {
  const perSource = { rate: 1, burst: 3 };

  test('beyond the burst requests are 503 for a while, then there is silence; what was served is still repeated', async () => {
    const { at, seen, logger, clock } = await started({ perSource });
    const peer = await udpPeer();
    for (const name of ['one', 'two', 'three']) await ask(peer, fresh(name), at);
    const refusal = await ask(peer, fresh('four'), at);
    assert.equal(statusOf(refusal), 503);
    assert.ok(headerOf(refusal, 'Retry-After') !== undefined);
    assert.equal(statusOf(await ask(peer, fresh('one'), at)), 200, 'a retransmission');
    for (let i = 0; i < 150; i++) peer.send(fresh(`flood${i}`), at);
    await peer.inbox.nth(3 + 100); // as many refusals as there are, one of them spent on the retransmission
    clock.advance(1000);
    await ask(peer, fresh('later'), at);
    assert.deepEqual(callIds(seen), ['one', 'two', 'three', 'later']);
    assert.equal(statuses(peer).length, 3 + 100 + 1);
    assert.equal(logger.lines.filter(({ message }) => /^too many requests/.test(message)).length, 1);
  });

  test('a source that is exempt is served, and its answers to our requests are heard whatever it asks', async () => {
    const { at, seen } = await started({ perSource, exempt: (address) => address === '127.0.0.1' });
    const peer = await udpPeer();
    for (let i = 0; i < 200; i++) peer.send(fresh(String(i)), at);
    await peer.inbox.nth(200);
    assert.equal(seen.length, 200);
  });

  test('a source beyond its burst still answers our NOTIFYs', async () => {
    const { at, engine } = await started({ perSource });
    const peer = await udpPeer();
    for (let i = 0; i < 200; i++) peer.send(fresh(String(i)), at);
    await peer.inbox.nth(3 + 100);
    const done = engine.request(notify(peer.flowTo(at)));
    const sent = await peer.inbox.nth(3 + 100 + 1);
    peer.send(answerTo(sent, 200), at);
    assert.equal((await done).status, 200);
  });

  test('malformed messages spend the tokens sooner and are then not answered', async () => {
    const { at } = await started({ perSource: { rate: 1, burst: 30 } });
    const peer = await udpPeer();
    for (let i = 0; i < 100; i++) peer.send(subscribe({ CSeq: '1 NOTIFY', 'Call-ID': String(i) }), at);
    const refusal = await ask(peer, fresh('good'), at);
    assert.ok(peer.inbox.messages.length < 10, String(peer.inbox.messages.length));
    assert.equal(statuses(peer).at(-1) === 503 || statusOf(refusal) === 400, true);
    await until(() => statuses(peer).includes(503), 'the 503 of the good one');
  });
});

describe('overload', () => {
  /** Serving the request `slow` takes `ms` of the clock, after its answer; `next` runs with the one served after it. */
  async function slow(ms: number, next: () => void = () => undefined) {
    const clock = new FakeClock();
    const setup = await started({
      clock,
      handle: (transaction) => {
        transaction.respond({ status: 200 });
        if (transaction.request.header('Call-ID') === 'slow') clock.advance(ms);
        if (transaction.request.header('Call-ID') === 'early0') next();
      },
    });
    return { ...setup, clock };
  }

  test('new requests are 503 while others have waited too long; dialogs are served on; then all is as before', async () => {
    const peer = await udpPeer();
    // while the others still wait
    const late = () => {
      for (const message of [fresh('new-one'), fresh('refresh', inDialog), fresh('new-two')]) peer.send(message, at);
    };
    const { at, seen, clock, logger } = await slow(overloadRules.startMs, late);
    peer.send(fresh('slow'), at);
    for (let i = 0; i < 100; i++) peer.send(fresh(`early${i}`), at);
    await until(() => statuses(peer).includes(503) && callIds(seen).includes('refresh'), 'a 503 and the refresh');
    const lines = () => logger.lines.filter(({ message }) => /overload/.test(message));
    assert.equal(lines().length, 1);
    await until(() => peer.inbox.messages.length === 1 + 100 + 3, 'an answer to each');
    assert.ok(!callIds(seen).includes('new-two'));
    const refused = peer.inbox.messages.filter((message) => statusOf(message) === 503);
    assert.ok(refused.every((message) => headerOf(message, 'Retry-After') !== undefined));
    const again = await ask(peer, fresh('new-two'), at);
    assert.ok(refused.includes(again), 'who was sent away is not served by a repetition that was under way');
    assert.equal(statusOf(await ask(peer, fresh('afterwards'), at)), 200);
    clock.advance(3 * overloadRules.quietMs);
    assert.equal(lines().length, 2);
    const [, over] = lines();
    assert.ok(over);
    assert.equal(Object.fromEntries(Object.entries(over.fields))['refused'], refused.length);
  });

  test('RFC 4320 4.2: what waited as long as Timer F is not answered, and a new try is served', async () => {
    const { at, seen } = await slow(timerF);
    const peer = await udpPeer();
    for (const name of ['slow', 'two']) peer.send(fresh(name), at);
    await peer.inbox.nth(1);
    await settle();
    assert.equal(statusOf(await ask(peer, fresh('three'), at)), 200);
    assert.deepEqual(callIds(seen), ['slow', 'three']);
  });

  test('after the loop stood still for Timer F, what the kernel kept is dropped and repetitions are served', async () => {
    const fake = new FakeClock();
    let slept = 0;
    const clock: Clock = { now: () => fake.now() + slept, after: (ms, task) => fake.after(ms, task) };
    const { at, seen } = await started({ clock });
    const peer = await udpPeer();
    await ask(peer, fresh('before'), at); // kept for Timer J: the wheel turns
    await new Promise((resolve) => systemClock.after(0, () => resolve(null))); // now it is the turn of timers, sockets come next
    for (let i = 0; i < 40; i++) peer.send(fresh(`old${i}`), at);
    slept = timerF + 1000;
    fake.advance(100); // the tick that comes too late, before the sockets are read
    for (let turns = 0; turns < 10; turns++) await settle();
    assert.deepEqual(callIds(seen), ['before']);
    assert.equal(peer.inbox.messages.length, 1);
    fake.advance(300); // ticks that are in time again
    await ask(peer, fresh('old7'), at);
    assert.deepEqual(callIds(seen), ['before', 'old7']);
  });
});

describe('stopping', () => {
  const drainMs = 300;

  test('requests that are here are answered, new ones are not heard, and it ends as soon as all is done', async () => {
    const { engine, at, seen, clock } = await started({ handle: () => undefined, drainMs });
    const peer = await udpPeer();
    peer.send(fresh('one'), at);
    await until(() => seen.length === 1, 'the request');
    const stopped = engine.stop();
    peer.send(fresh('one'), at); // absorbed
    peer.send(fresh('two'), at);
    await clock.run(50);
    seen[0]?.respond({ status: 200 });
    await clock.run(50);
    await stopped;
    assert.equal(headerOf(await peer.inbox.nth(1), 'Call-ID'), 'one');
    assert.equal(seen.length, 1);
    assert.equal(peer.inbox.messages.length, 1);
    assert.equal(clock.pending, 0);
  });

  test('a NOTIFY that is out gets its moment to be answered', async () => {
    const { engine, at, clock } = await started({ drainMs });
    const peer = await udpPeer();
    const done = engine.request(notify(peer.flowTo(at)));
    const sent = await peer.inbox.nth(1);
    const stopped = engine.stop();
    peer.send(answerTo(sent, 200), at);
    assert.equal((await done).status, 200);
    await clock.run(50);
    await stopped;
  });

  test('nothing is waited for longer than the drain allows', async () => {
    const { engine, at, clock } = await started({ drainMs });
    const peer = await udpPeer();
    const done = engine.request(notify(peer.flowTo(at)));
    await peer.inbox.nth(1);
    const stopped = engine.stop();
    await clock.run(drainMs + 50);
    await stopped;
    const { status, local } = await done;
    assert.deepEqual([status, local], [503, true]);
    assert.equal((await engine.request(notify(peer.flowTo(at)))).status, 503);
  });
});

test('RFC 5118 4.5 an answer counts also where the peer wrote our IPv6 address in the Via another way', async (t) => {
  const setup = { listen: [{ transport: 'udp', address: '::1', port: 0 }] } as const;
  const engine = await started(setup).catch(() => null);
  if (engine === null) {
    t.skip('this host has no IPv6 loopback');
    return;
  }
  const peer = await udpPeer('::1');
  const done = engine.engine.request(notify(peer.flowTo(engine.at)));
  const sent = await peer.inbox.nth(1);
  assert.match(sent, /\[::1\]:\d+;/);
  peer.send(answerTo(sent, 200).replace('[::1]', '[0:0:0:0:0:0:0:2]'), engine.at);
  peer.send(answerTo(sent, 202).replace('[::1]', '[0000:0:0:0:0:0:0:0001]'), engine.at);
  assert.equal((await done).status, 202);
});
