import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { afterEach, describe, test } from 'node:test';
import { systemClock } from '../../../src/model/clock.ts';
import { streamLimits } from '../../../src/sip/embedded/stream-limits.ts';
import { limits } from '../../../src/sip/message/limits.ts';
import { notify, subscribe } from '../message/sample.ts';
import { answerTo, headerOf, headersOf, statusOf, TcpPeer, until } from './raw-peer.ts';
import { WsPeer } from './stream-peers.ts';
import { StreamStage } from './stream-stage.ts';

const stages: StreamStage[] = [];
afterEach(async () => {
  for (const stage of stages.splice(0)) await stage.close();
});

async function opened(webSocketOrigins?: readonly string[]): Promise<StreamStage> {
  const stage = await StreamStage.open(['ws', 'wss'], webSocketOrigins === undefined ? {} : { webSocketOrigins });
  stages.push(stage);
  return stage;
}

async function phone(stage: StreamStage): Promise<WsPeer> {
  return stage.keep(await WsPeer.open('ws', stage.at('ws')));
}

const invalid = {
  Via: 'SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK776asdhds;rport',
  Contact: '<sip:1001@df7jal23ls0d.invalid;transport=ws>',
};

describe('the upgrade', () => {
  test('RFC 7118 4.1: the sub-protocol sip is demanded and answered', async () => {
    const stage = await opened();
    for (const protocols of [[], ['chat'], ['SIPS', 'msrp']]) {
      await assert.rejects(WsPeer.open('ws', stage.at('ws'), protocols), /Unexpected server response: 400/);
    }
    const peer = stage.keep(await WsPeer.open('ws', stage.at('ws'), ['msrp', 'sip']));
    assert.equal(peer.socket.protocol, 'sip');
    assert.equal(stage.said(/sub-protocol is not sip/), 1);
  });

  test('compression is not agreed on', async () => {
    const stage = await opened();
    const peer = stage.keep(await WsPeer.open('ws', stage.at('ws'), 'sip', { perMessageDeflate: true }));
    assert.equal(peer.socket.extensions, '');
  });

  test('a web page is let in only where its origin is listed; who names none is no browser', async () => {
    const rows: readonly (readonly [list: string[] | undefined, origin: string | undefined, welcome: boolean])[] = [
      [undefined, undefined, true],
      [undefined, 'https://evil.test', false],
      [undefined, 'null', false],
      [['https://phone.test'], 'https://phone.test', true],
      [['https://phone.test'], 'HTTPS://Phone.test', true],
      [['https://phone.test'], 'http://phone.test', false],
      [['https://phone.test'], 'https://phone.test.evil.test', false],
      [['https://phone.test'], undefined, true],
      [['*'], 'https://evil.test', true],
    ];
    for (const [list, origin, welcome] of rows) {
      const stage = await opened(list);
      for (const transport of ['ws', 'wss'] as const) {
        const opening = WsPeer.open(transport, stage.at(transport), 'sip', origin === undefined ? {} : { origin });
        if (welcome) stage.keep(await opening);
        else await assert.rejects(opening, /Unexpected server response: 403/, `${list} ${origin}`);
      }
    }
  });

  test('a plain HTTP request is told to upgrade, nonsense is cut off, and both leave nothing behind', async () => {
    const stage = await opened();
    const quiet = stage.clock.pending;
    const { address: host, port } = stage.at('ws');
    const answer = await new Promise<{ status?: number | undefined; upgrade?: string | undefined }>(
      (resolve, reject) => {
        const asked = httpRequest({ host, port, path: '/', agent: false }, (response) => {
          response.resume();
          resolve({ status: response.statusCode, upgrade: response.headers.upgrade });
        });
        asked.once('error', reject);
        asked.end();
      },
    );
    assert.deepEqual(answer, { status: 426, upgrade: 'websocket' });
    for (const bytes of [
      subscribe().toString('latin1'),
      'GET\r\n\r\n',
      `GET / HTTP/1.1\r\nX: ${'x'.repeat(9000)}\r\n\r\n`,
    ]) {
      const raw = stage.keep(await TcpPeer.open(stage.at('ws')));
      raw.send(bytes);
      await until(() => raw.closed, 'the close');
    }
    await until(() => stage.clock.pending === quiet, 'nothing left');
    assert.equal(stage.seen.length, 0);
  });
});

describe('frames', () => {
  test('T-07 a message is one frame, text or binary, with or without Content-Length', async () => {
    const stage = await opened();
    const peer = await phone(stage);
    let branch = 0;
    for (const length of ['0', undefined]) {
      for (const asText of [true, false]) {
        const via = `SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK${branch++}`;
        const message = subscribe({ ...invalid, Via: via, 'Content-Length': length });
        peer.send(asText ? message.toString('latin1') : message);
        await until(() => peer.frames.length === branch, 'an answer');
        const { text, binary } = peer.frames.at(-1)!;
        assert.equal(statusOf(text), 200);
        assert.equal(binary, false);
        assert.ok(text.endsWith('\r\n\r\n'));
      }
    }
    assert.equal(stage.seen.length, 4);
  });

  test('T-07 a body without Content-Length reaches to the end of the frame', async () => {
    const stage = await opened();
    const peer = await phone(stage);
    peer.send(
      subscribe({ ...invalid, 'Content-Length': undefined, 'Content-Type': 'text/plain' }, undefined, 'the body'),
    );
    await until(() => stage.seen.length === 1, 'the request');
    assert.equal(stage.seen[0]!.request.body.toString(), 'the body');
  });

  test('what is no UTF-8 goes out in a binary frame, byte for byte', async () => {
    const stage = await opened();
    const peer = await phone(stage);
    peer.send(subscribe({ ...invalid, From: '"M\xfcller" <sip:1@x>;tag=1' }));
    await until(() => peer.frames.length === 1, 'an answer');
    assert.equal(peer.frames[0]!.binary, true);
    assert.equal(headerOf(peer.text, 'From'), '"M\xfcller" <sip:1@x>;tag=1');
  });

  test('T-07 .invalid in Via and Contact: answers and NOTIFYs go back by the connection, with its true source', async () => {
    const stage = await opened();
    const peer = await phone(stage);
    peer.send(subscribe(invalid));
    await until(() => peer.frames.length === 1, 'an answer');
    assert.match(headersOf(peer.text, 'Via')[0] ?? '', /df7jal23ls0d\.invalid;.*received=127\.0\.0\.1;rport=\d+$/);
    const { flow } = stage.seen[0]!.request;
    const done = stage.engine.request(notify(flow, { uri: 'sip:1001@df7jal23ls0d.invalid;transport=ws' }));
    await until(() => peer.frames.length === 2, 'the NOTIFY');
    const sent = peer.frames[1]!.text;
    assert.match(sent, /^NOTIFY sip:1001@df7jal23ls0d\.invalid;transport=ws SIP\/2\.0\r\n/);
    assert.ok(headerOf(sent, 'Via')?.startsWith('SIP/2.0/WS 127.0.0.1:'));
    peer.send(answerTo(sent, 200));
    assert.equal((await done).status, 200);
  });

  test('a frame that is no SIP is refused alone: the next one is understood', async () => {
    const stage = await opened();
    const peer = await phone(stage);
    peer.send('');
    peer.send('nonsense');
    peer.send(subscribe({ ...invalid, CSeq: '1 NOTIFY' }));
    peer.send(subscribe({ ...invalid, 'Content-Length': '99' }));
    peer.send(subscribe(invalid));
    await until(() => peer.frames.length === 3, 'three answers');
    assert.deepEqual(
      peer.frames.map(({ text }) => statusOf(text)),
      [400, 400, 200],
    );
    assert.equal(peer.closed, false);
  });

  test('a frame larger than a message may be ends the connection with 1009', async () => {
    const stage = await opened();
    const peer = await phone(stage);
    peer.send('x'.repeat(limits.message + 1));
    await until(() => peer.closed, 'the close');
    assert.equal(peer.closeCode, 1009);
    assert.equal(stage.said(/frame refused.*WS_ERR_UNSUPPORTED_MESSAGE_LENGTH/), 1);
  });

  test('text that is no UTF-8 ends the connection with 1007', async () => {
    const stage = await opened();
    const peer = await phone(stage);
    peer.socket.send(Buffer.from([0xff, 0xfe, 0x80]), { binary: false });
    await until(() => peer.closed, 'the close');
    assert.equal(peer.closeCode, 1007);
  });

  test('RFC 7118 6: a ping is answered with a pong, and a connection that only pings is not heard', async () => {
    const stage = await opened();
    const peer = await phone(stage);
    peer.socket.ping('alive');
    await until(() => peer.pongs === 1, 'the pong');
    stage.clock.advance(streamLimits.firstMessageMs - 1);
    peer.socket.ping();
    await until(() => peer.pongs === 2, 'the second pong');
    stage.clock.advance(1);
    await until(() => peer.closed, 'the close');
  });

  test('a message that is fed in fragments, drop by drop, is cut off ten seconds after its start', async () => {
    const stage = await opened();
    const peer = await phone(stage);
    peer.send(subscribe(invalid));
    await until(() => peer.frames.length === 1, 'an answer');
    peer.socket.ping();
    peer.socket.send('SUBSCRIBE sip:x SIP/2.0\r\n', { fin: false });
    await until(() => peer.pongs === 1, 'the pong');
    const pause = () => new Promise((resolve) => systemClock.after(50, () => resolve(null)));
    await pause();
    stage.clock.advance(streamLimits.messageMs - 1000);
    peer.socket.send('X: y\r\n', { fin: false });
    await pause();
    assert.equal(peer.closed, false);
    await until(() => {
      stage.clock.advance(1000);
      return peer.closed;
    }, 'the close');
    assert.equal(stage.said(/not completed in time/), 1);
  });

  test('the end of a WebSocket is heard: what was under way ends as a local 503', async () => {
    const stage = await opened();
    const quiet = stage.clock.pending;
    const peer = await phone(stage);
    peer.send(subscribe(invalid));
    await until(() => stage.seen.length === 1, 'the request');
    const done = stage.engine.request(notify(stage.seen[0]!.request.flow));
    await until(() => peer.frames.length === 2, 'the NOTIFY');
    peer.socket.close(1001);
    const { status, local } = await done;
    assert.deepEqual([status, local], [503, true]);
    await until(() => peer.closed && stage.clock.pending === quiet + 1, 'nothing left');
  });
});
