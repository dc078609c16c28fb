import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Flow, ListenPoint, ServerTransaction, SipEngine } from '../../src/sip/engine.ts';
import { Heard } from '../../src/sip/heard.ts';
import { HearingEngine } from '../../src/sip/hearing-engine.ts';
import { FakeClock } from '../support/fake-clock.ts';

const everywhere: ListenPoint = { transport: 'udp', address: '0.0.0.0', port: 5070 };
const one: ListenPoint = { transport: 'udp', address: '192.0.2.10', port: 5070 };
const tcp: ListenPoint = { ...everywhere, transport: 'tcp' };

function flowTo({ transport, address, port }: ListenPoint): Flow {
  return { transport, local: { address, port }, remote: { address: '192.0.2.21', port: 40_000 }, connection: '' };
}

test('requests are counted by listener and method, with the time of the last', () => {
  const clock = new FakeClock();
  const heard = new Heard(clock);
  heard.at([everywhere, tcp]);
  heard.note('SUBSCRIBE', flowTo({ ...everywhere, address: '192.0.2.10' }));
  heard.note('SUBSCRIBE', flowTo(everywhere));
  heard.note('REGISTER', flowTo(tcp));
  assert.deepEqual(heard.list(), [
    { ...everywhere, requests: { SUBSCRIBE: 2 }, lastRequestAt: clock.now() },
    { ...tcp, requests: { REGISTER: 1 }, lastRequestAt: clock.now() },
  ]);
});

test('of two listeners with one port the one of the very address has heard it', () => {
  const heard = new Heard(new FakeClock());
  heard.at([everywhere, one]);
  heard.note('SUBSCRIBE', flowTo(one));
  assert.deepEqual(
    heard.list().map(({ requests }) => requests),
    [{}, { SUBSCRIBE: 1 }],
  );
});

test('methods that a stranger invents take one place together', () => {
  const heard = new Heard(new FakeClock());
  heard.at([everywhere]);
  for (let at = 0; at < 100; at++) heard.note(`X${at}`, flowTo(everywhere));
  assert.deepEqual(heard.list()[0]?.requests, { other: 100 });
});

test('nothing is counted for a listener that there is not', () => {
  const heard = new Heard(new FakeClock());
  heard.note('SUBSCRIBE', flowTo(everywhere));
  heard.at([tcp]);
  heard.note('SUBSCRIBE', flowTo(everywhere));
  assert.deepEqual(heard.list(), [{ ...tcp, requests: {}, lastRequestAt: null }]);
});

test('an engine that is listened to can do what it could before, and no more', async () => {
  const flow = flowTo(everywhere);
  const request = { method: 'OPTIONS', flow } as ServerTransaction['request'];
  let give: (transaction: ServerTransaction) => void = () => assert.fail('not started');
  const bare: SipEngine = {
    capabilities: { maxMessage: 4_000, ownsCseq: false, inlineProxy: false },
    start: async (onRequest) => {
      give = onRequest;
      return [everywhere];
    },
    stop: async () => undefined,
    request: async () => ({ status: 200, reason: 'OK', header: () => undefined, local: false }),
    roomBytes: () => 1_200,
  };
  const heard = new Heard(new FakeClock());
  const engine = new HearingEngine(bare, heard);
  const came: ServerTransaction[] = [];
  assert.deepEqual(await engine.start((transaction) => came.push(transaction)), [everywhere]);
  give({ request, respond: () => undefined });
  assert.equal(came[0]?.request, request);
  assert.deepEqual(heard.list()[0]?.requests, { OPTIONS: 1 });
  assert.deepEqual(
    [engine.connect, engine.reachableAt, engine.outlasts, engine.backlog, engine.roomBytes(flow)],
    [undefined, undefined, undefined, 0, 1_200],
  );
  assert.equal(engine.capabilities, bare.capabilities);

  const able: SipEngine = {
    ...bare,
    backlog: 7,
    connect: async () => flow,
    reachableAt: () => flow.local,
    outlasts: () => true,
  };
  const full = new HearingEngine(able, heard);
  assert.deepEqual([await full.connect?.(everywhere), full.reachableAt?.(flow)], [flow, flow.local]);
  assert.deepEqual([full.outlasts?.(flow), full.backlog], [true, 7]);
});

test('a question of our own is heard, and counted as nobody until it has ended', () => {
  const heard = new Heard(new FakeClock());
  heard.at([everywhere]);
  const expected = heard.expect(40_000);
  assert.equal(expected.came, false);
  heard.note('SUBSCRIBE', flowTo(everywhere));
  assert.equal(expected.came, true);
  assert.deepEqual(heard.list()[0]?.requests, {});
  expected.end();
  heard.note('SUBSCRIBE', flowTo(everywhere));
  assert.deepEqual(heard.list()[0]?.requests, { SUBSCRIBE: 1 });
});
