import assert from 'node:assert/strict';
import { Socket } from 'node:dgram';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { Connection } from '../../../src/sip/embedded/connection.ts';
import { streamLimits } from '../../../src/sip/embedded/stream-limits.ts';
import { LocalAddresses } from '../../../src/sip/local-addresses.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { subscribe } from '../message/sample.ts';
import { TcpPeer, UdpPeer, until } from './raw-peer.ts';
import { WsPeer } from './stream-peers.ts';
import { StreamStage } from './stream-stage.ts';

/* What costs its sender next to nothing must not cost us more than that. */

async function opened(t: TestContext, ...transports: Parameters<typeof StreamStage.open>[0]): Promise<StreamStage> {
  const stage = await StreamStage.open(transports);
  t.after(() => stage.close());
  return stage;
}

test('a STUN request whose sender says port 0 is not answered, and ends nothing', async (t) => {
  const sockets: Socket[] = [];
  const { on } = Socket.prototype;
  t.mock.method(Socket.prototype, 'on', function (this: Socket, ...args: Parameters<typeof on>) {
    if (args[0] === 'message') sockets.push(this);
    return on.apply(this, args);
  });
  const stage = await opened(t, 'udp');
  t.mock.restoreAll();
  const binding = Buffer.from('000100002112a442000102030405060708090a0b', 'hex');
  // only a raw socket can send one: it is handed to the socket as the kernel would
  sockets[0]?.emit('message', binding, { address: '127.0.0.1', family: 'IPv4', port: 0, size: binding.length });
  const peer = stage.keep(await UdpPeer.open());
  peer.send(subscribe(), stage.at('udp'));
  assert.match(await peer.inbox.nth(1), /^SIP\/2\.0 200 /);
});

test('RFC 5626 4.4.1: keep-alives are answered; who sends nothing else and thousands of them is cut off', async (t) => {
  const stage = await opened(t, 'tcp');
  const phone = stage.keep(await TcpPeer.open(stage.at('tcp')));
  for (let i = 0; i < 20; i++) phone.send('\r\n\r\n');
  await until(() => phone.text === '\r\n'.repeat(20), 'twenty pongs');
  const attacker = stage.keep(await TcpPeer.open(stage.at('tcp')));
  attacker.send('\r\n\r\n'.repeat(10_000));
  await until(() => attacker.closed, 'the end of the attacker');
  assert.ok(attacker.text.length <= 200, `${attacker.text.length} bytes of pongs`);
  assert.equal(stage.said(/too many keep-alives/), 1);
  stage.clock.advance(10_000);
  phone.send('\r\n\r\n'.repeat(90));
  await until(() => phone.text === '\r\n'.repeat(110), 'ninety more, ten seconds later');
});

test('what stands behind the message that ended a connection is not looked at', async (t) => {
  const stage = await opened(t, 'tcp');
  const receive = t.mock.method(Connection.prototype, 'receive');
  const attacker = stage.keep(await TcpPeer.open(stage.at('tcp')));
  attacker.send('\r\n\r\n'.repeat(10_000));
  await until(() => attacker.closed, 'the end of the attacker');
  assert.ok(receive.mock.callCount() < 200, `${receive.mock.callCount()} frames`);
});

test('a WebSocket that sends thousands of pings, or of empty frames, is cut off', async (t) => {
  const stage = await opened(t, 'ws');
  for (const send of [(peer: WsPeer) => peer.socket.ping(), (peer: WsPeer) => peer.socket.send('')]) {
    const peer = stage.keep(await WsPeer.open('ws', stage.at('ws')));
    for (let i = 0; i < 2000 && !peer.closed; i++) send(peer);
    await until(() => peer.closed, 'its end');
    assert.ok(peer.pongs <= 100, `${peer.pongs} pongs`);
  }
  assert.equal(stage.said(/too many keep-alives/), 1, 'one a minute of one source');
});

test('a WebSocket message in fragments has its time limit, whatever control frames stand between them', async (t) => {
  const stage = await opened(t, 'ws');
  const peer = stage.keep(await WsPeer.open('ws', stage.at('ws')));
  peer.send(subscribe());
  await until(() => peer.text.includes('200 OK'), 'the answer to a whole message');
  peer.socket.send('SUBSCRIBE ', { fin: false });
  for (let waited = 0; waited < streamLimits.messageMs + 2000 && !peer.closed; waited += 1000) {
    const pong = once(peer.socket, 'pong');
    peer.socket.ping();
    await Promise.race([pong, until(() => peer.closed, 'pong or end')]);
    stage.clock.advance(1000);
  }
  await until(() => peer.closed, 'the end of a message that never ends');
  assert.equal(stage.said(/message not completed in time/), 1);
});

test('RFC 5626 3.5.1: pings alone keep a WebSocket open, between messages and split between two segments', async (t) => {
  const stage = await opened(t, 'ws');
  const peer = stage.keep(await WsPeer.open('ws', stage.at('ws')));
  peer.send(subscribe());
  await until(() => peer.text.includes('200 OK'), 'an answer');
  for (let i = 0; i < 5; i++) {
    const pong = once(peer.socket, 'pong');
    peer.socket.ping('still here');
    await pong;
    stage.clock.advance(streamLimits.messageMs + 1);
  }
  assert.equal(peer.closed, false);
});

test('a message in hundreds of fragments is refused: each costs a hundred times its bytes', async (t) => {
  const stage = await opened(t, 'ws');
  const peer = stage.keep(await WsPeer.open('ws', stage.at('ws')));
  for (let i = 0; i < 500; i++) peer.socket.send('S', { fin: false });
  await until(() => peer.closed, 'its end');
});

test('addresses that cannot be read, because every descriptor is taken, are those of before', () => {
  const clock = new FakeClock();
  let fails = false;
  const local = new LocalAddresses(clock, () => {
    if (fails) throw new Error('EMFILE');
    return [{ address: '192.0.2.1', cidr: '192.0.2.1/24', internal: false }];
  });
  fails = true;
  clock.advance(60_000);
  assert.equal(local.facing('192.0.2.77'), '192.0.2.1');
});
