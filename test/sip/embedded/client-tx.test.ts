import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientTransactions, type Transmit } from '../../../src/sip/embedded/client-tx.ts';
import { TimerWheel } from '../../../src/sip/embedded/timer-wheel.ts';
import type { FinalResponse, Flow } from '../../../src/sip/engine.ts';
import { parseMessage } from '../../../src/sip/message/parse.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const endpoint = { address: '192.0.2.1', port: 5060 };
const flow: Flow = { transport: 'udp', local: endpoint, remote: endpoint, connection: '' };

function transactions(transmit: Transmit, limit?: number) {
  const clock = new FakeClock();
  const wheel = new TimerWheel(clock);
  const store = new ClientTransactions(wheel, transmit, limit);
  const finals: FinalResponse[] = [];
  const send = (branch: string) =>
    store.send({ branch, method: 'NOTIFY', sentBy: endpoint }, flow, 'wire', (final) => finals.push(final));
  return { clock, wheel, store, finals, send };
}

test('beyond the limit of requests under way the next one is a local 503 and is not sent', () => {
  const sent: string[] = [];
  const { store, finals, send, wheel } = transactions((_flow, wire) => sent.push(wire) > 0, 2);
  for (const branch of ['one', 'two', 'three']) send(branch);
  assert.deepEqual([store.size, sent.length], [2, 2]);
  assert.deepEqual(
    finals.map(({ status, local }) => [status, local]),
    [[503, true]],
  );
  wheel.stop();
});

test('RFC 3261 8.1.3.3: a response with a Via below ours is dropped, the next without it counts', () => {
  const { store, finals, send } = transactions(() => true);
  send('z9hG4bKone');
  const response = (...more: readonly string[]) => {
    const lines = [
      'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKone',
      ...more,
      'From: <sip:a@b>;tag=1',
      'To: <sip:c@d>;tag=2',
    ];
    const text = ['SIP/2.0 200 OK', ...lines, 'Call-ID: x', 'CSeq: 1 NOTIFY', 'Content-Length: 0', '', ''].join('\r\n');
    const parsed = parseMessage(Buffer.from(text, 'latin1'), 'datagram');
    assert.ok(parsed.kind === 'response');
    store.receive(parsed);
  };
  response('Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKother');
  assert.equal(finals.length, 0);
  response();
  assert.deepEqual(
    finals.map(({ status }) => status),
    [200],
  );
});

test('a request that nobody waits for any more is not sent again, and leaves nothing behind', () => {
  const sent: string[] = [];
  const { store, wheel, clock } = transactions((_flow, wire) => sent.push(wire) > 0);
  const awaited = { over: false };
  const finals: number[] = [];
  const identity = { branch: 'one', method: 'NOTIFY', sentBy: endpoint };
  store.send(identity, flow, 'wire', ({ status }) => finals.push(status), { awaited });
  clock.advance(600);
  assert.equal(sent.length, 2, 'repeated after T1');
  awaited.over = true;
  clock.advance(60_000);
  assert.deepEqual([sent.length, finals, store.size, wheel.size], [2, [408], 0, 0]);
});

test('RFC 3261 17.1.2.2 a request is sent eleven times, to where nobody has shown himself twice; both wait as long', () => {
  for (const [unproven, times] of [
    [false, 11],
    [true, 2],
  ] as const) {
    const sent: string[] = [];
    const { clock, store, finals } = transactions((_flow, wire) => sent.push(wire) > 0);
    const identity = { branch: 'one', method: 'NOTIFY', sentBy: endpoint };
    store.send(identity, flow, 'wire', (final) => finals.push(final), { unproven });
    clock.advance(31_900);
    assert.deepEqual([sent.length, finals.length], [times, 0]);
    clock.advance(200);
    assert.deepEqual([sent.length, finals[0]?.status], [times, 408]);
  }
});

test('RFC 3261 17.1.4 a request the transport cannot take ends at once as a local 503, also when the kernel says so later', () => {
  const errors: ((error: Error) => void)[] = [];
  let takes = false;
  const { store, finals, send, wheel, clock } = transactions((_flow, _wire, onError) => {
    errors.push(onError);
    return takes;
  });
  send('one');
  assert.equal(finals.length, 1);
  takes = true;
  send('two');
  assert.equal(finals.length, 1);
  for (const fail of errors) fail(new Error('refused'));
  assert.equal(finals.length, 2);
  assert.deepEqual([store.size, wheel.size], [0, 0]);
  clock.advance(60_000);
  assert.equal(errors.length, 2);
});
