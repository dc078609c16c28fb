import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../../../src/model/random.ts';
import { ClientTransactions } from '../../../../src/sip/embedded/client-tx.ts';
import { writeAnswer } from '../../../../src/sip/embedded/compose.ts';
import { ReceivedRequest } from '../../../../src/sip/embedded/received-request.ts';
import { Relays } from '../../../../src/sip/embedded/relay/relays.ts';
import { serverKey } from '../../../../src/sip/embedded/server-keys.ts';
import { ServerTransactions, serverLimits } from '../../../../src/sip/embedded/server-transactions.ts';
import { TimerWheel } from '../../../../src/sip/embedded/timer-wheel.ts';
import { Tokens } from '../../../../src/sip/embedded/tokens.ts';
import type { Flow, Relay as Plan, ServerTransaction } from '../../../../src/sip/engine.ts';
import { parseMessage } from '../../../../src/sip/message/parse.ts';
import { Seeded } from '../../../fuzz/seeded.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { answerTo, statusOf } from '../raw-peer.ts';
import { requestOf, tagged } from './rig.ts';

const seed = Number(process.env['LAMPLIGHTER_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
console.log(`# LAMPLIGHTER_TEST_SEED=${seed}`);

const flowOf = (transport: 'udp' | 'tcp', port: number): Flow => ({
  transport,
  local: { address: '192.0.2.1', port: 5070 },
  remote: { address: '192.0.2.9', port },
  connection: transport === 'udp' ? '' : `c${port}`,
});

/** The transaction layers of a proxy between a phone and some PBXs, without sockets; what leaves is written down. */
class Bench {
  readonly clock = new FakeClock();
  readonly wheel = new TimerWheel(this.clock);
  readonly toPhone: string[] = [];
  readonly toPbx: string[] = [];
  /** Flows that take nothing any more. */
  readonly dead = new Set<Flow>();
  readonly client = new ClientTransactions(this.wheel, (flow, wire) => {
    if (this.dead.has(flow)) return false;
    this.toPbx.push(wire);
    return true;
  });
  readonly relays = new Relays({
    wheel: this.wheel,
    client: this.client,
    tokens: new Tokens(systemRandom),
    secret: 'secret',
    reachableAt: () => ({ address: '192.0.2.1', port: 5070 }),
    limits: serverLimits,
    onCrowd: () => undefined,
    exempt: () => false,
    onFault: (_, error) => assert.fail(String(error)),
  });
  readonly server = new ServerTransactions({
    wheel: this.wheel,
    write: (message, flow, answer) => writeAnswer(message, flow.remote, answer, 'ourtag', ''),
    send: (_, wire) => void this.toPhone.push(wire),
    onUnanswered: () => assert.fail('unanswered'),
    forward: (...asked) => this.relays.forward(...asked),
  });

  /** As the engine does it with what comes from the phone. */
  fromPhone(bytes: Buffer, phone: Flow, plan: Plan): void {
    const message = parseMessage(bytes, 'datagram');
    assert.ok(message.kind === 'request');
    const { method } = message;
    const key = serverKey(message, phone.remote, method);
    if (method === 'ACK') {
      this.server.find(serverKey(message, phone.remote, 'INVITE'))?.acknowledged();
    } else if (!this.server.absorb(key, bytes.length)) {
      const transaction: ServerTransaction = this.server.open(
        { key, merge: null },
        bytes.length,
        message,
        new ReceivedRequest(message, phone),
      );
      if (method !== 'CANCEL') transaction.forward?.(plan);
      else {
        transaction.respond({ status: 200 });
        this.server.find(serverKey(message, phone.remote, 'INVITE'))?.cancel(message);
      }
    }
  }

  fromPbx(text: string): void {
    const message = parseMessage(Buffer.from(text, 'latin1'), 'datagram');
    assert.ok(message.kind === 'response');
    this.client.receive(message);
  }
}

/** One call or request through the proxy, with whatever may happen to it; returns what happened, for a failure's text. */
function play(chance: Seeded): void {
  const bench = new Bench();
  const method = chance.once(3) ? 'MESSAGE' : 'INVITE';
  const phone = flowOf(chance.once(3) ? 'tcp' : 'udp', 5062);
  const ways = Array.from({ length: 1 + chance.below(3) }, (_, at) =>
    flowOf(chance.once(3) ? 'tcp' : 'udp', 5080 + at),
  );
  for (const way of ways) if (chance.once(5)) bench.dead.add(way);
  const plan: Plan = {
    ways: ways.map((flow) => ({
      path: () => (chance.once(8) ? null : flow),
      edit: () => ({ uri: 'sip:1002@pbx.test', headers: new Map() }),
    })),
  };
  const message = requestOf(method, 'property');
  bench.fromPhone(message, phone, plan);
  for (let step = 0; step < 60; step++) {
    const sent = bench.toPbx.filter((wire) => wire.startsWith(method));
    const answered = sent.length === 0 ? null : chance.pick(sent);
    switch (chance.below(9)) {
      case 0:
        // an answered request is repeated only until Timer J or L; after that it would be a new one
        if (!bench.toPhone.some((wire) => statusOf(wire) >= 200)) bench.fromPhone(message, phone, plan);
        break;
      case 1:
        if (chance.once(4)) bench.fromPhone(requestOf('CANCEL', 'property', { CSeq: '1 CANCEL' }), phone, plan);
        break;
      case 2:
        bench.fromPhone(requestOf('ACK', 'property', { CSeq: '1 ACK' }), phone, plan);
        break;
      case 3:
        if (chance.once(10)) bench.client.breakConnection(chance.pick(ways).connection);
        break;
      case 4:
      case 5:
        bench.clock.advance(chance.pick([10, 500, 4000, 33_000, 190_000]));
        break;
      default: {
        if (answered === null || chance.once(3)) break;
        const status = chance.pick([100, 180, 183, 180, 200, 202, 302, 404, 486, 487, 503, 600]);
        bench.fromPbx(tagged(answerTo(answered, status), status, chance.pick(['a', 'b'])));
      }
    }
  }
  bench.clock.advance(400_000);
  bench.clock.advance(400_000);

  const statuses = bench.toPhone.filter((wire) => !wire.includes('CSeq: 1 CANCEL')).map(statusOf);
  const finals = statuses.filter((status) => status >= 200);
  const refusals = new Set(finals.filter((status) => status >= 300));
  const told = `${method} got ${statuses.join(' ')}`;
  assert.ok(refusals.size <= 1, `one refusal at most: ${told}`);
  if (method === 'INVITE') assert.ok(finals.length > 0, `a call always ends: ${told}`);
  else assert.ok(new Set(finals).size <= 1, `one answer: ${told}`);
  if (refusals.size > 0) {
    const at = statuses.indexOf([...refusals][0]!);
    assert.ok(!statuses.slice(0, at).some((status) => status >= 200), `no refusal after a 2xx: ${told}`);
    assert.ok(
      statuses.slice(at).every((status) => status >= 200),
      `nothing provisional after the end: ${told}`,
    );
  }
  assert.equal(bench.client.size, 0, 'no client transaction is left');
  assert.equal(bench.server.size, 0, 'no server transaction is left');
  assert.equal(bench.server.pending, 0, 'none is counted as pending');
  assert.equal(bench.wheel.size, 0, 'no timer is left');
}

test('whatever is lost, repeated, late, refused or broken: a call ends once, and nothing is left behind', () => {
  for (let turn = 0; turn < 1500; turn++) {
    try {
      play(new Seeded(seed, turn));
    } catch (error) {
      throw new Error(`seed ${seed}, turn ${turn}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
});
