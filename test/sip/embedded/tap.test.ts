import assert from 'node:assert/strict';
import test from 'node:test';
import { systemRandom } from '../../../src/model/random.ts';
import type { Tap, TraceDirection, TracedPath } from '../../../src/model/trace.ts';
import { EmbeddedEngine, type EmbeddedEngineOptions } from '../../../src/sip/embedded/engine.ts';
import type { ListenPoint, Transport } from '../../../src/sip/engine.ts';
import { testTls } from '../../support/certificate.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { silentLogger } from '../../support/silent-logger.ts';
import { notify, subscribe } from '../message/sample.ts';
import { UdpPeer, until } from './raw-peer.ts';
import { openStream } from './stream-peers.ts';

interface Passed {
  readonly direction: TraceDirection;
  readonly path: TracedPath;
  readonly text: string;
}

class KeepingTap implements Tap {
  readonly messages: Passed[] = [];

  passed(direction: TraceDirection, path: TracedPath, wire: Buffer | string): void {
    this.messages.push({ direction, path, text: typeof wire === 'string' ? wire : wire.toString('latin1') });
  }

  get starts(): string[] {
    return this.messages.map(({ direction, text }) => `${direction} ${text.split('\r\n', 1)[0]}`);
  }
}

async function tapped(
  transport: Transport,
  use: (at: { tap: KeepingTap; engine: EmbeddedEngine; point: ListenPoint; clock: FakeClock }) => Promise<void>,
  more: Partial<EmbeddedEngineOptions> = {},
): Promise<void> {
  const clock = new FakeClock();
  const tap = new KeepingTap();
  const engine = new EmbeddedEngine({
    listen: [{ transport, address: '127.0.0.1', port: 0 }],
    clock,
    random: systemRandom,
    logger: silentLogger,
    serverName: '',
    streams: { tls: testTls },
    tap,
    ...more,
  });
  const [point] = await engine.start((transaction) => transaction.respond({ status: 200 }));
  try {
    assert.ok(point !== undefined);
    await use({ tap, engine, point, clock });
  } finally {
    await engine.stop();
  }
}

for (const transport of ['tcp', 'tls', 'ws', 'wss'] as const) {
  test(`by ${transport}: what comes in and goes out is told as clear text, with its path; keep-alives are not`, async () => {
    await tapped(transport, async ({ tap, engine, point }) => {
      const peer = await openStream(transport, point);
      try {
        const text = subscribe({ Via: `SIP/2.0/${transport.toUpperCase()} 127.0.0.1;branch=z9hG4bKt1;rport` });
        peer.send('\r\n\r\n');
        peer.send(text);
        await until(() => tap.messages.length === 2, 'two messages');
        assert.equal(tap.messages[0]?.text, text.toString());
        assert.match(tap.starts[1] ?? '', /^out SIP\/2\.0 200 OK$/);
        const { path } = tap.messages[0] ?? assert.fail();
        assert.deepEqual([path.transport, path.local], [transport, { address: point.address, port: point.port }]);
        assert.notEqual(path.connection, '');
        assert.equal(path, tap.messages[1]?.path);
        const flow = { ...path };
        const gone = engine.request(notify(flow));
        assert.match(tap.starts[2] ?? '', /^out NOTIFY sip:1001@192/);
        peer.close();
        assert.equal((await gone).status, 503);
        const nowhere = await engine.request(notify(flow));
        assert.equal(nowhere.status, 503);
        assert.equal(tap.messages.length, 3, 'what could not be sent did not pass');
      } finally {
        peer.close();
      }
    });
  });
}

test('what no parser reads, what is dropped in a flood and what is repeated has passed, too', async () => {
  await tapped(
    'udp',
    async ({ tap, point }) => {
      const peer = await UdpPeer.open();
      try {
        const garbage = '\x1b\x80 this is no SIP at all \xff';
        peer.send(Buffer.from('PUT no sip\r\n\r\n and so on', 'latin1'), point);
        await until(() => tap.messages.length >= 1, 'the garbage');
        assert.equal(tap.messages[0]?.text, 'PUT no sip\r\n\r\n and so on');
        peer.send(Buffer.from(garbage, 'latin1'), point);
        const ask = subscribe({ Via: `SIP/2.0/UDP 127.0.0.1:${peer.endpoint.port};branch=z9hG4bKt2;rport` });
        peer.send(ask, point);
        peer.send(ask, point);
        const flood = subscribe({ CSeq: '1 NOTIFY' }, 'NOTIFY sip:1002@lamplighter.test SIP/2.0');
        for (let i = 0; i < 30; i++) peer.send(flood, point);
        await until(() => tap.starts.filter((start) => start.startsWith('in NOTIFY')).length === 30, 'the flood');
        const count = (what: RegExp) => tap.starts.filter((start) => what.test(start)).length;
        assert.equal(count(/^in SUBSCRIBE/), 2);
        await until(() => count(/^out SIP\/2\.0 200/) >= 1, 'the answer');
        assert.ok(
          tap.messages.some(({ text }) => text === garbage),
          'dropped, and seen',
        );
      } finally {
        await peer.close();
      }
    },
    { perSource: { rate: 1, burst: 20 } },
  );
});
