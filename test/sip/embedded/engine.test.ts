import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { type Clock, systemClock } from '../../../src/model/clock.ts';
import type { Random } from '../../../src/model/random.ts';
import { systemRandom } from '../../../src/model/random.ts';
import { EmbeddedEngine } from '../../../src/sip/embedded/engine.ts';
import { streamLimits } from '../../../src/sip/embedded/stream-limits.ts';
import type { Flow, ListenPoint, ServerTransaction } from '../../../src/sip/engine.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/silent-logger.ts';
import { notify, subscribe } from '../message/sample.ts';
import { answerTo, headerOf, statusOf, TcpListener, TcpPeer, UdpPeer, until } from './raw-peer.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Setup {
  readonly listen?: readonly ListenPoint[];
  readonly clock?: Clock;
  readonly random?: Random;
  readonly handle?: (transaction: ServerTransaction) => void;
  readonly advertise?: string;
}

const point = (transport: 'udp' | 'tcp', address = '127.0.0.1', port = 0): ListenPoint => ({
  transport,
  address,
  port,
});

async function started(setup: Setup = {}) {
  const logger = new RecordingLogger();
  const engine = new EmbeddedEngine({
    listen: setup.listen ?? [point('udp'), point('tcp')],
    clock: setup.clock ?? new FakeClock(),
    random: setup.random ?? systemRandom,
    logger,
    serverName: '',
    ...(setup.advertise === undefined ? {} : { advertise: setup.advertise }),
  });
  cleanups.push(() => engine.stop());
  const points = await engine.start(setup.handle ?? ((transaction) => transaction.respond({ status: 200 })));
  return { engine, logger, points };
}

async function udpPeer(address?: string): Promise<UdpPeer> {
  const peer = await UdpPeer.open(address);
  cleanups.push(() => peer.close());
  return peer;
}

async function tcpPeer(to: ListenPoint): Promise<TcpPeer> {
  const peer = await TcpPeer.open(to);
  cleanups.push(() => peer.close());
  return peer;
}

const first = <T>(list: readonly T[]): T => {
  assert.ok(list.length > 0);
  return list[0] as T;
};
const refusedLines = (logger: RecordingLogger) => logger.lines.filter(({ message }) => /refused/.test(message));

describe('starting and stopping', () => {
  for (const transport of ['udp', 'tcp'] as const) {
    test(`a ${transport} port in use is the fault port-in-use that names it, and nothing stays bound`, async () => {
      const { points } = await started({ listen: [point(transport)] });
      const { port } = first(points);
      const other: ListenPoint = point(transport === 'udp' ? 'tcp' : 'udp');
      await assert.rejects(started({ listen: [other, point(transport, '127.0.0.1', port)] }), (error: unknown) => {
        assert.match(String(error), new RegExp(`${transport}:127\\.0\\.0\\.1:${port}`));
        return (error as { code: string }).code === 'port-in-use';
      });
    });

    test(`a ${transport} address of another host is the fault address-unavailable`, async () => {
      await assert.rejects(started({ listen: [point(transport, '192.0.2.1')] }), { code: 'address-unavailable' });
    });
  }

  test('stop leaves no handle and no timer, with connections open and requests pending', async () => {
    const clock = new FakeClock();
    const { engine, points } = await started({ clock });
    const [udp, tcp] = points as [ListenPoint, ListenPoint];
    const peer = await udpPeer();
    const stream = await tcpPeer(tcp);
    stream.send(subscribe());
    await until(() => stream.text !== '', 'an answer');
    const pending = engine.request(notify(peer.flowTo(udp)));
    await engine.stop();
    assert.equal((await pending).status, 503);
    await until(() => stream.closed, 'the close');
    assert.equal(clock.pending, 0);
    await engine.stop();
  });

  test('a silent engine keeps no clock timer running', async () => {
    const clock = new FakeClock();
    await started({ clock });
    assert.equal(clock.pending, 0);
  });
});

describe('addresses', () => {
  test('IPv6 works both ways, with brackets in Via and none in received', async (t) => {
    let setup: Awaited<ReturnType<typeof started>>;
    try {
      setup = await started({ listen: [point('udp', '::1'), point('tcp', '::1')] });
    } catch {
      t.skip('this host has no IPv6 loopback');
      return;
    }
    const udp = first(setup.points);
    const peer = await udpPeer('::1');
    peer.send(subscribe({ Via: 'SIP/2.0/UDP [2001:db8::9]:5060;rport;branch=z9hG4bK6' }), udp);
    const via = headerOf(await peer.inbox.nth(1), 'Via');
    assert.equal(via, `SIP/2.0/UDP [2001:db8::9]:5060;branch=z9hG4bK6;received=::1;rport=${peer.endpoint.port}`);
    const done = setup.engine.request(notify(peer.flowTo(udp)));
    const sent = await peer.inbox.nth(2);
    assert.match(headerOf(sent, 'Via') ?? '', /^SIP\/2\.0\/UDP \[::1\]:\d+;/);
    peer.send(answerTo(sent, 200), udp);
    assert.equal((await done).status, 200);
  });

  test('a wildcard listener puts a real address into Via, and the advertised one where given', async () => {
    const peer = await udpPeer();
    for (const [advertise, expected] of [
      [undefined, '127.0.0.1'],
      ['Pbx.Example.com', 'Pbx.Example.com'],
    ] as const) {
      const { engine, points } = await started({
        listen: [point('udp', '0.0.0.0')],
        ...(advertise === undefined ? {} : { advertise }),
      });
      const count = peer.inbox.messages.length + 1;
      const done = engine.request(notify(peer.flowTo(first(points))));
      const sent = await peer.inbox.nth(count);
      assert.ok(headerOf(sent, 'Via')?.startsWith(`SIP/2.0/UDP ${expected}:${first(points).port};`));
      peer.send(answerTo(sent, 200), { address: '127.0.0.1', port: first(points).port });
      assert.equal((await done).status, 200);
    }
  });

  test('a stored flow whose port is no longer ours goes out by a socket of its family', async () => {
    const { engine, points } = await started();
    const peer = await udpPeer();
    const done = engine.request(notify({ ...peer.flowTo(first(points)), local: { address: '127.0.0.1', port: 9 } }));
    peer.send(answerTo(await peer.inbox.nth(1), 200), first(points));
    assert.equal((await done).status, 200);
  });

  test('E65-31: what comes back over a connection we dialled names our listener, not the port of one dial', async () => {
    const flows: Flow[] = [];
    const handle = (transaction: ServerTransaction) => {
      flows.push(transaction.request.flow);
      transaction.respond({ status: 200 });
    };
    const { engine, points } = await started({ handle });
    const peer = await UdpPeer.besideTcp();
    cleanups.push(() => peer.close());
    const listener = await TcpListener.open(peer.endpoint);
    cleanups.push(() => listener.close());
    const done = engine.request(notify(peer.flowTo(first(points)), { body: 'x'.repeat(2000) }));
    await until(() => (listener.peers[0]?.text.length ?? 0) > 2000, 'the NOTIFY on TCP');
    const stream = first(listener.peers);
    stream.send(answerTo(stream.text, 200));
    await done;
    stream.send(subscribe());
    await until(() => flows.length > 0, 'the SUBSCRIBE');
    const { transport, local } = first(flows);
    assert.deepEqual({ transport, ...local }, points[1]);
  });
});

describe('faults of handlers and sources', () => {
  test('a handler that rejects later is a 500 and one log line', async () => {
    const handle = async () => {
      await Promise.resolve();
      throw new Error('boom');
    };
    const { logger, points } = await started({ handle });
    const peer = await udpPeer();
    peer.send(subscribe(), first(points));
    assert.equal(statusOf(await peer.inbox.nth(1)), 500);
    assert.equal(logger.lines.filter(({ level }) => level === 'error').length, 1);
  });

  test('a handler that never answers is said once and forgotten', async () => {
    const clock = new FakeClock();
    let seen = 0;
    const { logger, points } = await started({ clock, handle: () => seen++ });
    const peer = await udpPeer();
    peer.send(subscribe(), first(points));
    await until(() => seen === 1, 'the request');
    clock.advance(33_000);
    assert.equal(logger.lines.filter(({ level }) => level === 'error').length, 1);
    assert.equal(clock.pending, 0);
  });

  test('what one source does wrong is logged at most once a minute, without control characters', async () => {
    const clock = new FakeClock();
    const { logger, points } = await started({ clock });
    const peer = await udpPeer();
    for (let i = 0; i < 20; i++) peer.send(subscribe({ CSeq: `${i} \x1b[31mNOTIFY` }), first(points));
    await peer.inbox.nth(20);
    assert.equal(refusedLines(logger).length, 1);
    clock.advance(60_000);
    peer.send(subscribe({ CSeq: 'x' }), first(points));
    await peer.inbox.nth(21);
    assert.equal(refusedLines(logger).length, 2);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    assert.doesNotMatch(JSON.stringify(logger.lines.map(({ fields }) => Object.values(fields))), /[\x00-\x1f]|\\u00/);
  });

  test('branches and tags come from the source of chance', async () => {
    let drawn = 0;
    const random: Random = {
      bytes: (count) => {
        drawn += count;
        return systemRandom.bytes(count);
      },
      fraction: () => 0.5,
    };
    const { engine, points } = await started({ random });
    const before = drawn;
    const peer = await udpPeer();
    const sent = new Set<string>();
    for (let i = 1; i <= 400; i++) {
      const done = engine.request(notify(peer.flowTo(first(points))));
      const message = await peer.inbox.nth(i);
      sent.add(headerOf(message, 'Via') ?? '');
      peer.send(answerTo(message, 200), first(points));
      await done;
    }
    assert.equal(sent.size, 400);
    assert.ok(drawn > before);
  });
});

describe('limits on streams', () => {
  const tcpOnly = { listen: [point('tcp')] };

  test('one address may hold 50 connections, the next is closed', async () => {
    const { points } = await started(tcpOnly);
    const streams: TcpPeer[] = [];
    for (let i = 0; i < streamLimits.perAddress; i++) streams.push(await tcpPeer(first(points)));
    const extra = await tcpPeer(first(points));
    await until(() => extra.closed, 'the close of the extra one');
    assert.ok(streams.every((stream) => !stream.closed));
    first(streams).close();
    let again: TcpPeer | undefined;
    for (let tries = 0; again === undefined && tries < 50; tries++) {
      const stream = await tcpPeer(first(points));
      stream.send('\r\n\r\n');
      await until(() => stream.closed || stream.text !== '', 'close or pong');
      if (!stream.closed) again = stream;
    }
    assert.ok(again, 'a freed place can be taken');
  });

  test('a connection that never completes a first message is closed, one that did stays', async () => {
    const clock = new FakeClock();
    const { points } = await started({ ...tcpOnly, clock });
    const [mute, good] = [await tcpPeer(first(points)), await tcpPeer(first(points))];
    good.send(subscribe());
    mute.send('\r\n\r\n');
    await until(() => good.text !== '' && mute.text !== '', 'an answer and a pong');
    clock.advance(streamLimits.firstMessageMs);
    await until(() => mute.closed, 'the close of the mute one');
    assert.equal(good.closed, false);
    clock.advance(streamLimits.idleMs);
    await until(() => good.closed, 'the close of the idle one');
  });

  test('a message that is fed drop by drop is cut off ten seconds after its start', async () => {
    const clock = new FakeClock();
    const { logger, points } = await started({ ...tcpOnly, clock });
    const slow = await tcpPeer(first(points));
    slow.send(subscribe());
    await until(() => slow.text !== '', 'an answer');
    // half a message behind a ping: the pong says that all of it was read
    slow.send('\r\n\r\nSUBSCRIBE sip:x SIP/2.0\r\n');
    await until(() => slow.text.endsWith('\r\n\r\n\r\n'), 'a pong');
    clock.advance(streamLimits.messageMs - 1000);
    slow.send('X: y\r\n');
    await new Promise((resolve) => systemClock.after(50, () => resolve(null)));
    assert.equal(slow.closed, false);
    clock.advance(1000);
    await until(() => slow.closed, 'the close');
    assert.ok(logger.lines.some(({ message }) => /not completed in time/.test(message)));
  });

  test('a peer that does not read loses its connection', async () => {
    let flow: ServerTransaction['request']['flow'] | undefined;
    const { engine, points } = await started({
      ...tcpOnly,
      handle: (transaction) => {
        flow = transaction.request.flow;
        transaction.respond({ status: 200 });
      },
    });
    const stream = await tcpPeer(first(points));
    stream.send(subscribe());
    await until(() => stream.text !== '', 'an answer');
    stream.pause();
    assert.ok(flow !== undefined);
    const results: Promise<{ status: number }>[] = [];
    for (let i = 0; i < 400; i++) results.push(engine.request(notify(flow, { body: 'x'.repeat(60_000) })));
    assert.ok((await Promise.all(results)).every(({ status }) => status === 503));
  });
});
