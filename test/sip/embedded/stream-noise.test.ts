import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { streamLimits } from '../../../src/sip/embedded/stream-limits.ts';
import { subscribe } from '../message/sample.ts';
import { TcpPeer, until } from './raw-peer.ts';
import { openStream, openTls, type StreamPeer, type StreamTransport } from './stream-peers.ts';
import { StreamStage } from './stream-stage.ts';

/** mulberry32: the same seed gives the same noise. */
function noiseOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const upgrade = [
  'GET / HTTP/1.1',
  'Host: x',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol: sip',
  '\r\n',
].join('\r\n');

/** Bytes as a peer of that transport might send them, partly broken. */
function spoil(transport: StreamTransport, draw: (below: number) => number): Buffer {
  const message = subscribe({ 'Call-ID': `noise${draw(1000)}` });
  const whole =
    transport === 'ws' || transport === 'wss' ? Buffer.concat([Buffer.from(upgrade), frame(message, draw)]) : message;
  const bytes = Buffer.from(whole);
  for (let i = draw(6); i > 0; i--) bytes[draw(bytes.length)] = draw(256);
  const cut = draw(3) === 0 ? draw(bytes.length) : bytes.length;
  const tail = Buffer.from(Array.from({ length: draw(4) === 0 ? draw(3000) : 0 }, () => draw(256)));
  return Buffer.concat([bytes.subarray(0, cut), tail]);
}

function frame(payload: Buffer, draw: (below: number) => number): Buffer {
  const mask = Buffer.from([draw(256), draw(256), draw(256), draw(256)]);
  const head = Buffer.from([0x80 | draw(16), 0xfe, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([head, mask, payload.map((byte, index) => byte ^ mask[index % 4]!)]);
}

async function answered(peer: StreamPeer): Promise<boolean> {
  peer.send(subscribe({ Via: 'SIP/2.0/X h;branch=z9hG4bKlast' }));
  await until(() => peer.text.includes('z9hG4bKlast') || peer.closed, 'an answer');
  return !peer.closed;
}

for (const transport of ['tcp', 'tls', 'ws', 'wss'] as const) {
  test(`whatever bytes come by ${transport}, others are served, and nothing of them is left`, async (t) => {
    const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
    t.diagnostic(`SEED=${seed}`);
    const draw = noiseOf(seed);
    const stage = await StreamStage.open([transport], { limits: { perAddress: 1000 } });
    const quiet = stage.clock.pending;
    try {
      for (let round = 0; round < 6; round++) {
        const peers = await Promise.all(
          Array.from({ length: 10 }, async () => {
            const secure = (transport === 'tls' || transport === 'wss') && draw(4) > 0;
            const to = stage.at(transport);
            const peer = secure ? new TcpPeer(await openTls(to)) : await TcpPeer.open(to);
            peer.send(spoil(transport, draw));
            if (draw(4) === 0) peer.close();
            return peer;
          }),
        );
        const good = await openStream(transport, stage.at(transport));
        assert.ok(await answered(good));
        good.close();
        for (const peer of peers) peer.close();
      }
      // what its peers left is let go at the latest when its time is over
      await until(() => {
        stage.clock.advance(streamLimits.idleMs);
        return stage.clock.pending <= quiet;
      }, 'no timer but those of the start');
      assert.ok(await answered(stage.keep(await openStream(transport, stage.at(transport)))));
    } finally {
      await stage.close();
    }
    assert.equal(stage.clock.pending, 0);
  });
}
