import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { systemRandom } from '../../../src/model/random.ts';
import { EmbeddedEngine } from '../../../src/sip/embedded/engine.ts';
import { streamLimits } from '../../../src/sip/embedded/stream-limits.ts';
import type { ListenPoint, ServerTransaction } from '../../../src/sip/engine.ts';
import { testTls } from '../../support/certificate.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { silentLogger } from '../../support/silent-logger.ts';
import { notify, subscribe } from '../message/sample.ts';
import { TcpPeer, until } from './raw-peer.ts';
import { openTls } from './stream-peers.ts';

const later: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of later.splice(0).reverse()) await close();
});

/** An engine that answers nothing by itself. */
async function opened(transport: 'tcp' | 'tls') {
  const clock = new FakeClock();
  const seen: ServerTransaction[] = [];
  const engine = new EmbeddedEngine({
    listen: [{ transport, address: '127.0.0.1', port: 0 }],
    clock,
    random: systemRandom,
    logger: silentLogger,
    serverName: '',
    streams: { tls: testTls, limits: { perAddress: 2 } },
  });
  const [at] = (await engine.start((transaction) => seen.push(transaction))) as [ListenPoint];
  later.push(() => engine.stop());
  const open = async () => {
    const socket: Socket = transport === 'tls' ? await openTls(at) : connect({ host: at.address, port: at.port });
    later.push(() => socket.destroy());
    return { socket, peer: new TcpPeer(socket) };
  };
  /** Sends a request, and then that nothing more will come; comes back when that has been heard. */
  const askAndEnd = async () => {
    const { socket, peer } = await open();
    const before = seen.length;
    peer.send(subscribe());
    await until(() => seen.length > before, 'the request');
    const ended = new Promise((resolve) => socket.once('finish', resolve));
    socket.end();
    await ended;
    // what has been sent before it by another connection of this process has been heard with it
    const other = await open();
    other.peer.send('\r\n\r\n');
    await until(() => other.peer.text !== '' || other.peer.closed, 'a pong');
    return { peer, other: other.peer, transaction: seen.at(-1) as ServerTransaction };
  };
  return { clock, engine, open, askAndEnd };
}

for (const transport of ['tcp', 'tls'] as const) {
  describe(`a peer on ${transport} that says it will send no more`, () => {
    test('RFC 3261 18.2.2: still gets the answer it waits for, and the NOTIFY behind it, and is then finished', async () => {
      const { clock, engine, askAndEnd } = await opened(transport);
      const { peer, transaction } = await askAndEnd();
      assert.equal(peer.closed, false);
      transaction.respond({ status: 200 });
      const { flow } = transaction.request;
      const told = engine.request(notify(flow));
      await until(() => peer.text.includes('NOTIFY '), 'the NOTIFY');
      assert.match(peer.text, /^SIP\/2\.0 200 /);
      clock.advance(streamLimits.farewellMs);
      await until(() => peer.closed, 'the end');
      const { status, local } = await told;
      assert.deepEqual([status, local], [503, true], 'nobody could answer it');
      const late = await engine.request(notify(flow));
      assert.deepEqual([late.status, late.local], [503, true], 'no way for anything later');
    });

    test('counts for the limits, and is finished in time where no answer comes', async () => {
      const { clock, open, askAndEnd } = await opened(transport);
      const { peer, other } = await askAndEnd();
      const third = await open().catch(() => null); // with TLS its handshake fails
      if (third !== null) await until(() => third.peer.closed, 'the close of the third');
      assert.equal(peer.closed, false);
      clock.advance(streamLimits.farewellMs);
      await until(() => peer.closed, 'the end');
      assert.equal(other.closed, false);
    });
  });
}
