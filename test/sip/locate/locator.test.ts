import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { systemClock } from '../../../src/model/clock.ts';
import type { Transport } from '../../../src/sip/engine.ts';
import { CachedResolver } from '../../../src/sip/locate/cached-resolver.ts';
import { type LocateLimits, Locator } from '../../../src/sip/locate/locator.ts';
import { DnsResolver, type Family } from '../../../src/sip/locate/name-resolver.ts';
import { parseUri } from '../../../src/sip/message/uri.ts';
import { NameServer } from '../../support/name-server.ts';
import { silentLogger } from '../../support/silent-logger.ts';
import { fixedRandom } from './seeded-random.ts';

const all: readonly Transport[] = ['udp', 'tcp', 'tls'];

interface Asking extends LocateLimits {
  readonly by?: readonly Transport[];
  readonly families?: readonly Family[];
  readonly deadlineMs?: number;
  readonly timeoutMs?: number;
  readonly locator?: Locator;
}

describe('against a real name server', () => {
  let dns: NameServer;
  const resolvers: DnsResolver[] = [];

  before(async () => {
    dns = await NameServer.start();
  });

  after(async () => {
    for (const resolver of resolvers) resolver.close();
    await dns.close();
  });

  beforeEach(() => {
    dns.asked.length = 0;
  });

  function locatorOf({ families = [4, 6], deadlineMs = 10_000, timeoutMs = 5_000 }: Asking = {}): Locator {
    const resolver = new DnsResolver({ servers: [dns.address], timeoutMs, tries: 1 });
    resolvers.push(resolver);
    return new Locator({
      resolver: new CachedResolver(resolver, systemClock),
      clock: systemClock,
      random: fixedRandom(0),
      logger: silentLogger,
      families,
      isOwn: (address) => address.startsWith('127.') || address === '::1' || address === '203.0.113.1',
      deadlineMs,
    });
  }

  /** `tcp 192.0.2.1:5060 name`, or the code of the refusal. */
  async function located(text: string, asking: Asking = {}): Promise<readonly string[] | string> {
    const uri = parseUri(text);
    assert.ok(uri !== null);
    const { own = false, by = all, locator = locatorOf(asking) } = asking;
    const targets = await locator.locate(uri, by, { own });
    if (!targets.ok) return targets.refusal.code;
    return targets.value.map(({ transport, address, port, serverName }) => {
      const name = serverName === null ? '' : ` ${serverName}`;
      return `${transport} ${address} ${port}${name}`;
    });
  }

  test('RFC 3263 4: NAPTR, then SRV, then A, as in the example of the RFC; TLS keeps the name of the URI', async () => {
    dns
      .naptr('rfc.test', 50, 50, 'SIPS+D2T', '_sips._tcp.rfc.test')
      .naptr('rfc.test', 90, 50, 'SIP+D2T', '_sip._tcp.rfc.test')
      .naptr('rfc.test', 100, 50, 'SIP+D2U', '_sip._udp.rfc.test')
      .srv('_sip._tcp.rfc.test', 0, 1, 5060, 'server1.rfc.test')
      .srv('_sip._tcp.rfc.test', 0, 2, 5062, 'server2.rfc.test')
      .srv('_sips._tcp.rfc.test', 0, 1, 5061, 'server1.rfc.test')
      .a('server1.rfc.test', '192.0.2.1')
      .a('server2.rfc.test', '192.0.2.2');
    assert.deepEqual(await located('sip:user@rfc.test', { by: ['udp', 'tcp'], families: [4] }), [
      'tcp 192.0.2.1 5060',
      'tcp 192.0.2.2 5062',
    ]);
    assert.deepEqual(dns.asked.slice(0, 2), ['NAPTR rfc.test', 'SRV _sip._tcp.rfc.test']);
    assert.deepEqual(dns.asked.slice(2).sort(), ['A server1.rfc.test', 'A server2.rfc.test']);
    assert.deepEqual(await located('sip:user@rfc.test'), ['tls 192.0.2.1 5061 rfc.test']);
    assert.deepEqual(await located('sips:user@rfc.test'), ['tls 192.0.2.1 5061 rfc.test']);
  });

  test('without NAPTR the SRV records of every transport are taken, the most wanted transport first', async () => {
    dns
      .srv('_sip._tcp.srv.test', 0, 0, 5080, 'b.srv.test')
      .srv('_sip._udp.srv.test', 1, 0, 5060, 'b.srv.test')
      .srv('_sip._udp.srv.test', 0, 0, 5070, 'a.srv.test')
      .a('a.srv.test', '192.0.2.11')
      .a('b.srv.test', '192.0.2.12');
    assert.deepEqual(await located('sip:srv.test'), [
      'udp 192.0.2.11 5070',
      'udp 192.0.2.12 5060',
      'tcp 192.0.2.12 5080',
    ]);
    assert.deepEqual(await located('sip:srv.test', { by: ['tcp', 'udp'] }), [
      'tcp 192.0.2.12 5080',
      'udp 192.0.2.11 5070',
      'udp 192.0.2.12 5060',
    ]);
    assert.deepEqual(await located('sip:srv.test;transport=tcp'), ['tcp 192.0.2.12 5080']);
  });

  test('RFC 3263 4.2: without NAPTR and SRV the host itself is asked for, at the default port', async () => {
    dns.a('bare.test', '192.0.2.20');
    assert.deepEqual(await located('sip:bare.test'), ['udp 192.0.2.20 5060']);
    assert.deepEqual(await located('sips:bare.test'), ['tls 192.0.2.20 5061 bare.test']);
    assert.deepEqual(await located('sip:bare.test;transport=tcp'), ['tcp 192.0.2.20 5060']);
    dns.asked.length = 0;
    assert.deepEqual(await located('sip:bare.test:5070', { families: [4] }), ['udp 192.0.2.20 5070']);
    assert.deepEqual(dns.asked, ['A bare.test'], 'an explicit port asks for no SRV');
  });

  test('numeric hosts ask nothing of DNS', async () => {
    assert.deepEqual(await located('sip:192.0.2.30;transport=tcp'), ['tcp 192.0.2.30 5060']);
    assert.deepEqual(await located('sips:[2001:db8::30]:5071'), ['tls 2001:db8::30 5071']);
    assert.equal(await located('sip:[2001:db8::30]', { families: [4] }), 'no-address');
    assert.deepEqual(dns.asked, []);
  });

  test('A and AAAA come in turn, the family we want most first, and only families we have sockets of', async () => {
    dns.a('both.test', '192.0.2.41').a('both.test', '192.0.2.42').aaaa('both.test', '2001:db8:0:0:0:0:0:41');
    const uri = 'sip:both.test:5060';
    assert.deepEqual(await located(uri, { families: [6, 4] }), [
      'udp 2001:db8::41 5060',
      'udp 192.0.2.41 5060',
      'udp 192.0.2.42 5060',
    ]);
    assert.deepEqual(await located(uri, { families: [6] }), ['udp 2001:db8::41 5060']);
    assert.deepEqual(await located(uri, { families: [4] }), ['udp 192.0.2.41 5060', 'udp 192.0.2.42 5060']);
  });

  test('RFC 2782: a service denied by the root as target is not sought at the bare host', async () => {
    dns.srv('_sip._udp.denied.test', 0, 0, 0, '').a('denied.test', '192.0.2.50');
    assert.equal(await located('sip:denied.test;transport=udp'), 'not-offered');
    assert.equal(await located('sip:denied.test'), 'not-offered');
    assert.deepEqual(await located('sip:denied.test:5060'), ['udp 192.0.2.50 5060']);
  });

  test('aliases are followed, and a chain that turns in a circle ends', async () => {
    dns
      .cname('alias.test', 'middle.test')
      .cname('middle.test', 'real.test')
      .a('real.test', '192.0.2.60')
      .cname('loop1.test', 'loop2.test')
      .cname('loop2.test', 'loop1.test');
    assert.deepEqual(await located('sip:alias.test:5060'), ['udp 192.0.2.60 5060']);
    assert.equal(await located('sip:loop1.test:5060', { families: [4] }), 'no-address');
  });

  test('a truncated answer is asked again over TCP', async () => {
    dns.srv('_sip._tcp.big.test', 0, 0, 5060, 'host.big.test').a('host.big.test', '192.0.2.70');
    dns.misbehave('SRV', '_sip._tcp.big.test', 'truncated');
    assert.deepEqual(await located('sip:big.test;transport=tcp', { families: [4] }), ['tcp 192.0.2.70 5060']);
    assert.ok(dns.asked.includes('SRV _sip._tcp.big.test tcp'), dns.asked.join());
  });

  test('names that do not exist, and names without an address, are refused as such', async () => {
    dns.srv('_sip._udp.hollow.test', 0, 0, 5060, 'nowhere.hollow.test');
    assert.equal(await located('sip:nothing.test'), 'no-address');
    assert.equal(await located('sip:hollow.test'), 'no-address');
  });

  test('a name server that fails at SRV does not send us to the bare host', async () => {
    dns.a('broken.test', '192.0.2.80');
    for (const mischief of ['servfail', 'refused', 'garbage', 'silent'] as const) {
      dns.srv('_sip._udp.broken.test', 0, 0, 5060, 'broken.test').misbehave('SRV', '_sip._udp.broken.test', mischief);
      assert.equal(await located('sip:broken.test;transport=udp', { timeoutMs: 300 }), 'dns-failed', mischief);
      dns.remove('_sip._udp.broken.test').misbehave('SRV', '_sip._udp.broken.test', null);
    }
  });

  test('a name server that does not know NAPTR costs a part of the deadline and nothing else', async () => {
    dns.srv('_sip._udp.old.test', 0, 0, 5060, 'host.old.test').a('host.old.test', '192.0.2.90');
    for (const mischief of ['servfail', 'refused', 'silent', 'garbage'] as const) {
      dns.misbehave('NAPTR', 'old.test', mischief);
      assert.deepEqual(await located('sip:old.test', { deadlineMs: 5_000 }), ['udp 192.0.2.90 5060'], mischief);
    }
  });

  test('one family that fails does not take the other along', async () => {
    dns.a('half.test', '192.0.2.91').misbehave('AAAA', 'half.test', 'servfail');
    assert.deepEqual(await located('sip:half.test:5060'), ['udp 192.0.2.91 5060']);
    dns.misbehave('A', 'half.test', 'servfail');
    assert.equal(await located('sip:half.test:5060'), 'dns-failed');
  });

  test('the deadline ends the wait for a silent server; what came in time is used', async () => {
    dns
      .srv('_sip._udp.slow.test', 0, 0, 5060, 'fast.slow.test')
      .srv('_sip._udp.slow.test', 1, 0, 5060, 'mute.slow.test')
      .a('fast.slow.test', '192.0.2.92')
      .misbehave('A', 'mute.slow.test', 'silent')
      .misbehave('A', 'mute2.test', { delayMs: 60_000 });
    const asking: Asking = { deadlineMs: 1_000, timeoutMs: 30_000, families: [4] };
    const start = performance.now();
    assert.deepEqual(await located('sip:slow.test;transport=udp', asking), ['udp 192.0.2.92 5060']);
    assert.equal(await located('sip:mute2.test:5060', asking), 'dns-failed');
    assert.ok(performance.now() - start < 25_000, 'not the time of the resolver');
  });

  test('no name server at all is a refusal, not a fault', async () => {
    const gone = await NameServer.start();
    const { address } = gone;
    await gone.close();
    const locator = new Locator({
      resolver: new DnsResolver({ servers: [address], timeoutMs: 300, tries: 1 }),
      clock: systemClock,
      random: fixedRandom(0),
      logger: silentLogger,
      families: [4],
      isOwn: () => false,
    });
    assert.equal(await located('sip:any.test:5060', { locator }), 'dns-failed');
  });

  test('a name that points at this machine is refused unless the caller expects a peer here', async () => {
    dns
      .a('rebind.test', '127.0.0.1')
      .a('mine.test', '203.0.113.1')
      .a('mixed.test', '127.0.0.9')
      .a('mixed.test', '192.0.2.93');
    for (const uri of [
      'sip:rebind.test:22',
      'sip:mine.test:5060',
      'sip:127.0.0.1',
      'sip:[::ffff:127.0.0.1]',
      'sip:localhost',
    ]) {
      assert.equal(await located(uri), 'address-forbidden', uri);
    }
    assert.deepEqual(await located('sip:mixed.test:5060'), ['udp 192.0.2.93 5060']);
    assert.deepEqual(await located('sip:rebind.test:5070', { own: true }), ['udp 127.0.0.1 5070']);
    dns.asked.length = 0;
    assert.deepEqual(await located('sip:localhost:5070', { own: true, families: [4] }), ['udp 127.0.0.1 5070']);
    assert.deepEqual(dns.asked, [], 'RFC 6761 6.3');
  });

  test('addresses of no single host are never targets', async () => {
    dns
      .a('void.test', '0.0.0.0')
      .a('void.test', '224.0.1.75')
      .a('void.test', '255.255.255.255')
      .aaaa('void.test', 'ff02:0:0:0:0:0:0:1');
    assert.equal(await located('sip:void.test:5060', { own: true }), 'no-address');
    assert.equal(await located('sip:224.0.1.75', { own: true }), 'address-forbidden');
  });

  test('a hostile zone makes a bounded number of questions and targets', async () => {
    for (let index = 0; index < 60; index += 1) {
      dns.srv('_sip._udp.hostile.test', index, 0, 5060, `h${index}.hostile.test`);
      for (let host = 1; host <= 20; host += 1) dns.a(`h${index}.hostile.test`, `198.51.${index}.${host}`);
    }
    dns
      .srv('_sip._udp.weird.test', 0, 0, 5060, '192.0.2.1')
      .srv('_sip._udp.weird.test', 0, 0, 0, 'zero.weird.test')
      .srv('_sip._udp.weird.test', 0, 0, 5060, 'with space.weird.test')
      .srv('_sip._udp.weird.test', 1, 0, 5060, 'good.weird.test')
      .a('good.weird.test', '192.0.2.94')
      .a('192.0.2.1', '192.0.2.95');
    const targets = await located('sip:hostile.test;transport=udp');
    assert.equal(targets.length, 16);
    assert.ok(dns.asked.length <= 1 + 1 + 2 * 8, dns.asked.join());
    assert.deepEqual(await located('sip:weird.test;transport=udp'), ['udp 192.0.2.94 5060']);
  });

  test('a storm of requests for one name asks DNS once', async () => {
    dns.srv('_sip._udp.storm.test', 0, 0, 5060, 'host.storm.test').a('host.storm.test', '192.0.2.96');
    const locator = locatorOf({ families: [4] });
    const answers = await Promise.all(Array.from({ length: 300 }, () => located('sip:storm.test', { locator })));
    assert.ok(answers.every((answer) => answer.toString() === 'udp 192.0.2.96 5060'));
    const expected = ['A host.storm.test', 'NAPTR storm.test', 'SRV _sip._tcp.storm.test', 'SRV _sip._udp.storm.test'];
    assert.deepEqual([...dns.asked].sort(), expected);
  });
});
