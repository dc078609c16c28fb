import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aorOf } from '../../../src/model/aor.ts';
import { systemRandom } from '../../../src/model/random.ts';
import { ReceivedRequest } from '../../../src/sip/embedded/received-request.ts';
import type {
  Flow,
  HeaderEdits,
  Relay,
  RelayedResponse,
  ServerTransaction,
  SipAnswer,
  SipEngine,
} from '../../../src/sip/engine.ts';
import { InlineEngine } from '../../../src/sip/inline/inline-engine.ts';
import { OwnPlaces } from '../../../src/sip/inline/own-places.ts';
import type { LearntPhone } from '../../../src/sip/inline/ports.ts';
import { DialogTokens } from '../../../src/sip/inline/tokens.ts';
import { Upstreams } from '../../../src/sip/inline/upstreams.ts';
import { parseMessage } from '../../../src/sip/message/parse.ts';
import { parseUri } from '../../../src/sip/message/uri.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { silentLogger } from '../../support/silent-logger.ts';

const port = 5070;
const any = { address: '0.0.0.0', port };
const udpPhone: Flow = {
  transport: 'udp',
  local: any,
  remote: { address: '198.51.100.7', port: 40_000 },
  connection: '',
};
const wsPhone: Flow = {
  transport: 'ws',
  local: { address: '192.0.2.1', port: 8080 },
  remote: { address: '198.51.100.8', port: 41_000 },
  connection: 'c7',
};
const pbxFlow: Flow = { ...udpPhone, remote: { address: '10.0.0.5', port: 5060 } };
const learnt: LearntPhone = {
  id: 'k2ORPDwqm_A5sn8q',
  aor: aorOf('1001', 'pbx.test'),
  contact: 'sip:1001@abc.invalid;transport=ws',
  flow: wsPhone,
};

/** Its REGISTER is with the PBX. */
const early = { id: 'Xb2_pDwqm-A5sn8r' };

interface Outcome {
  served: boolean;
  answer: SipAnswer | null;
  relay: Relay | null;
}

/** An inline engine above one that keeps what it is told to send on. */
class Bench {
  readonly tokens = new DialogTokens(Buffer.alloc(32, 5));
  /** Connections that are gone. */
  readonly gone = new Set<string>();
  refusal: SipAnswer | null = null;
  knowsEarly = false;
  /** What is looked up throws. */
  fault = false;
  /** The REGISTER of `early` has been answered. */
  answered: () => void = () => undefined;
  readonly registered = new Promise<void>((resolve) => {
    this.answered = resolve;
  });
  readonly engine: InlineEngine;
  #hear: (transaction: ServerTransaction) => void = () => undefined;
  #served = false;

  private constructor() {
    const inner: SipEngine = {
      capabilities: { maxMessage: 65_536, ownsCseq: true, inlineProxy: true },
      start: async (onRequest) => {
        this.#hear = onRequest;
        return [{ transport: 'udp', ...any }];
      },
      stop: async () => undefined,
      request: () => new Promise(() => undefined),
      roomBytes: () => 1300,
      connect: async ({ transport, address, port: at }) => ({
        transport,
        local: transport === 'udp' ? any : { address: '10.0.0.1', port },
        remote: { address, port: at },
        connection: transport === 'udp' ? '' : 'dialled',
      }),
      // as behind a NAT: everybody is told the public address
      reachableAt: ({ local, connection }) =>
        this.gone.has(connection) ? null : { address: '203.0.113.1', port: local.port },
    };
    const clock = new FakeClock();
    const places = {
      aorFor: () => learnt.aor,
      isThisMachine: (host: string) => ['203.0.113.1', '10.0.0.1'].includes(host),
    };
    const texts = ['sip:10.0.0.5', 'sip:10.0.0.6;transport=tcp'];
    this.engine = new InlineEngine({
      engine: inner,
      paths: inner,
      own: new OwnPlaces(places, null),
      upstreams: new Upstreams({
        engine: inner,
        locator: { locate: () => new Promise(() => undefined) },
        clock,
        random: systemRandom,
        logger: silentLogger,
        upstreams: texts.map((text) => ({ text, uri: parseUri(text)! })),
        askMs: 5000,
      }),
      places,
      addresses: { facing: () => '10.0.0.1' },
      registrations: {
        forToken: (id) => {
          if (this.fault) throw new Error('a fault of ours');
          return id === learnt.id || (id === early.id && this.knowsEarly) ? { ...learnt, id } : null;
        },
        ofFlow: ({ connection }) => (connection === 'c7' ? learnt : null),
        underWay: (id) => (id === early.id ? this.registered : null),
        beside: () => null,
      },
      register: {
        refuse: () => this.refusal,
        outgoing: (_request, here) => new Map([['Contact', [`<sip:1001@${here};lamp=${learnt.id}>`]]]),
        incoming: ({ flow }) => new Map([['Contact', [`<sip:${flow.transport}>`]]]),
      },
      tokens: this.tokens,
      logger: silentLogger,
      subscribes: new Set(['dialog']),
      publishes: new Set(),
      unsolicited: 'pbx',
      ownsDialog: () => false,
    });
  }

  static async open(): Promise<Bench> {
    const bench = new Bench();
    await bench.engine.start(() => {
      bench.#served = true;
    });
    return bench;
  }

  receive(method: string, flow: Flow, lines: readonly string[] = [], uri = 'sip:1002@pbx.test', to = ''): Outcome {
    const text = [
      `${method} ${uri} SIP/2.0`,
      'Via: SIP/2.0/UDP h;branch=z9hG4bK1',
      'From: <sip:1001@pbx.test>;tag=f',
      `To: <sip:1002@pbx.test>${to}`,
      'Call-ID: c',
      `CSeq: 1 ${method}`,
      ...lines,
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n');
    const parsed = parseMessage(Buffer.from(text, 'latin1'), 'datagram');
    assert.ok(parsed.kind === 'request', text);
    const outcome: Outcome = { served: false, answer: null, relay: null };
    this.#served = false;
    this.#hear({
      request: new ReceivedRequest(parsed, flow),
      respond: (answer) => {
        outcome.answer = answer;
      },
      forward: (relay) => {
        outcome.relay = relay;
      },
    });
    outcome.served = this.#served;
    return outcome;
  }
}

/** What leaves by the n-th way. */
async function leaving(relay: Relay | null, way = 0): Promise<{ uri: string; headers: HeaderEdits; path: Flow }> {
  const chosen = relay?.ways[way];
  const path = (await chosen?.path()) ?? null;
  assert.ok(chosen !== undefined && path !== null);
  return { ...chosen.edit(path), path };
}

function response(status: number, headers: Readonly<Record<string, readonly string[]>> = {}): RelayedResponse {
  const usual = { From: ['<sip:1001@pbx.test>;tag=f'], 'Call-ID': ['c'], CSeq: ['1 INVITE'], ...headers };
  const all = (name: string) => (usual as Record<string, readonly string[]>)[name] ?? [];
  return { status, flow: wsPhone, header: (name) => all(name)[0], headers: all };
}

test('E65-24: INVITE, SUBSCRIBE, REFER, UPDATE and every NOTIFY carry our Record-Route, and nothing else does', async () => {
  const bench = await Bench.open();
  for (const method of ['INVITE', 'SUBSCRIBE', 'REFER', 'UPDATE']) {
    const { headers } = await leaving(bench.receive(method, udpPhone, ['Event: refer']).relay);
    assert.match(headers.get('Record-Route')?.[0] ?? '', /^<sip:[\w-]+@10\.0\.0\.1:5070;lr>$/, method);
  }
  for (const method of ['MESSAGE', 'OPTIONS', 'PUBLISH', 'INFO', 'BYE', 'ACK', 'PRACK']) {
    const { headers } = await leaving(bench.receive(method, udpPhone).relay);
    assert.equal(headers.has('Record-Route'), false, method);
  }
  const contact = `sip:1001@10.0.0.1:5070;lamp=${learnt.id}`;
  const notify = await leaving(bench.receive('NOTIFY', pbxFlow, [], contact).relay);
  assert.equal(notify.headers.get('Record-Route')?.length, 2);
});

test('RFC 5658: one Record-Route for each side where they differ, the far one first; those of others stay below', async () => {
  const bench = await Bench.open();
  const lines = ['Record-Route: <sip:before.example;lr>'];
  const toPbx = await leaving(bench.receive('INVITE', wsPhone, lines).relay);
  const [pbxSide = '', phoneSide = '', ...others] = toPbx.headers.get('Record-Route') ?? [];
  const [token = ''] = /(?<=^<sip:)[\w-]+/.exec(pbxSide) ?? [];
  assert.equal(pbxSide, `<sip:${token}@10.0.0.1:5070;lr>`);
  assert.equal(phoneSide, `<sip:${token}@203.0.113.1:8080;transport=ws;lr>`);
  assert.deepEqual(others, ['<sip:before.example;lr>']);
  assert.deepEqual(bench.tokens.open(token, 'c'), { flow: wsPhone, phone: learnt.id, upstream: 0 });
  const byTcp = await leaving(bench.receive('INVITE', wsPhone, lines).relay, 1);
  assert.match(byTcp.headers.get('Record-Route')?.[0] ?? '', /@10\.0\.0\.1:5070;transport=tcp;lr>$/);
  const contact = `sip:1001@10.0.0.1:5070;lamp=${learnt.id}`;
  const toPhone = await leaving(bench.receive('INVITE', pbxFlow, [], contact).relay);
  assert.deepEqual(
    toPhone.headers.get('Record-Route')?.map((value) => value.replace(/^<sip:[\w-]+@/, '')),
    ['203.0.113.1:8080;transport=ws;lr>', '10.0.0.1:5070;lr>'],
  );
});

test('a request to a phone leaves by its own flow with its own Contact as Request-URI, or not at all', async () => {
  const bench = await Bench.open();
  const contact = `sip:1001@10.0.0.1:5070;lamp=${learnt.id}`;
  const sent = await leaving(bench.receive('INVITE', pbxFlow, [], contact).relay);
  assert.equal(sent.uri, learnt.contact);
  assert.deepEqual(sent.path, wsPhone);
  bench.gone.add('c7');
  assert.equal(bench.receive('INVITE', pbxFlow, [], contact).answer?.status, 480);
  const ack = bench.receive('ACK', pbxFlow, [], contact);
  assert.deepEqual([ack.answer, ack.relay], [null, null]);
});

test('a REGISTER goes on with the edits of what learns from it, which reads the answer, too; its refusal is ours', async () => {
  const bench = await Bench.open();
  const { relay } = bench.receive('REGISTER', wsPhone, ['Contact: <sip:1001@abc.invalid>'], 'sip:pbx.test');
  const { headers } = await leaving(relay, 1);
  assert.deepEqual(headers.get('Contact'), [`<sip:1001@10.0.0.1:5070;transport=tcp;lamp=${learnt.id}>`]);
  assert.deepEqual(relay?.onResponse?.(response(200))?.get('Contact'), ['<sip:ws>']);
  bench.refusal = { status: 503 };
  const refused = bench.receive('REGISTER', wsPhone, [], 'sip:pbx.test');
  assert.deepEqual([refused.answer?.status, refused.relay], [503, null]);
});

test('a next hop that is a strict router gets itself as Request-URI and the target last (RFC 3261 16.6 step 6)', async () => {
  const bench = await Bench.open();
  const lines = ['Route: <sip:10.0.0.5>, <sip:x.example;lr>'];
  const inDialog = await leaving(bench.receive('INVITE', udpPhone, lines, 'sip:1002@pbx.test', ';tag=t').relay);
  assert.equal(inDialog.uri, 'sip:10.0.0.5');
  assert.deepEqual(inDialog.headers.get('Route'), ['<sip:x.example;lr>', '<sip:1002@pbx.test>']);
  // COMPAT(several): in a new dialog it is a Route that was configured without thinking of `lr`
  const fresh = await leaving(bench.receive('INVITE', udpPhone, lines).relay);
  assert.equal(fresh.uri, 'sip:1002@pbx.test');
  assert.deepEqual(fresh.headers.get('Route'), ['<sip:10.0.0.5>', '<sip:x.example;lr>']);
});

test('a phone’s answer that makes a dialog has our Record-Route, whatever became of it at the phone', async () => {
  const bench = await Bench.open();
  const contact = `sip:1001@10.0.0.1:5070;lamp=${learnt.id}`;
  const { relay } = bench.receive('INVITE', pbxFlow, [], contact);
  const sent = (await leaving(relay)).headers.get('Record-Route') ?? [];
  const edited = (status: number, routes: readonly string[]) =>
    relay?.onResponse?.(response(status, { 'Record-Route': routes }))?.get('Record-Route');
  assert.equal(edited(200, sent), undefined);
  assert.equal(edited(180, [sent.join(', ')]), undefined, 'in one line as well');
  assert.equal(edited(200, ['<sip:edge.example;lr>', ...sent]), undefined, 'a proxy of the phone stands above');
  for (const routes of [[], [...sent].reverse(), sent.slice(1), ['<sip:evil.example;lr>'], ['"']]) {
    assert.deepEqual(edited(200, routes), sent);
  }
  assert.equal(edited(486, []), undefined);
  assert.equal(edited(100, []), undefined);
});

test('what is served is not touched', async () => {
  const bench = await Bench.open();
  const { served, relay } = bench.receive('SUBSCRIBE', udpPhone, ['Event: dialog']);
  assert.deepEqual([served, relay], [true, null]);
});

for (const granted of [true, false]) {
  test(`a request of the PBX that overtakes its answer to a REGISTER waits, and ${granted ? 'reaches the phone' : 'is refused'} then`, async () => {
    const bench = await Bench.open();
    const outcome = bench.receive('NOTIFY', pbxFlow, [], `sip:1001@10.0.0.1:5070;lamp=${early.id}`);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([outcome.answer, outcome.relay], [null, null]);
    bench.knowsEarly = granted;
    bench.answered();
    await bench.registered;
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(outcome.answer?.status, granted ? undefined : 481);
    if (granted) assert.equal((await leaving(outcome.relay)).uri, learnt.contact);
  });
}

test('a fault while such a request waited is 500 and a line in the log, and not the end of the process', async () => {
  const bench = await Bench.open();
  const outcome = bench.receive('OPTIONS', pbxFlow, [], `sip:1001@10.0.0.1:5070;lamp=${early.id}`);
  bench.fault = true;
  bench.answered();
  await bench.registered;
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(outcome.answer?.status, 500);
});
