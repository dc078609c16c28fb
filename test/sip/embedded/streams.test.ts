import assert from 'node:assert/strict';
import { Socket } from 'node:dgram';
import { connect, Socket as StreamSocket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, test } from 'node:test';
import { systemClock } from '../../../src/model/clock.ts';
import { systemRandom } from '../../../src/model/random.ts';
import { bindFault } from '../../../src/sip/embedded/bind-fault.ts';
import { Connections } from '../../../src/sip/embedded/connections.ts';
import { EmbeddedEngine } from '../../../src/sip/embedded/engine.ts';
import { streamLimits } from '../../../src/sip/embedded/stream-limits.ts';
import type { StreamOptions } from '../../../src/sip/embedded/transports.ts';
import type { ListenPoint, Transport } from '../../../src/sip/engine.ts';
import { testTls } from '../../support/certificate.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { silentLogger } from '../../support/silent-logger.ts';
import { notify, subscribe } from '../message/sample.ts';
import { answerTo, headerOf, TcpListener, TcpPeer, UdpPeer, until } from './raw-peer.ts';
import { openStream, type StreamPeer, type StreamTransport } from './stream-peers.ts';
import { StreamStage } from './stream-stage.ts';

const transports: readonly StreamTransport[] = ['tcp', 'tls', 'ws', 'wss'];
const stages: StreamStage[] = [];
afterEach(async () => {
  for (const stage of stages.splice(0)) await stage.close();
});

async function opened(
  kinds: readonly Transport[],
  streams: StreamOptions = {},
  address?: string,
): Promise<StreamStage> {
  const stage = await StreamStage.open(kinds, streams, address);
  stages.push(stage);
  return stage;
}

async function peerOf(stage: StreamStage, transport: StreamTransport): Promise<StreamPeer> {
  return stage.keep(await openStream(transport, stage.at(transport)));
}

/** Bytes on a socket without any handshake. */
async function rawTo(stage: StreamStage, transport: StreamTransport): Promise<TcpPeer> {
  return stage.keep(await TcpPeer.open(stage.at(transport)));
}

async function answered(peer: StreamPeer): Promise<void> {
  peer.send(subscribe());
  await until(() => peer.text.includes('\r\n\r\n'), 'an answer');
}

/** Not started. */
function engineOn(point: ListenPoint, streams: StreamOptions = {}): EmbeddedEngine {
  const tools = { clock: new FakeClock(), random: systemRandom, logger: silentLogger };
  return new EmbeddedEngine({ listen: [point], ...tools, serverName: '', streams });
}

for (const transport of transports) {
  describe(`limits on ${transport}`, () => {
    test('one address may hold so many connections, the next is closed, a freed place can be taken', async () => {
      const stage = await opened([transport], { limits: { perAddress: 2 } });
      const first = await peerOf(stage, transport);
      const second = await peerOf(stage, transport);
      const extra = await rawTo(stage, transport);
      await until(() => extra.closed, 'the close of the extra one');
      assert.equal(stage.said(/too many connections from this address/), 1);
      await answered(second);
      first.close();
      for (let tries = 0; ; tries++) {
        const again = await openStream(transport, stage.at(transport)).catch(() => null);
        if (again === null || again.closed) assert.ok(tries < 200, 'a freed place can be taken');
        else {
          stage.keep(again);
          again.send('\r\n\r\n');
          await until(() => again.closed || again.text !== '', 'a pong or the end');
          if (!again.closed) break;
        }
        await new Promise((resolve) => systemClock.after(10, () => resolve(null)));
      }
    });

    test('a trusted address may hold more, the total stands for all', async () => {
      const stage = await opened([transport], { limits: { perAddress: 1, total: 3 }, isTrusted: () => true });
      for (let i = 0; i < 3; i++) await answered(await peerOf(stage, transport));
      const extra = await rawTo(stage, transport);
      await until(() => extra.closed, 'the close of the extra one');
      assert.equal(stage.said(/too many connections"?/), 1);
      assert.equal(stage.said(/from this address/), 0);
    });

    test('a connection that never completes a first message is closed, one that did stays until it is idle', async () => {
      const stage = await opened([transport]);
      const [mute, good] = [await peerOf(stage, transport), await peerOf(stage, transport)];
      mute.send('\r\n\r\n');
      await until(() => mute.text === '\r\n', 'a pong');
      await answered(good);
      stage.clock.advance(streamLimits.firstMessageMs);
      await until(() => mute.closed, 'the close of the mute one');
      assert.equal(good.closed, false);
      stage.clock.advance(streamLimits.idleMs);
      await until(() => good.closed, 'the close of the idle one');
    });

    test('a peer that does not read loses its connection', async () => {
      const stage = await opened([transport], { limits: { unread: 100_000 } });
      const peer = await peerOf(stage, transport);
      await answered(peer);
      peer.pause();
      const { flow } = stage.seen[0]!.request;
      const results = [];
      for (let i = 0; i < 400; i++) results.push(stage.engine.request(notify(flow, { body: 'x'.repeat(60_000) })));
      assert.ok((await Promise.all(results)).every(({ status }) => status === 503));
      assert.equal(stage.said(/does not read/), 1);
    });

    test('stop closes it with connections open, half open and not yet shaken hands, and leaves no timer', async () => {
      const stage = await opened([transport]);
      const peer = await peerOf(stage, transport);
      await answered(peer);
      const mute = await rawTo(stage, transport);
      await stage.engine.stop();
      await until(() => peer.closed && mute.closed, 'the close');
      assert.equal(stage.clock.pending, 0);
    });

    test('many listeners of one kind serve side by side', async () => {
      const stage = await opened([transport, transport]);
      const [one, other] = stage.points;
      assert.notEqual(one!.port, other!.port);
      for (const point of stage.points) {
        const peer = stage.keep(await openStream(transport, point));
        await answered(peer);
        const { flow } = stage.seen.at(-1)!.request;
        assert.equal(flow.local.port, point.port);
        const done = stage.engine.request(notify(flow));
        await until(() => peer.text.includes('NOTIFY '), 'the NOTIFY');
        const sent = peer.text.slice(peer.text.indexOf('NOTIFY '));
        assert.ok(headerOf(sent, 'Via')?.includes(`:${point.port};`));
        peer.send(answerTo(sent, 200));
        assert.equal((await done).status, 200);
      }
    });

    test('a port in use is the fault port-in-use that names it', async () => {
      const stage = await opened([transport]);
      const { port } = stage.at(transport);
      const second = engineOn({ transport, address: '127.0.0.1', port }, { tls: testTls });
      await assert.rejects(
        second.start(() => undefined),
        (error: Error & { code: string }) =>
          error.code === 'port-in-use' && error.message.includes(`${transport}:127.0.0.1:${port}`),
      );
    });

    test('IPv6: requests, answers and NOTIFYs, with brackets in Via', async (t) => {
      let stage: StreamStage;
      try {
        stage = await opened([transport], {}, '::1');
      } catch {
        t.skip('this host has no IPv6 loopback');
        return;
      }
      const peer = await peerOf(stage, transport);
      peer.send(subscribe({ Via: 'SIP/2.0/X [2001:db8::9]:5060;rport;branch=z9hG4bK6' }));
      await until(() => peer.text.includes('\r\n\r\n'), 'an answer');
      assert.match(headerOf(peer.text, 'Via') ?? '', /;received=::1;rport=\d+$/);
      const done = stage.engine.request(notify(stage.seen[0]!.request.flow));
      await until(() => peer.text.includes('NOTIFY '), 'the NOTIFY');
      const sent = peer.text.slice(peer.text.indexOf('NOTIFY '));
      const name = transport.toUpperCase();
      assert.ok(headerOf(sent, 'Via')?.startsWith(`SIP/2.0/${name} [::1]:${stage.at(transport).port};`));
      peer.send(answerTo(sent, 200));
      assert.equal((await done).status, 200);
    });
  });
}

for (const transport of ['tcp', 'tls'] as const) {
  test(`a message that is fed drop by drop over ${transport} is cut off ten seconds after its start`, async () => {
    const stage = await opened([transport]);
    const slow = await peerOf(stage, transport);
    await answered(slow);
    // half a message behind a ping: the pong says that all of it was read
    slow.send('\r\n\r\nSUBSCRIBE sip:x SIP/2.0\r\n');
    await until(() => slow.text.endsWith('\r\n\r\n\r\n'), 'a pong');
    stage.clock.advance(streamLimits.messageMs - 1000);
    slow.send('X: y\r\n');
    await new Promise((resolve) => systemClock.after(50, () => resolve(null)));
    assert.equal(slow.closed, false);
    stage.clock.advance(1000);
    await until(() => slow.closed, 'the close');
    assert.equal(stage.said(/not completed in time/), 1);
  });
}

for (const transport of ['tls', 'ws', 'wss'] as const) {
  test(`a peer that connects to ${transport} and says nothing is cut off when the handshake takes too long`, async () => {
    const stage = await opened([transport]);
    const good = await peerOf(stage, transport);
    await answered(good);
    const mute = await rawTo(stage, transport);
    // its accept is behind us when a connection made later has been served
    await answered(await peerOf(stage, transport));
    stage.clock.advance(streamLimits.handshakeMs - 1);
    assert.equal(mute.closed, false);
    stage.clock.advance(1);
    await until(() => mute.closed, 'the close');
    assert.equal(stage.said(/handshake not completed in time/), 1);
    assert.equal(good.closed, false);
  });
}

test('T-04 a dial that takes too long is given up and the NOTIFY goes by UDP', async () => {
  const stage = await opened(['udp', 'tcp']);
  const peer = stage.keep(await UdpPeer.besideTcp());
  const listener = stage.keep(await TcpListener.open(peer.endpoint));
  const done = stage.engine.request(notify(peer.flowTo(stage.at('udp')), { body: 'x'.repeat(2000) }));
  stage.clock.advance(streamLimits.connectMs); // before the loop could tell that it stands
  const sent = await peer.inbox.nth(1);
  assert.match(headerOf(sent, 'Via') ?? '', /^SIP\/2\.0\/UDP /);
  peer.send(answerTo(sent, 200), stage.at('udp'));
  assert.equal((await done).status, 200);
  assert.ok(listener.peers.every(({ text }) => text === ''));
});

/** A NOTIFY too large for UDP, of an engine with TCP on .3 and .2 and UDP at `own`: where it came from, and what it says. */
async function dialled(own: string): Promise<{ from: string; sentBy: string; points: readonly ListenPoint[] }> {
  const stage = await opened([]); // closes what the test opened
  const listen = ['127.0.0.3', '127.0.0.2'].map((address) => ({ transport: 'tcp', address, port: 0 }) as const);
  const engine = new EmbeddedEngine({
    listen: [...listen, { transport: 'udp', address: own, port: 0 }],
    clock: new FakeClock(),
    random: systemRandom,
    logger: silentLogger,
    serverName: '',
  });
  const points = await engine.start(() => undefined);
  stage.keep({ close: () => engine.stop() });
  const peer = stage.keep(await UdpPeer.besideTcp());
  const listener = stage.keep(await TcpListener.open(peer.endpoint));
  const done = engine.request(notify(peer.flowTo(points[2] as ListenPoint), { body: 'x'.repeat(2000) }));
  await until(() => (listener.peers[0]?.text.length ?? 0) > 2000, 'the NOTIFY on TCP');
  const [stream] = listener.peers as [TcpPeer];
  stream.send(answerTo(stream.text, 200));
  assert.equal((await done).status, 200);
  const [, sentBy = ''] = /^SIP\/2\.0\/TCP ([\d.:]+);/.exec(headerOf(stream.text, 'Via') ?? '') ?? [];
  return { from: stream.from, sentBy, points: points.slice(0, 2) };
}

test('E65-31: a dial leaves from the address of ours that the phone knows, and names the listener there', async () => {
  const { from, sentBy, points } = await dialled('127.0.0.2');
  assert.deepEqual([from, sentBy], ['127.0.0.2', `127.0.0.2:${points[1]?.port}`]);
});

test('E65-31: a dial names a listener that is there, also where none is at the address it left from', async () => {
  const { from, sentBy, points } = await dialled('127.0.0.4');
  assert.deepEqual([from, sentBy], ['127.0.0.4', `127.0.0.3:${points[0]?.port}`]);
});

test('a datagram whose sender says port 0, where nobody can be answered, is not looked at', async (t) => {
  // only a raw socket can send one: it is handed to the socket as the kernel would
  const sockets: Socket[] = [];
  const { on } = Socket.prototype;
  t.mock.method(Socket.prototype, 'on', function (this: Socket, ...args: Parameters<typeof on>) {
    if (args[0] === 'message') sockets.push(this);
    return on.apply(this, args);
  });
  const stage = await opened(['udp']);
  t.mock.restoreAll();
  assert.equal(sockets.length, 1);
  const remote = { address: '127.0.0.1', family: 'IPv4', port: 0 };
  for (const bytes of [
    subscribe(),
    subscribe({ CSeq: '1 CANCEL' }, 'CANCEL sip:1002@lamplighter.test SIP/2.0'),
    subscribe({ CSeq: 'x' }),
    Buffer.from('000100002112a442000102030405060708090a0b', 'hex'), // a STUN Binding request
  ]) {
    sockets[0]?.emit('message', bytes, { ...remote, size: bytes.length });
  }
  const peer = stage.keep(await UdpPeer.open());
  peer.send(subscribe({ Via: 'SIP/2.0/UDP h;branch=z9hG4bKport' }), stage.at('udp'));
  assert.match(await peer.inbox.nth(1), /^SIP\/2\.0 200 /);
  assert.equal(stage.seen.length, 1);
});

test('an advertised IPv4 address is not told to a phone that came by IPv6', async (t) => {
  if (!Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))) {
    t.skip('this host has no IPv6 loopback');
    return;
  }
  const listen = [{ transport: 'udp', address: '::1', port: 0 }] as const;
  const [clock, advertise] = [new FakeClock(), '203.0.113.10'];
  const engine = new EmbeddedEngine({
    listen,
    clock,
    random: systemRandom,
    logger: silentLogger,
    serverName: '',
    advertise,
  });
  const [at] = (await engine.start(() => undefined)) as [ListenPoint];
  const stage = await opened([]);
  stage.keep({ close: () => engine.stop() });
  const peer = stage.keep(await UdpPeer.open('::1'));
  const done = engine.request(notify(peer.flowTo(at)));
  const sent = await peer.inbox.nth(1);
  assert.match(headerOf(sent, 'Via') ?? '', /^SIP\/2\.0\/UDP \[::1\]:/);
  peer.send(answerTo(sent, 200), at);
  assert.equal((await done).status, 200);
});

test('a port that this user may not bind is the fault port-forbidden that names it', async (t) => {
  const point = { transport: 'tls', address: '127.0.0.1', port: 1 } as const;
  const fault = bindFault(point, Object.assign(new Error('listen EACCES: permission denied'), { code: 'EACCES' }));
  assert.deepEqual([fault.code, fault.exit], ['port-forbidden', 3]);
  assert.match(fault.message, /cannot listen on tls:127\.0\.0\.1:1: /);
  if (process.getuid?.() === 0) t.diagnostic('root may bind every port: not tried on the wire');
  else {
    const engine = engineOn({ transport: 'tcp', address: '127.0.0.1', port: 1 });
    await assert.rejects(
      engine.start(() => undefined),
      { code: 'port-forbidden' },
    );
  }
});

test('the limit of one address holds over all its transports and is freed by a peer that resets', async () => {
  const stage = await opened(['tcp', 'ws'], { limits: { perAddress: 2 } });
  const one = connect({ host: '127.0.0.1', port: stage.at('tcp').port });
  one.on('error', () => undefined);
  await answered(await peerOf(stage, 'ws'));
  await new Promise<void>((resolve) => (one.readyState === 'open' ? resolve() : one.once('connect', () => resolve())));
  const extra = await rawTo(stage, 'tcp');
  await until(() => extra.closed, 'the close of the third');
  one.resetAndDestroy();
  let served = false;
  for (let tries = 0; !served && tries < 200; tries++) {
    const next = await rawTo(stage, 'tcp');
    next.send('\r\n\r\n');
    await until(() => next.closed || next.text !== '', 'a pong or the end');
    served = !next.closed;
  }
  assert.ok(served);
});

test('one IPv6 host, with all the addresses of its /64, holds at most half of all connections', () => {
  const said: string[] = [];
  const events = {
    onFrame: () => undefined,
    onClosed: () => undefined,
    onMisuse: (_remote: object, _transport: Transport, what: string) => said.push(what),
  };
  const limits = { ...streamLimits, total: 8, perAddress: 2 };
  const all = new Connections({ clock: new FakeClock(), limits, isTrusted: () => false, idPrefix: 'a', events });
  let port = 1024;
  const admit = (address: string) => {
    const socket = Object.defineProperties(new StreamSocket(), {
      remoteAddress: { value: address },
      remotePort: { value: port++ },
    });
    return all.admit(socket, 'tcp', false) ? socket : null;
  };
  const hostile = ['::1', '::2', '::3', '::4', '::5'].map((host) => admit(`2001:db8:0:1${host}`));
  assert.deepEqual(
    hostile.map((socket) => socket !== null),
    [true, true, true, true, false],
  );
  assert.deepEqual(said, ['too many connections from this address']);
  assert.ok(admit('2001:db8:0:2::1') !== null);
  for (const host of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) assert.ok(admit(host) !== null);
  assert.equal(admit('192.0.2.4'), null, 'the total');
  all.close();
});

test('tls and wss without a certificate are a fault that names the setting', async () => {
  for (const transport of ['tls', 'wss'] as const) {
    const engine = engineOn({ transport, address: '127.0.0.1', port: 0 });
    await assert.rejects(
      engine.start(() => undefined),
      { code: 'config-invalid', message: /^sip\.tls: needed for/ },
    );
  }
});

test('a link-local address with its zone is bound, served, and told without its zone', async (t) => {
  const found = Object.entries(networkInterfaces()).flatMap(([name, all]) =>
    (all ?? []).filter(({ address }) => address.startsWith('fe80:')).map(({ address }) => `${address}%${name}`),
  )[0];
  if (found === undefined) {
    t.skip('this host has no link-local address');
    return;
  }
  const stage = await opened(['udp', 'tcp', 'ws'], {}, found);
  const bare = found.replace(/%.*/, '');
  const peer = stage.keep(await UdpPeer.open(found));
  peer.send(subscribe(), stage.at('udp'));
  assert.match(headerOf(await peer.inbox.nth(1), 'Via') ?? '', new RegExp(`;received=${bare};rport=`));
  const done = stage.engine.request(notify(stage.seen[0]!.request.flow));
  const sent = await peer.inbox.nth(2);
  assert.ok(headerOf(sent, 'Via')?.startsWith(`SIP/2.0/UDP [${bare}]:${stage.at('udp').port};`));
  peer.send(answerTo(sent, 200), stage.at('udp'));
  assert.equal((await done).status, 200);
  const stream = await rawTo(stage, 'tcp');
  await answered(stream);
  assert.match(headerOf(stream.text, 'Via') ?? '', new RegExp(`;received=${bare};rport=`));
});

test('a listener for which no file descriptor is left is the fault files-exhausted, no bug of ours', () => {
  const point = { transport: 'udp', address: '127.0.0.1', port: 5060 } as const;
  for (const code of ['EMFILE', 'ENFILE']) {
    const fault = bindFault(point, Object.assign(new Error(`bind ${code} 127.0.0.1`), { code }));
    assert.deepEqual([fault.code, fault.exit], ['files-exhausted', 3]);
    assert.match(fault.fix, /LimitNOFILE/);
  }
});
