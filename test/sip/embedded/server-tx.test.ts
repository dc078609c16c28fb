import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { systemClock } from '../../../src/model/clock.ts';
import { systemRandom } from '../../../src/model/random.ts';
import { EmbeddedEngine } from '../../../src/sip/embedded/engine.ts';
import { ReceivedRequest } from '../../../src/sip/embedded/received-request.ts';
import { serverKey } from '../../../src/sip/embedded/server-keys.ts';
import { ServerTransactions, serverLimits } from '../../../src/sip/embedded/server-transactions.ts';
import { TimerWheel } from '../../../src/sip/embedded/timer-wheel.ts';
import type { Flow } from '../../../src/sip/engine.ts';
import { parseMessage } from '../../../src/sip/message/parse.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { silentLogger } from '../../support/silent-logger.ts';

interface Peer {
  /** Sends, and gives what comes back. */
  ask(text: string): Promise<Buffer>;
  send(text: string): void;
  readonly received: Buffer[];
}

async function withEngine(work: (peer: Peer) => Promise<void>): Promise<void> {
  const engine = new EmbeddedEngine({
    listen: [{ transport: 'udp', address: '127.0.0.1', port: 0 }],
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    serverName: '',
  });
  const [point] = await engine.start((transaction) => transaction.respond({ status: 401 }));
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const received: Buffer[] = [];
  socket.on('message', (bytes) => received.push(bytes));
  const send = (text: string) => socket.send(text, point!.port, '127.0.0.1');
  try {
    await work({
      received,
      send,
      ask: async (text) => {
        const count = received.length;
        send(text);
        while (received.length === count) await once(socket, 'message');
        return received.at(-1)!;
      },
    });
  } finally {
    socket.close();
    await engine.stop();
  }
}

function subscribe(branch: string, vias = 0): string {
  const further = Array.from(
    { length: vias },
    (_, at) => `Via: SIP/2.0/UDP h${at};branch=z9hG4bK${'x'.repeat(800)}\r\n`,
  );
  return (
    `SUBSCRIBE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c;branch=z9hG4bK${branch};rport\r\n${further.join('')}` +
    `From: <sip:a@b>;tag=f\r\nTo: <sip:a@b>\r\nCall-ID: ${branch}\r\nCSeq: 1 SUBSCRIBE\r\nContent-Length: 0\r\n\r\n`
  );
}

test('a retransmission gets the same answer, a short message with its branch gets nothing (reflection)', () =>
  withEngine(async (peer) => {
    const large = subscribe('one', 40);
    const answer = await peer.ask(large);
    assert.ok(answer.length > 30_000);
    assert.deepEqual(await peer.ask(large), answer);
    for (let times = 0; times < 5; times++) peer.send(subscribe('one'));
    // whatever the five had brought would have come before this answer
    const last = await peer.ask(subscribe('two'));
    assert.match(last.toString(), /^SIP\/2\.0 401 /);
    assert.equal(peer.received.length, 3);
  }));

test('answers kept for Timer J stay within their bytes, whatever strangers let us echo', () => {
  const answer = 'x'.repeat(50_000);
  const clock = new FakeClock();
  const wheel = new TimerWheel(clock);
  const store = new ServerTransactions({
    wheel,
    write: () => answer,
    send: () => undefined,
    onUnanswered: () => undefined,
  });
  const flow: Flow = {
    transport: 'udp',
    local: { address: '127.0.0.1', port: 5060 },
    remote: { address: '192.0.2.1', port: 5060 },
    connection: '',
  };
  const parsed = parseMessage(Buffer.from(subscribe('any')), 'datagram');
  assert.ok(parsed.kind === 'request');
  for (let at = 0; at < 5000; at++) {
    store
      .open({ key: `key ${at}`, merge: null }, 1000, parsed, new ReceivedRequest(parsed, flow))
      .respond({ status: 401 });
    assert.ok(store.size * answer.length <= serverLimits.keptBytes);
  }
  assert.ok(store.has('key 4999') && !store.has('key 0'), 'the oldest goes first');
  clock.advance(40_000);
  assert.equal(store.size, 0);
  store.open({ key: 'after', merge: null }, 1000, parsed, new ReceivedRequest(parsed, flow)).respond({ status: 401 });
  assert.equal(store.size, 1);
  wheel.stop();
});

test('the bytes of keys are counted: without a branch they hold the Request-URI, which no answer repeats', () => {
  const clock = new FakeClock();
  const host = {
    wheel: new TimerWheel(clock),
    write: () => 'SIP/2.0 401 Unauthorized\r\n\r\n',
    send: () => undefined,
    onUnanswered: () => undefined,
  };
  const kept = new ServerTransactions(host, { ...serverLimits, keptBytes: 100_000 });
  for (let i = 0; i < 100; i++) {
    const text = `SUBSCRIBE sip:1001@lamplighter.test;x=${'x'.repeat(8000)} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1\r\nFrom: <sip:a@b>;tag=a\r\nTo: <sip:a@b>\r\nCall-ID: c${i}\r\nCSeq: 1 SUBSCRIBE\r\n\r\n`;
    const message = parseMessage(Buffer.from(text, 'latin1'), 'datagram');
    assert.ok(message.kind === 'request');
    const remote = { address: '192.0.2.1', port: 5060 };
    const flow: Flow = { transport: 'udp', local: remote, remote, connection: '' };
    const key = serverKey(message, remote, message.method);
    kept.open({ key, merge: null }, text.length, message, new ReceivedRequest(message, flow)).respond({ status: 401 });
  }
  assert.ok(kept.size <= 12, `${kept.size} kept`);
});

test('the bytes of unanswered requests are counted, and room is given back by an answer, a drop and Timer F', () => {
  const clock = new FakeClock();
  const host = { wheel: new TimerWheel(clock), write: () => '', send: () => undefined, onUnanswered: () => undefined };
  const store = new ServerTransactions(host, { ...serverLimits, pendingBytes: 3000 });
  const message = parseMessage(Buffer.from(subscribe('any')), 'datagram');
  assert.ok(message.kind === 'request');
  const remote = { address: '192.0.2.1', port: 5060 };
  const flow: Flow = { transport: 'udp', local: remote, remote, connection: '' };
  const open = (key: string) => store.open({ key, merge: null }, 1000, message, new ReceivedRequest(message, flow));
  const fill = () => ['one', 'two', 'three'].map(open);
  for (const give of [
    () => fill()[0]?.respond({ status: 200 }),
    () => fill()[0]?.drop(),
    () => {
      fill();
      assert.ok(store.full);
      clock.advance(33_000);
    },
  ]) {
    give();
    assert.ok(!store.full);
    store.clear();
  }
  host.wheel.stop();
});
