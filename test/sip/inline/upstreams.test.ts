import assert from 'node:assert/strict';
import { test } from 'node:test';
import { granted, refused } from '../../../src/model/outcome.ts';
import { systemRandom } from '../../../src/model/random.ts';
import type { AddressedRequest, FinalResponse, Flow, ListenPoint } from '../../../src/sip/engine.ts';
import { Upstreams, type UpstreamsOptions } from '../../../src/sip/inline/upstreams.ts';
import type { Target } from '../../../src/sip/locate/target.ts';
import { parseUri } from '../../../src/sip/message/uri.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/silent-logger.ts';

/** Upstreams before a network in memory. */
class Bench {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly asked: AddressedRequest[] = [];
  /** By `address:port`: a status, or `silent`, or `closed` where nothing can be dialled. */
  readonly peers = new Map<string, number | 'silent' | 'closed'>();
  found: readonly Target[] = [];
  lookups = 0;
  #next = 1;
  readonly upstreams: Upstreams;

  constructor(...texts: readonly string[]) {
    const options: UpstreamsOptions = {
      engine: {
        connect: async (point) => this.#connect(point),
        request: (request) => this.#request(request),
        reachableAt: () => ({ address: '192.0.2.1', port: 5070 }),
      },
      locator: {
        locate: async () => {
          this.lookups += 1;
          return this.found.length === 0 ? refused('no-address', 'no address', 503) : granted(this.found);
        },
      },
      clock: this.clock,
      random: systemRandom,
      logger: this.logger,
      upstreams: texts.map((text) => ({ text, uri: parseUri(text)! })),
      askMs: 5000,
    };
    this.upstreams = new Upstreams(options);
  }

  get states(): string {
    return this.upstreams
      .list()
      .map(({ state }) => state)
      .join(' ');
  }

  /** To whom a request would go, in order. */
  async order(only: number | null = null): Promise<string> {
    const paths = await Promise.all(this.upstreams.ways(only).map((way) => way.path()));
    return paths.map((path) => (path === null ? 'none' : `${path.remote.address}:${path.remote.port}`)).join(' ');
  }

  async run(ms: number): Promise<void> {
    await this.clock.run(ms, 500);
  }

  #connect({ transport, address, port }: ListenPoint): Flow | null {
    if (this.peers.get(`${address}:${port}`) === 'closed') return null;
    const local = { address: '192.0.2.1', port: 5070 };
    return { transport, local, remote: { address, port }, connection: transport === 'udp' ? '' : `c${this.#next++}` };
  }

  #request(request: AddressedRequest): Promise<FinalResponse> {
    this.asked.push(request);
    const { address, port } = request.flow.remote;
    const peer = this.peers.get(`${address}:${port}`) ?? 200;
    if (typeof peer !== 'number') return new Promise(() => undefined);
    return Promise.resolve({ status: peer, reason: '', local: false, header: () => undefined });
  }
}

const udp = (address: string, port: number): Flow => ({
  transport: 'udp',
  local: { address: '0.0.0.0', port: 5070 },
  remote: { address, port },
  connection: '',
});

test('whatever answers OPTIONS lives; who falls silent is down, and up again as soon as he answers', async () => {
  const bench = new Bench('sip:192.0.2.5', 'sip:192.0.2.6:5080;transport=tcp');
  assert.equal(bench.states, 'unknown unknown');
  assert.equal(await bench.order(), '192.0.2.5:5060 192.0.2.6:5080');
  bench.peers.set('192.0.2.5:5060', 401);
  bench.upstreams.start();
  await settle();
  assert.equal(bench.states, 'up up');
  bench.peers.set('192.0.2.5:5060', 'silent');
  await bench.run(9000);
  assert.equal(bench.states, 'down up');
  assert.equal(await bench.order(), '192.0.2.6:5080');
  bench.peers.set('192.0.2.5:5060', 200);
  await bench.run(6000);
  assert.equal(bench.states, 'up up');
  assert.equal(await bench.order(), '192.0.2.5:5060 192.0.2.6:5080');
  assert.equal(await bench.order(1), '192.0.2.6:5080', 'a dialog stays where it is');
  assert.equal(await bench.order(7), '192.0.2.5:5060 192.0.2.6:5080', 'one that is no longer configured');
  const said = bench.logger.lines.filter(({ level }) => level !== 'debug').map(({ message }) => message);
  assert.deepEqual(said, ['the upstream does not answer', 'the upstream answers again']);
  bench.upstreams.stop();
  await bench.run(60_000);
  assert.equal(bench.clock.pending, 0);
});

test('a 503 to OPTIONS is no life', async () => {
  const bench = new Bench('sip:192.0.2.5');
  bench.peers.set('192.0.2.5:5060', 503);
  bench.upstreams.start();
  await settle();
  assert.equal(bench.states, 'down');
  assert.match(bench.upstreams.list()[0]?.reason ?? '', /answers 503/);
  bench.upstreams.stop();
});

test('all are down, and may leave OPTIONS alone: one request every five seconds is let through, the others need not wait', async () => {
  const bench = new Bench('sip:192.0.2.5');
  bench.peers.set('192.0.2.5:5060', 'silent');
  bench.upstreams.start();
  await bench.run(4000);
  assert.equal(bench.states, 'down');
  assert.equal(await bench.order(), '192.0.2.5:5060');
  assert.equal(await bench.order(), '');
  await bench.run(5000);
  assert.equal(await bench.order(), '192.0.2.5:5060');
  bench.upstreams.heard(0);
  assert.equal(bench.states, 'up', 'it answered that one');
  bench.upstreams.stop();
});

test('one that answered OPTIONS and does no more is given no request: nobody waits for him, and he is back as soon as he answers', async () => {
  const bench = new Bench('sip:192.0.2.5');
  bench.upstreams.start();
  await settle();
  bench.peers.set('192.0.2.5:5060', 'silent');
  await bench.run(20_000);
  assert.equal(bench.states, 'down');
  for (let i = 0; i < 3; i++, await bench.run(5000)) assert.equal(await bench.order(), '');
  bench.peers.set('192.0.2.5:5060', 200);
  await bench.run(6000);
  assert.equal(await bench.order(), '192.0.2.5:5060');
  bench.upstreams.stop();
});

test('a PBX that answers requests is not asked by OPTIONS as well, and is missed as soon as without', async () => {
  const bench = new Bench('sip:192.0.2.5');
  bench.upstreams.start();
  await settle();
  for (let i = 0; i < 30; i++) {
    bench.upstreams.heard(0);
    await bench.run(1000);
  }
  assert.equal(bench.asked.length, 1);
  bench.peers.set('192.0.2.5:5060', 'silent');
  await bench.run(9000); // the interval and the 3 s of an answer
  assert.equal(bench.states, 'down');
  bench.upstreams.stop();
});

test('a PBX that leaves OPTIONS unanswered from the start stays up once it has answered anything', async () => {
  const bench = new Bench('sip:192.0.2.5');
  bench.peers.set('192.0.2.5:5060', 'silent');
  bench.upstreams.start();
  bench.upstreams.heard(0);
  await bench.run(60_000);
  assert.equal(bench.states, 'up');
  bench.upstreams.stop();
});

test('a connection that cannot be had is told at once', async () => {
  const bench = new Bench('sip:192.0.2.5;transport=tcp');
  bench.peers.set('192.0.2.5:5060', 'closed');
  assert.equal(await bench.order(), 'none');
  assert.equal(bench.states, 'down');
});

test('who is the PBX: by UDP its address and port, by a stream its host, certain where we dialled', async () => {
  const bench = new Bench('sip:192.0.2.5:5060', 'sip:[2001:db8::5]:5061;transport=tcp');
  const { upstreams } = bench;
  assert.deepEqual(upstreams.whose(udp('192.0.2.5', 5060)), { index: 0, certain: true });
  assert.equal(upstreams.whose(udp('192.0.2.5', 5062)), null);
  assert.equal(upstreams.whose(udp('192.0.2.50', 5060)), null);
  const stream: Flow = { ...udp('2001:DB8:0::5', 40_000), transport: 'tcp', connection: 'x' };
  assert.deepEqual(upstreams.whose(stream), { index: 1, certain: false });
  assert.equal(upstreams.whose({ ...stream, transport: 'ws' }), null);
  const dialled = await upstreams.ways(1)[0]?.path();
  assert.ok(dialled);
  assert.deepEqual(upstreams.whose(dialled), { index: 1, certain: true });
  assert.ok(upstreams.has('::ffff:192.0.2.5') && !upstreams.has('192.0.2.6'));
});

test('a name is looked up, asked at each of its addresses, and again after a while', async () => {
  const bench = new Bench('sip:pbx.example.com');
  const target = (address: string): Target => ({ transport: 'udp', address, port: 5060, serverName: null });
  bench.upstreams.start();
  await settle();
  assert.equal(bench.states, 'down');
  assert.equal(bench.upstreams.isNamed(parseUri('sip:x@pbx.example.com')!), true);
  bench.found = [target('192.0.2.5'), target('192.0.2.6')];
  bench.peers.set('192.0.2.5:5060', 'silent');
  await bench.run(6000);
  assert.equal(bench.states, 'up');
  assert.equal(await bench.order(), '192.0.2.6:5060 192.0.2.5:5060', 'the one that answered comes first');
  assert.equal(bench.upstreams.isNamed(parseUri('sip:192.0.2.6')!), true);
  const before = bench.lookups;
  bench.found = [target('192.0.2.7')];
  await bench.run(60_000);
  assert.ok(bench.lookups > before);
  assert.deepEqual(bench.upstreams.whose(udp('192.0.2.7', 5060)), { index: 0, certain: true });
  assert.equal(bench.upstreams.whose(udp('192.0.2.6', 5060)), null);
  bench.found = [];
  await bench.run(60_000);
  assert.equal(bench.states, 'up', 'what it meant stays while DNS is away');
  bench.upstreams.stop();
});

test('the OPTIONS is addressed to the upstream and names nobody', async () => {
  const bench = new Bench('sip:192.0.2.5:5080');
  bench.upstreams.start();
  await settle();
  const [asked] = bench.asked;
  assert.deepEqual([asked?.method, asked?.uri], ['OPTIONS', 'sip:192.0.2.5:5080']);
  assert.match(asked?.from ?? '', /^<sip:lamplighter@192\.0\.2\.1:5070>;tag=/);
  bench.upstreams.stop();
});
