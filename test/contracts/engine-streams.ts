import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { ListenPoint, ServerTransaction, SipEngine } from '../../src/sip/engine.ts';
import { answerTo, headerOf, statusOf, until } from '../sip/embedded/raw-peer.ts';
import { openStream, type StreamPeer, type StreamTransport } from '../sip/embedded/stream-peers.ts';
import { notify, subscribe, told } from '../sip/message/sample.ts';
import type { FakeClock } from '../support/fake-clock.ts';

/** What a test of one transport finds: it changes with each test. */
export interface StreamStage {
  readonly engine: SipEngine;
  readonly clock: FakeClock;
  readonly at: ListenPoint;
  /** Requests that reached the handler. */
  readonly seen: readonly ServerTransaction[];
  /** Run after the test. */
  readonly later: (() => unknown)[];
}

type StreamTest = (name: string, body: () => unknown) => void;

/** What every SipEngine must do on a transport with connections. */
export function streamContract(transport: StreamTransport, stage: () => StreamStage, test: StreamTest): void {
  describe(`on ${transport}`, () => {
    const framed = transport === 'ws' || transport === 'wss';
    const open = async (): Promise<StreamPeer> => {
      const stream = await openStream(transport, stage().at);
      stage().later.push(() => stream.close());
      return stream;
    };
    const name = transport.toUpperCase();
    const request = (branch: string) =>
      subscribe({ Via: `SIP/2.0/${name} 192.0.2.1:5060;branch=${branch}`, 'Call-ID': branch });
    const answers = (stream: StreamPeer) => stream.text.split('\r\n\r\n').slice(0, -1);

    test('two pipelined requests are answered in order on the same connection', async () => {
      const stream = await open();
      const both = [request('z9hG4bKone'), request('z9hG4bKtwo')];
      if (framed) for (const one of both) stream.send(one);
      else stream.send(Buffer.concat(both));
      await until(() => answers(stream).length === 2, 'two answers');
      const branches = answers(stream).map((answer) => /branch=(\w+)/.exec(answer)?.[1]);
      assert.deepEqual(branches, ['z9hG4bKone', 'z9hG4bKtwo']);
      const { flow } = (stage().seen[0] as ServerTransaction).request;
      assert.equal(flow.transport, transport);
      assert.ok(flow.connection !== '');
    });

    test('T-05 CRLFCRLF is answered with CRLF, and a message may follow', async () => {
      const stream = await open();
      stream.send('\r\n\r\n');
      await until(() => stream.text === '\r\n', 'a pong');
      stream.send(request('z9hG4bKone'));
      await until(() => answers(stream).length === 1, 'an answer');
    });

    if (!framed)
      test('T-08 a message without Content-Length is 400 and the connection closes', async () => {
        const stream = await open();
        const text = request('z9hG4bKone')
          .toString('latin1')
          .replace(/Content-Length: 0\r\n/, '');
        stream.send(text + text);
        await until(() => stream.closed, 'the close');
        assert.equal(statusOf(stream.text), 400);
        assert.equal(answers(stream).length, 1);
        assert.equal(stage().seen.length, 0);
      });

    if (!framed)
      test('a message larger than 64 kB is 513 and the connection closes', async () => {
        const stream = await open();
        stream.send(request('z9hG4bKone').toString('latin1').replace('Content-Length: 0', 'Content-Length: 99999'));
        await until(() => stream.closed, 'the close');
        assert.equal(statusOf(stream.text), 513);
      });

    test('an in-dialog request goes back by the same connection, without retransmissions', async () => {
      const stream = await open();
      stream.send(request('z9hG4bKone'));
      await until(() => answers(stream).length === 1, 'an answer');
      const { flow } = (stage().seen[0] as ServerTransaction).request;
      assert.equal(stage().engine.roomBytes(flow), Number.POSITIVE_INFINITY);
      const done = stage().engine.request(told(flow, 'x'.repeat(5000)));
      await until(() => answers(stream).length === 2, 'the NOTIFY');
      stage().clock.advance(20_000);
      const sent = stream.text.slice(stream.text.indexOf('NOTIFY '));
      assert.ok(headerOf(sent, 'Via')?.startsWith(`SIP/2.0/${name} 127.0.0.1:${stage().at.port};`));
      stream.send(answerTo(sent, 200));
      assert.equal((await done).status, 200);
      assert.equal(stream.text.split('NOTIFY sip:').length, 2);
    });

    test('a request on a connection that is gone ends as a local 503, at once or when it goes', async () => {
      const stream = await open();
      stream.send(request('z9hG4bKone'));
      await until(() => answers(stream).length === 1, 'an answer');
      const { flow } = (stage().seen[0] as ServerTransaction).request;
      const pending = stage().engine.request(notify(flow));
      await until(() => stream.text.includes('NOTIFY '), 'the NOTIFY');
      stream.close();
      const broken = await pending;
      assert.deepEqual([broken.status, broken.local], [503, true]);
      const dead = await stage().engine.request(notify(flow));
      assert.deepEqual([dead.status, dead.local], [503, true]);
      const forged = await stage().engine.request(notify({ ...flow, connection: 'of-another-life' }));
      assert.deepEqual([forged.status, forged.local], [503, true]);
    });
  });
}
