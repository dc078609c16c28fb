import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { ListenPoint, ServerTransaction, SipAnswer, SipEngine, Transport } from '../../src/sip/engine.ts';
import {
  answerTo,
  headerOf,
  headersOf,
  statusOf,
  TcpListener,
  type TcpPeer,
  UdpPeer,
  until,
} from '../sip/embedded/raw-peer.ts';
import type { StreamTransport } from '../sip/embedded/stream-peers.ts';
import { notify, subscribe, told } from '../sip/message/sample.ts';
import { type FakeClock, settle } from '../support/fake-clock.ts';
import { streamContract } from './engine-streams.ts';

/** An engine with one UDP listener and one for each stream transport, on 127.0.0.1, not started yet, and its clock. */
export interface EngineUnderTest {
  readonly engine: SipEngine;
  readonly clock: FakeClock;
  /** What it stands on; closed after it has stopped. */
  readonly close?: () => Promise<unknown>;
  /** Timers of the engine that have not fired; default: those of `clock`. */
  readonly timers?: () => number;
}

/** Why a test of the contract is skipped for an engine, by the test's name: what it cannot do, and says so in its page. */
export type Incapable = Readonly<Record<string, string>>;

/** `test`, but for what an engine cannot do. Every name in `incapable` must be the name of a test. */
export function capableTest(incapable: Incapable, used: Set<string>) {
  return (name: string, body: () => unknown): void => {
    const reason = incapable[name];
    if (reason !== undefined) used.add(name);
    void test(name, reason === undefined ? {} : { skip: reason }, async () => {
      await body();
    });
  };
}

/** Parameters mean the same in any order. */
function inOrder(value: string): string {
  const [first = '', ...parameters] = value.split(';');
  return [first, ...parameters.sort()].join(';');
}

/** What every SipEngine must do on the wire. Runs against raw sockets on loopback; `streams`: TCP and what else it has. */
export function engineContract(
  name: string,
  make: () => Promise<EngineUnderTest>,
  streams: readonly StreamTransport[] = ['tcp'],
  incapable: Incapable = {},
): void {
  describe(`SipEngine contract: ${name}`, () => {
    const used = new Set<string>();
    const test = capableTest(incapable, used);
    let close: EngineUnderTest['close'];
    let timers: EngineUnderTest['timers'];
    let engine: SipEngine;
    let clock: FakeClock;
    let udp: ListenPoint;
    let all: readonly ListenPoint[];
    let peer: UdpPeer;
    let seen: ServerTransaction[];
    let handle: (transaction: ServerTransaction) => void;
    const cleanups: (() => unknown)[] = [];

    const answering = (answer: SipAnswer) => (transaction: ServerTransaction) => transaction.respond(answer);
    const pointOf = (points: readonly ListenPoint[], transport: Transport): ListenPoint => {
      const point = points.find((one) => one.transport === transport);
      assert.ok(point);
      return point;
    };

    beforeEach(async () => {
      ({ engine, clock, close, timers } = await make());
      seen = [];
      handle = answering({ status: 200 });
      all = await engine.start((transaction) => {
        seen.push(transaction);
        handle(transaction);
      });
      udp = pointOf(all, 'udp');
      peer = await UdpPeer.besideTcp();
    });

    afterEach(async () => {
      for (const cleanup of cleanups.splice(0)) await cleanup();
      await engine.stop();
      await peer.close();
      await close?.();
    });

    const ask = async (message: Buffer, count = peer.inbox.messages.length + 1): Promise<string> => {
      peer.send(message, udp);
      return peer.inbox.nth(count);
    };

    describe('as server', () => {
      test('ports are bound and told', () => {
        for (const transport of ['udp', ...streams] as const) assert.ok(pointOf(all, transport).port > 0);
      });

      test('a request reaches the handler with its values, body and flow', async () => {
        const message = subscribe(
          { o: 'dialog;id=1', Event: undefined, 'Content-Type': 'text/plain' },
          'SUBSCRIBE sip:1002@Lamplighter.TEST;x=y SIP/2.0',
          'b\xc3\xbcdy',
        );
        await ask(message);
        const { request } = seen[0] as ServerTransaction;
        assert.equal(request.method, 'SUBSCRIBE');
        assert.equal(request.uri, 'sip:1002@Lamplighter.TEST;x=y');
        assert.equal(request.header('Event'), 'dialog;id=1');
        // an engine may have noted there where it came from (RFC 3261 18.2.1)
        const via = request
          .headers('Via')
          .map((one) => one.replace(/;received=[^;]*/, '').replace(/rport=\d+/, 'rport'));
        assert.deepEqual(via, ['SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK776asdhds']);
        assert.equal(request.header('Nothing'), undefined);
        assert.deepEqual([...request.body], [0x62, 0xc3, 0xbc, 0x64, 0x79]);
        assert.equal(request.flow.transport, 'udp');
        assert.equal(request.flow.connection, '');
        assert.deepEqual(request.flow.remote, peer.endpoint);
        assert.equal(request.flow.local.port, udp.port);
      });

      test('the answer copies Via, From, To, Call-ID and CSeq, and adds a To tag', async () => {
        const answer = await ask(subscribe({ From: '"M\xc3\xbcller" <sip:1@x>;tag=1', t: undefined }));
        assert.equal(statusOf(answer), 200);
        assert.match(answer, /^SIP\/2\.0 200 OK\r\n/);
        assert.equal(headerOf(answer, 'From'), '"M\xc3\xbcller" <sip:1@x>;tag=1');
        assert.match(headerOf(answer, 'To') ?? '', /^<sip:1002@lamplighter\.test>;tag=[^;]{12,}$/);
        assert.equal(headerOf(answer, 'Call-ID'), 'a84b4c76e66710@192.0.2.1');
        assert.equal(headerOf(answer, 'CSeq'), '314159 SUBSCRIBE');
        assert.equal(headerOf(answer, 'Content-Length'), '0');
      });

      test('bytes that are no UTF-8 go back as they came, and reach the handler so', async () => {
        const message = subscribe(
          { From: '"M\xfcller" <sip:1@x>;tag=1', 'Content-Type': 'text/plain' },
          undefined,
          'b\xfc',
        );
        const answer = await ask(message);
        assert.equal(headerOf(answer, 'From'), '"M\xfcller" <sip:1@x>;tag=1');
        assert.deepEqual([...(seen[0] as ServerTransaction).request.body], [0x62, 0xfc]);
      });

      test('the To tag, reason and headers of the handler are used; a tag that is there stays', async () => {
        handle = answering({ status: 489, reason: 'No Such', headers: [['Allow-Events', 'dialog']], toTag: 'mine' });
        const first = await ask(subscribe());
        assert.match(first, /^SIP\/2\.0 489 No Such\r\n/);
        assert.equal(headerOf(first, 'Allow-Events'), 'dialog');
        assert.equal(headerOf(first, 'To'), '<sip:1002@lamplighter.test>;tag=mine');
        const via = 'SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKother';
        const second = await ask(subscribe({ Via: via, To: '<sip:1002@lamplighter.test>;tag=there' }));
        assert.equal(headerOf(second, 'To'), '<sip:1002@lamplighter.test>;tag=there');
      });

      test('T-02 T-03 the answer goes to the source, with received and rport of the true source', async () => {
        const { port } = peer.endpoint;
        const via = 'SIP/2.0/UDP 203.0.113.9:9;rport=1;received=198.51.100.1;branch=z9hG4bKr;maddr=198.51.100.2';
        const answer = await ask(subscribe({ Via: [via, 'SIP/2.0/UDP far.test;branch=z9hG4bK1;received=1.2.3.4'] }));
        assert.deepEqual(headersOf(answer, 'Via').map(inOrder), [
          inOrder(`SIP/2.0/UDP 203.0.113.9:9;branch=z9hG4bKr;maddr=198.51.100.2;received=127.0.0.1;rport=${port}`),
          inOrder('SIP/2.0/UDP far.test;branch=z9hG4bK1;received=1.2.3.4'),
        ]);
      });

      test('RFC 3581 4: rport is said where it was asked for', async () => {
        const plain = await ask(subscribe({ Via: 'SIP/2.0/UDP 203.0.113.9:9;branch=z9hG4bKs' }));
        assert.equal(headerOf(plain, 'Via'), 'SIP/2.0/UDP 203.0.113.9:9;branch=z9hG4bKs;received=127.0.0.1');
      });

      test('E65-33 Record-Route goes back in a 2xx, lines and order kept, and in no refusal', async () => {
        const routes = ['<sip:p1.test;lr>, <sip:[2001:db8::1];lr>', '<sip:p2.test;lr>'];
        const answer = await ask(subscribe({ 'Record-Route': routes }));
        assert.deepEqual(headersOf(answer, 'Record-Route'), routes);
        handle = answering({ status: 403 });
        const refusal = await ask(subscribe({ 'Record-Route': routes, Via: 'SIP/2.0/UDP h;branch=z9hG4bKrr' }));
        assert.deepEqual(headersOf(refusal, 'Record-Route'), []);
      });

      test('E65-32 a retransmission gets the same answer byte for byte and the handler runs once', async () => {
        const first = await ask(subscribe());
        assert.equal(await ask(subscribe()), first);
        clock.advance(31_000);
        assert.equal(await ask(subscribe()), first);
        assert.equal(seen.length, 1);
        clock.advance(2000); // Timer J is over
        assert.equal(statusOf(await ask(subscribe())), 200);
        assert.equal(seen.length, 2);
      });

      test('a retransmission that comes before the answer is absorbed', async () => {
        handle = () => undefined;
        peer.send(subscribe(), udp);
        peer.send(subscribe(), udp);
        peer.send(subscribe({ CSeq: '1 SUBSCRIBE', Via: 'SIP/2.0/UDP h;branch=z9hG4bKlast' }), udp);
        await until(() => seen.length === 2, 'the later request');
        for (const transaction of seen) transaction.respond({ status: 200 });
        await peer.inbox.nth(2);
        assert.equal(seen.length, 2);
      });

      test('RFC 3261 17.2.3: another method or sent-by on the same branch is another transaction', async () => {
        await ask(subscribe());
        const line = 'OPTIONS sip:1002@lamplighter.test SIP/2.0';
        await ask(subscribe({ CSeq: '314159 OPTIONS' }, line));
        const sentBy = 'SIP/2.0/UDP 192.0.2.2:5060;rport;branch=z9hG4bK776asdhds';
        await ask(subscribe({ Via: sentBy, 'Call-ID': 'another' }));
        assert.equal(seen.length, 3);
      });

      test('without the magic cookie retransmissions are still known, new CSeqs still new', async () => {
        const old = { Via: 'SIP/2.0/UDP 192.0.2.1:5060' };
        const first = await ask(subscribe(old));
        assert.equal(await ask(subscribe(old)), first);
        await ask(subscribe({ ...old, CSeq: '314160 SUBSCRIBE' }));
        assert.equal(seen.length, 2);
      });

      test('a second respond is ignored', async () => {
        handle = (transaction) => {
          transaction.respond({ status: 200 });
          transaction.respond({ status: 500 });
        };
        assert.equal(statusOf(await ask(subscribe())), 200);
        const other = await ask(subscribe({ Via: 'SIP/2.0/UDP h;branch=z9hG4bKnext', 'Call-ID': 'another' }));
        assert.equal(statusOf(other), 200);
        assert.equal(peer.inbox.messages.length, 2);
      });

      test('a handler that throws, at once or later, is a 500 and the engine lives', async () => {
        handle = () => {
          throw new Error('boom');
        };
        assert.equal(statusOf(await ask(subscribe())), 500);
        handle = answering({ status: 200 });
        assert.equal(statusOf(await ask(subscribe({ Via: 'SIP/2.0/UDP h;branch=z9hG4bKnext' }))), 200);
      });

      test('an answer with a line break in a header becomes a 500, never a header', async () => {
        handle = answering({ status: 200, headers: [['Contact', '<sip:x>\r\nInjected: yes']] });
        const answer = await ask(subscribe());
        assert.equal(statusOf(answer), 500);
        assert.doesNotMatch(answer, /Injected/);
      });

      const malformed: readonly (readonly [message: Buffer, status: number])[] = [
        [subscribe({ CSeq: '1 NOTIFY' }), 400],
        [subscribe({ 'Content-Length': '10' }), 400],
        [subscribe({ Event: ['dialog', 'presence'] }), 400],
        [subscribe({}, 'SUBSCRIBE sip:1002@lamplighter.test SIP/3.0'), 505],
        [subscribe({ To: '<sip:a@b>;tag=' }), 400],
      ];

      test('what our parser does not understand is refused, and never reaches the handler', async () => {
        const rows = [
          subscribe({ Event: ['dialog', 'presence'] }),
          subscribe({ 'Max-Forwards': '300' }),
          subscribe({ Expires: ['1', '2'] }),
        ];
        for (const [index, row] of rows.entries()) {
          const message = row.toString('latin1').replace('z9hG4bK776asdhds', `z9hG4bKbad${index}`);
          assert.equal(statusOf(await ask(Buffer.from(message, 'latin1'))), 400);
        }
        assert.equal(seen.length, 0);
      });

      test('a refusal names the reason, and is the same each time', async () => {
        for (const [message, status] of malformed) {
          const answer = await ask(message);
          assert.equal(statusOf(answer), status);
          assert.equal(headerOf(answer, 'Call-ID'), 'a84b4c76e66710@192.0.2.1');
          assert.doesNotMatch(answer, /^SIP\/2\.0 400 Bad Request\r\n/);
        }
        const again = subscribe({ 'Max-Forwards': '300' });
        assert.equal(await ask(again), await ask(again), 'a stateless answer is the same each time');
        assert.equal(seen.length, 0);
      });

      test('ACK, responses and keep-alives get no answer', async () => {
        const line = 'ACK sip:1002@lamplighter.test SIP/2.0';
        const silent: (Buffer | string)[] = [
          subscribe({ CSeq: '314159 ACK' }, line),
          subscribe({ CSeq: 'x' }, line),
          subscribe({}, 'SIP/2.0 200 OK'),
          subscribe({ CSeq: 'x' }, 'SIP/2.0 200 OK'),
          '\r\n\r\n',
          '\0\0\0\0',
          'jaK\0',
          'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
        ];
        for (const bytes of silent) peer.send(bytes, udp);
        const answer = await ask(subscribe());
        assert.equal(statusOf(answer), 200);
        assert.equal(peer.inbox.messages.length, 1);
        assert.equal(seen.length, 1);
      });

      test('T-05 a STUN Binding request is answered with the address it came from', async () => {
        const request = Buffer.concat([Buffer.from('000100002112a442', 'hex'), Buffer.alloc(12, 7)]);
        const answer = Buffer.from(await ask(request), 'latin1');
        assert.equal(answer.subarray(0, 20).toString('hex'), `0101000c2112a442${'07'.repeat(12)}`);
        assert.equal(answer.subarray(20, 26).toString('hex'), '002000080001');
        assert.equal(answer.readUInt16BE(26) ^ 0x2112, peer.endpoint.port);
        assert.equal((answer.readUInt32BE(28) ^ 0x2112a442) >>> 0, 0x7f000001);
        assert.equal(seen.length, 0);
      });

      test('an INVITE gets a plain final answer, its ACK is swallowed', async () => {
        handle = answering({ status: 405, headers: [['Allow', 'SUBSCRIBE']] });
        const to = 'sip:1002@lamplighter.test SIP/2.0';
        const answer = await ask(subscribe({ CSeq: '9 INVITE', Event: undefined }, `INVITE ${to}`));
        assert.equal(statusOf(answer), 405);
        peer.send(subscribe({ CSeq: '9 ACK', To: headerOf(answer, 'To') }, `ACK ${to}`), udp);
        await ask(subscribe({ Via: 'SIP/2.0/UDP h;branch=z9hG4bKnext' }));
        assert.deepEqual(
          seen.map(({ request }) => request.method),
          ['INVITE', 'SUBSCRIBE'],
        );
      });

      test('E65-22 CANCEL is 200 where it matches, 481 where not, and changes nothing', async () => {
        const cancel = (changes = {}) =>
          subscribe({ CSeq: '314159 CANCEL', ...changes }, 'CANCEL sip:1002@lamplighter.test SIP/2.0');
        await ask(subscribe());
        assert.equal(statusOf(await ask(cancel())), 200);
        assert.equal(statusOf(await ask(cancel({ Via: 'SIP/2.0/UDP h;branch=z9hG4bKunknown' }))), 481);
        assert.equal(seen.length, 1);
      });
    });

    for (const transport of streams) {
      const stage = () => ({ engine, clock, seen, at: pointOf(all, transport), later: cleanups });
      streamContract(transport, stage, test);
    }

    describe('as client', () => {
      test('a NOTIFY carries what it was given, and its answer comes back', async () => {
        const done = engine.request(told(peer.flowTo(udp), '<x>ü</x>', { cseq: 78 }));
        const sent = await peer.inbox.nth(1);
        assert.match(sent, /^NOTIFY sip:1001@192\.0\.2\.77:5060;line=abc SIP\/2\.0\r\n/);
        assert.match(headerOf(sent, 'Via') ?? '', /^SIP\/2\.0\/UDP 127\.0\.0\.1:\d+;rport;branch=z9hG4bK[\w.~-]{12,}$/);
        assert.equal(headerOf(sent, 'Max-Forwards'), '70');
        assert.equal(headerOf(sent, 'From'), '<sip:1002@lamplighter.test>;tag=ours');
        assert.equal(headerOf(sent, 'To'), '"Alice" <sip:1001@lamplighter.test>;tag=theirs');
        assert.equal(headerOf(sent, 'CSeq'), '78 NOTIFY');
        assert.equal(headerOf(sent, 'Event'), 'dialog');
        assert.equal(headerOf(sent, 'Content-Length'), '9');
        assert.ok(sent.endsWith(Buffer.from('<x>ü</x>').toString('latin1')));
        peer.send(answerTo(sent, 500, 'Retry-After: 7\r\n'), udp);
        const response = await done;
        assert.deepEqual([response.status, response.reason, response.local], [500, 'X', false]);
        assert.equal(response.header('Retry-After'), '7');
      });

      test('E65-15 a NOTIFY that nobody answers is repeated at T1, 2T1, … T2 and ends as 408 after 64 T1', async () => {
        const started = clock.now();
        const done = engine.request(notify(peer.flowTo(udp))).then((response) => [response, clock.now()] as const);
        const first = await peer.inbox.nth(1);
        const times: number[] = [];
        let count = 1;
        for (const gap of [500, 1000, 2000, 4000, 4000, 4000, 4000, 4000, 4000, 4000]) {
          clock.advance(gap);
          times.push(clock.now() - started);
          assert.equal(await peer.inbox.nth(++count), first);
        }
        clock.advance(500);
        const [response, ended] = await done;
        assert.deepEqual([response.status, response.local], [408, true]);
        assert.ok(ended - started >= 32_000 && ended - started <= 33_000, String(ended - started));
        assert.equal(peer.inbox.messages.length, 11);
      });

      test('after a provisional answer it is repeated every T2', async () => {
        const done = engine.request(notify(peer.flowTo(udp)));
        const sent = await peer.inbox.nth(1);
        peer.send(answerTo(sent, 100), udp);
        await roundTrip();
        clock.advance(500); // Timer E is running still
        await peer.inbox.nth(2);
        clock.advance(3900);
        await roundTrip();
        assert.equal(notifies(), 2);
        clock.advance(100);
        await until(() => notifies() === 3, 'the third NOTIFY');
        peer.send(answerTo(sent, 200), udp);
        assert.equal((await done).status, 200);
      });

      const notifies = () => peer.inbox.messages.filter((message) => message.startsWith('NOTIFY')).length;
      let rounds = 0;
      /** Everything sent to the engine before this has been read by it. */
      const roundTrip = async () => {
        const before = peer.inbox.messages.filter((message) => message.startsWith('SIP/2.0')).length;
        peer.send(subscribe({ Via: `SIP/2.0/UDP h;branch=z9hG4bKround${rounds++}` }), udp);
        await until(
          () => peer.inbox.messages.filter((message) => message.startsWith('SIP/2.0')).length > before,
          'the answer',
        );
      };

      test('a response must match in branch, method and sent-by, or it is dropped', async () => {
        const done = engine.request(notify(peer.flowTo(udp)));
        const sent = await peer.inbox.nth(1);
        const good = answerTo(sent, 200);
        peer.send(good.replace(/branch=z9hG4bK\w+/, 'branch=z9hG4bKnone'), udp);
        peer.send(good.replace('77 NOTIFY', '77 OPTIONS'), udp);
        peer.send(good.replace(/UDP 127\.0\.0\.1:/, 'UDP 255.255.255.255:'), udp);
        peer.send(good.replace('200 X', '4294967496 X'), udp);
        peer.send(answerTo(sent, 481), udp);
        assert.equal((await done).status, 481);
        peer.send(good, udp); // a late second answer
        await roundTrip();
      });

      test('a loose route stays a Route, a strict one takes the Request-URI', async () => {
        const flow = peer.flowTo(udp);
        const loose = engine.request(notify(flow, { routeSet: ['<sip:p1;lr>', '<sip:p2;lr>'] }));
        const first = await peer.inbox.nth(1);
        assert.match(first, /^NOTIFY sip:1001@192\.0\.2\.77:5060;line=abc /);
        assert.deepEqual(headersOf(first, 'Route'), ['<sip:p1;lr>', '<sip:p2;lr>']);
        peer.send(answerTo(first, 200), udp);
        const strict = engine.request(notify(flow, { routeSet: ['<sip:p1;x=1;method=INVITE>', '<sip:p2;lr>'] }));
        const second = await peer.inbox.nth(2);
        assert.match(second, /^NOTIFY sip:p1;x=1 /, 'RFC 3261 19.1.1: no method in a Request-URI');
        assert.deepEqual(headersOf(second, 'Route'), ['<sip:p2;lr>', '<sip:1001@192.0.2.77:5060;line=abc>']);
        peer.send(answerTo(second, 200), udp);
        assert.deepEqual([(await loose).status, (await strict).status], [200, 200]);
      });

      test('T-04 what is too large for UDP goes by TCP to the same place where that listens', async () => {
        const flow = peer.flowTo(udp);
        assert.equal(engine.roomBytes(flow), 1300);
        const listener = await TcpListener.open(peer.endpoint);
        cleanups.push(() => listener.close());
        const done = engine.request(told(flow, 'x'.repeat(2000)));
        await until(() => (listener.peers[0]?.text.length ?? 0) > 2000, 'the NOTIFY on TCP');
        const stream = listener.peers[0] as TcpPeer;
        assert.match(headerOf(stream.text, 'Via') ?? '', /^SIP\/2\.0\/TCP /);
        stream.send(answerTo(stream.text, 200));
        assert.equal((await done).status, 200);
        assert.equal(peer.inbox.messages.length, 0);
      });

      test('T-04 it falls back to UDP where TCP fails, and remembers that for ten minutes', async () => {
        const flow = peer.flowTo(udp);
        const large = 'x'.repeat(2000);
        const first = engine.request(told(flow, large));
        const sent = await peer.inbox.nth(1);
        assert.match(headerOf(sent, 'Via') ?? '', /^SIP\/2\.0\/UDP /);
        peer.send(answerTo(sent, 200), udp);
        assert.equal((await first).status, 200);
        const listener = await TcpListener.open(peer.endpoint);
        cleanups.push(() => listener.close());
        const second = engine.request(told(flow, large));
        peer.send(answerTo(await peer.inbox.nth(2), 200), udp);
        assert.equal((await second).status, 200);
        clock.advance(600_000);
        const third = engine.request(told(flow, large));
        await until(() => (listener.peers[0]?.text.length ?? 0) > 2000, 'the NOTIFY on TCP');
        (listener.peers[0] as TcpPeer).send(answerTo((listener.peers[0] as TcpPeer).text, 200));
        assert.equal((await third).status, 200);
        assert.equal(peer.inbox.messages.length, 2);
      });

      test('a request with a line break in a value is not sent and ends as a local 503', async () => {
        const response = await engine.request(notify(peer.flowTo(udp), { to: '<sip:x>\r\nInjected: yes' }));
        assert.deepEqual([response.status, response.local], [503, true]);
      });

      test('stop ends what is pending as a local 503 and leaves no timer', async () => {
        const pending = engine.request(notify(peer.flowTo(udp)));
        await peer.inbox.nth(1);
        await engine.stop();
        const response = await pending;
        assert.deepEqual([response.status, response.local], [503, true]);
        const after = await engine.request(notify(peer.flowTo(udp)));
        assert.deepEqual([after.status, after.local], [503, true]);
        await settle();
        assert.equal(timers?.() ?? clock.pending, 0);
      });
    });

    test('nothing is skipped that is not here', () => {
      assert.deepEqual(
        Object.keys(incapable).filter((name) => !used.has(name)),
        [],
      );
    });
  });
}
