import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../../../src/model/clock.ts';
import { systemRandom } from '../../../src/model/random.ts';
import { EmbeddedEngine } from '../../../src/sip/embedded/engine.ts';
import type { AddressedRequest, Flow, ListenPoint, ServerTransaction } from '../../../src/sip/engine.ts';
import { Locator } from '../../../src/sip/locate/locator.ts';
import { DnsResolver } from '../../../src/sip/locate/name-resolver.ts';
import { RelocatingEngine } from '../../../src/sip/locate/relocating-engine.ts';
import { Relocation } from '../../../src/sip/locate/relocation.ts';
import { NameServer } from '../../support/name-server.ts';
import { silentLogger } from '../../support/silent-logger.ts';
import { answerTo, headerOf, TcpListener, TcpPeer, until } from '../embedded/raw-peer.ts';
import { fixedRandom } from './seeded-random.ts';

describe('a request whose TCP connection is gone', () => {
  let dns: NameServer;
  let resolver: DnsResolver;

  before(async () => {
    dns = await NameServer.start();
    resolver = new DnsResolver({ servers: [dns.address], timeoutMs: 5_000, tries: 1 });
  });

  after(async () => {
    resolver.close();
    await dns.close();
  });

  /** An engine, and the flow of a SUBSCRIBE whose proxy has closed its connection. */
  async function play(trusted: boolean, work: (engine: RelocatingEngine, dead: Flow) => Promise<void>): Promise<void> {
    let listening: readonly ListenPoint[] = [];
    const relocation = new Relocation({
      locator: new Locator({
        resolver,
        clock: systemClock,
        random: fixedRandom(0),
        logger: silentLogger,
        families: [4],
        isOwn: () => true,
      }),
      isTrusted: () => trusted,
      isSelf: ({ port }) => listening.some((point) => point.port === port),
    });
    const embedded = new EmbeddedEngine({
      listen: [{ transport: 'tcp', address: '127.0.0.1', port: 0 }],
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
      serverName: '',
    });
    const engine = new RelocatingEngine({ engine: embedded, relocation, clock: systemClock, logger: silentLogger });
    const heard: ServerTransaction[] = [];
    listening = await engine.start((transaction) => heard.push(transaction));
    try {
      const [point] = listening;
      assert.ok(point !== undefined);
      const proxy = await TcpPeer.open(point);
      const lines = [
        'Via: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1',
        'From: <sip:a@x>;tag=1',
        'To: <sip:b@x>',
        'Call-ID: c',
      ];
      proxy.send(
        `SUBSCRIBE sip:b@x SIP/2.0\r\n${lines.join('\r\n')}\r\nCSeq: 1 SUBSCRIBE\r\nContent-Length: 0\r\n\r\n`,
      );
      await until(() => heard.length === 1, 'the SUBSCRIBE');
      heard[0]?.respond({ status: 200 });
      await until(() => proxy.text.includes('200 OK'), 'its answer');
      proxy.close();
      const dead = heard[0]?.request.flow;
      assert.ok(dead !== undefined);
      await until(() => proxy.closed, 'the end of the connection');
      await work(engine, dead);
    } finally {
      await engine.stop();
    }
  }

  function notify(flow: Flow, cseq: number, routeSet: readonly string[]): AddressedRequest {
    const party = '<sip:a@pbx.test>;tag=t';
    return {
      method: 'NOTIFY',
      uri: 'sip:a@192.0.2.7',
      from: party,
      to: party,
      callId: 'call-1',
      cseq,
      routeSet,
      headers: [],
      flow,
    };
  }

  /** Answers each request that comes on any connection of a listener. */
  async function answering(listener: TcpListener, status: number, extra = ''): Promise<string> {
    await until(() => listener.peers.some((peer) => peer.text.includes('\r\n\r\n')), 'a request');
    const peer = listener.peers.find(({ text }) => text.includes('\r\n\r\n'));
    assert.ok(peer !== undefined);
    const { text } = peer;
    peer.text = '';
    peer.send(answerTo(text, status, extra));
    return text;
  }

  test('goes over a new connection to the first route of a trusted proxy, and the next one by the same', async () => {
    const proxy = await TcpListener.open({ address: '127.0.0.1', port: 0 });
    try {
      dns.srv('_sip._tcp.proxy.test', 0, 0, proxy.port, 'host.proxy.test').a('host.proxy.test', '127.0.0.1');
      await play(true, async (engine, dead) => {
        assert.equal(engine.outlasts(dead), true);
        const branches = new Set<string | undefined>();
        for (const cseq of [1, 2]) {
          const route = '<sip:proxy.test;transport=tcp;lr>';
          const response = engine.request(notify(dead, cseq, [route]));
          const request = await answering(proxy, 200);
          assert.equal((await response).status, 200);
          assert.equal(headerOf(request, 'Route'), route);
          assert.equal(headerOf(request, 'CSeq'), `${cseq} NOTIFY`);
          branches.add(headerOf(request, 'Via'));
        }
        assert.equal(branches.size, 2, 'a transaction each');
        assert.equal(proxy.peers.length, 1, 'one connection');
      });
    } finally {
      await proxy.close();
    }
  });

  test('RFC 3263 4.3: goes on to the next server where one takes no connection or answers 503', async () => {
    const [dying, busy, good] = [await openTcp(), await openTcp(), await openTcp()];
    const deadPort = dying.port;
    await dying.close();
    try {
      dns
        .srv('_sip._tcp.cluster.test', 0, 0, deadPort, 'host.cluster.test')
        .srv('_sip._tcp.cluster.test', 1, 0, busy.port, 'host.cluster.test')
        .srv('_sip._tcp.cluster.test', 2, 0, good.port, 'host.cluster.test')
        .a('host.cluster.test', '127.0.0.1');
      await play(true, async (engine, dead) => {
        const route = ['<sip:cluster.test;transport=tcp;lr>'];
        const first = engine.request(notify(dead, 1, route));
        const refused = await answering(busy, 503, 'Retry-After: 60\r\n');
        const taken = await answering(good, 200);
        assert.equal((await first).status, 200);
        assert.equal(headerOf(refused, 'CSeq'), headerOf(taken, 'CSeq'));
        assert.notEqual(headerOf(refused, 'Via'), headerOf(taken, 'Via'));
        const second = engine.request(notify(dead, 2, route));
        await answering(good, 481);
        assert.equal((await second).status, 481, 'an answer is an answer');
        assert.equal(busy.peers[0]?.text, '', 'RFC 3261 21.5.4: left alone');
      });
    } finally {
      await Promise.all([busy.close(), good.close()]);
    }
  });

  test('of anybody else ends as a local 503: no name is asked for, nobody is connected to', async () => {
    const victim = await openTcp();
    try {
      dns.a('victim.test', '127.0.0.1');
      dns.asked.length = 0;
      await play(false, async (engine, dead) => {
        assert.equal(engine.outlasts(dead), false);
        const response = await engine.request(notify(dead, 1, [`<sip:victim.test:${victim.port};transport=tcp;lr>`]));
        assert.deepEqual([response.status, response.local], [503, true]);
        assert.deepEqual(dns.asked, []);
        assert.equal(victim.peers.length, 0);
      });
    } finally {
      await victim.close();
    }
  });

  test('is not sent to ourselves, and not at all after the stop', async () => {
    await play(true, async (engine, dead) => {
      const own = await engine.request(notify(dead, 1, [`<sip:127.0.0.1:${dead.local.port};transport=tcp;lr>`]));
      assert.deepEqual([own.status, own.local], [503, true]);
      await engine.stop();
      dns.asked.length = 0;
      const late = await engine.request(notify(dead, 2, ['<sip:proxy.test;transport=tcp;lr>']));
      assert.deepEqual([late.status, late.local], [503, true]);
      assert.deepEqual(dns.asked, []);
    });
  });

  function openTcp(): Promise<TcpListener> {
    return TcpListener.open({ address: '127.0.0.1', port: 0 });
  }
});
