import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { systemClock } from '../../src/model/clock.ts';
import type { Transport } from '../../src/sip/engine.ts';
import { CachedResolver } from '../../src/sip/locate/cached-resolver.ts';
import { Locator } from '../../src/sip/locate/locator.ts';
import { DnsResolver } from '../../src/sip/locate/name-resolver.ts';
import { parseUri } from '../../src/sip/message/uri.ts';
import { fixedRandom } from '../sip/locate/seeded-random.ts';
import { lastingPort } from '../support/ports.ts';
import { silentLogger } from '../support/silent-logger.ts';
import { orRequired } from './required.ts';

// dnsmasq of Debian, as many sites run it: what our own name server in test/support says must be what a real one says
const missing = spawnSync('dnsmasq', ['--version']).error !== undefined;
const skip = orRequired(missing ? 'dnsmasq (Debian: dnsmasq-base) is not installed' : null) ?? false;

/** The example of RFC 3263 4.1 and 4.2, and what else a zone may say. */
const zone = [
  'naptr-record=example.test,50,50,s,SIPS+D2T,,_sips._tcp.example.test',
  'naptr-record=example.test,90,50,s,SIP+D2T,,_sip._tcp.example.test',
  'naptr-record=example.test,100,50,s,SIP+D2U,,_sip._udp.example.test',
  'srv-host=_sip._tcp.example.test,server1.example.test,5060,0,1',
  'srv-host=_sip._tcp.example.test,server2.example.test,5062,0,2',
  'srv-host=_sips._tcp.example.test,server1.example.test,5061,0,1',
  'host-record=server1.example.test,192.0.2.1,2001:db8::1',
  'host-record=server2.example.test,192.0.2.2',
  'srv-host=_sip._udp.plain.test,server1.example.test,5070,10,0',
  'srv-host=_sip._udp.plain.test,alias.plain.test,5080,5,0',
  'cname=alias.plain.test,server2.example.test',
  'srv-host=_sip._udp.closed.test',
  'host-record=closed.test,192.0.2.3',
  'host-record=bare.test,192.0.2.4',
];

let server: ChildProcess | undefined;
let resolver: DnsResolver | undefined;
let locator: Locator;

before(async () => {
  if (missing) return;
  const port = await lastingPort();
  const own = [
    'conf-file=/dev/null',
    'pid-file=',
    'listen-address=127.0.0.1',
    'bind-interfaces',
    'no-resolv',
    'no-hosts',
  ];
  const words = [...own, 'local=/test/', `port=${port}`, ...zone].map((word) => `--${word}`);
  server = spawn('dnsmasq', ['--keep-in-foreground', '--log-facility=-', ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  resolver = new DnsResolver({ servers: [`127.0.0.1:${port}`], timeoutMs: 5_000, tries: 1 });
  await started(resolver);
  locator = new Locator({
    resolver: new CachedResolver(resolver, systemClock),
    clock: systemClock,
    random: fixedRandom(0),
    logger: silentLogger,
    families: [4, 6],
    isOwn: () => false,
    deadlineMs: 20_000,
  });
});

after(async () => {
  resolver?.close();
  if (server === undefined || server.exitCode !== null) return;
  const exit = once(server, 'exit');
  server.kill('SIGKILL');
  await exit;
});

async function started(dns: DnsResolver): Promise<void> {
  for (let tries = 0; (await dns.addresses('bare.test', 4)).kind !== 'records'; tries += 1) {
    assert.ok(tries < 200 && server?.exitCode === null, 'dnsmasq does not answer');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function located(text: string, by: readonly Transport[]): Promise<readonly string[] | string> {
  const uri = parseUri(text);
  assert.ok(uri !== null);
  const targets = await locator.locate(uri, by);
  if (!targets.ok) return targets.refusal.code;
  return targets.value.map(({ transport, address, port }) => `${transport} ${address} ${port}`);
}

test('dnsmasq: the example of RFC 3263 leads to TCP, to TLS, and to both addresses of a server', { skip }, async () => {
  const found = await located('sip:user@example.test', ['udp', 'tcp']);
  assert.deepEqual([...found].sort(), ['tcp 192.0.2.1 5060', 'tcp 192.0.2.2 5062', 'tcp 2001:db8::1 5060']);
  assert.deepEqual(await located('sips:user@example.test', ['udp', 'tcp', 'tls']), [
    'tls 192.0.2.1 5061',
    'tls 2001:db8::1 5061',
  ]);
});

test('dnsmasq: SRV by priority, through an alias, without NAPTR', { skip }, async () => {
  assert.deepEqual(await located('sip:plain.test', ['udp', 'tcp']), [
    'udp 192.0.2.2 5080',
    'udp 192.0.2.1 5070',
    'udp 2001:db8::1 5070',
  ]);
});

test('dnsmasq: a denied service, a bare host and a name that is not there', { skip }, async () => {
  assert.equal(await located('sip:closed.test', ['udp']), 'not-offered');
  assert.deepEqual(await located('sip:bare.test', ['udp']), ['udp 192.0.2.4 5060']);
  assert.equal(await located('sip:nothing.test', ['udp']), 'no-address');
});
