import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LocalAddresses } from '../../../src/sip/local-addresses.ts';
import { AdvertisedName } from '../../../src/sip/locate/advertised-name.ts';
import { DnsResolver } from '../../../src/sip/locate/name-resolver.ts';
import { parseUri } from '../../../src/sip/message/uri.ts';
import { Places } from '../../../src/sip/places.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { NameServer } from '../../support/name-server.ts';
import { until } from '../embedded/raw-peer.ts';

let dns: NameServer;
let resolver: DnsResolver;

before(async () => {
  dns = await NameServer.start();
  resolver = new DnsResolver({ servers: [dns.address], timeoutMs: 5_000, tries: 1 });
  dns.a('lamps.test', '203.0.113.10').aaaa('lamps.test', '2001:db8:0:0:0:0:0:10');
});

after(async () => {
  resolver.close();
  await dns.close();
});

test('a phone that writes the address of the advertised name means this place', async () => {
  const clock = new FakeClock();
  const advertised = new AdvertisedName('Lamps.test', resolver, clock);
  const addresses = new LocalAddresses(clock, () => []);
  const domains = [{ name: 'pbx.test', aliases: [] }] as const;
  const options = { domains, advertise: 'Lamps.test:5070', listen: ['0.0.0.0'], addresses };
  const places = new Places({ ...options, advertised });
  await advertised.refresh();
  for (const host of ['lamps.test', '203.0.113.10', '[2001:DB8::10]:5070', '[::ffff:203.0.113.10]']) {
    const uri = parseUri(`sip:1001@${host}`);
    assert.ok(uri !== null);
    assert.equal(places.aorFor(uri), '1001@pbx.test', host);
  }
  const stranger = parseUri('sip:1001@203.0.113.11');
  assert.ok(stranger !== null);
  assert.equal(places.aorFor(stranger), null);
  assert.equal(new Places(options).isOurs('203.0.113.10'), false, 'only by the answer of DNS');
});

test('another address is noticed after a minute, and a DNS that fails takes nothing away', async () => {
  const clock = new FakeClock();
  dns.a('moves.test', '203.0.113.20');
  const advertised = new AdvertisedName('moves.test', resolver, clock);
  await advertised.refresh();
  dns.remove('moves.test').a('moves.test', '203.0.113.21');
  const asked = dns.asked.length;
  assert.equal(advertised.has('203.0.113.20'), true);
  assert.equal(dns.asked.length, asked, 'not before its time');
  clock.advance(60_000);
  await until(() => advertised.has('203.0.113.21'), 'the new address');
  assert.equal(advertised.has('203.0.113.20'), false);
  dns.misbehave('A', 'moves.test', 'servfail').misbehave('AAAA', 'moves.test', 'refused');
  await advertised.refresh();
  assert.equal(advertised.has('203.0.113.21'), true);
  dns.misbehave('A', 'moves.test', null).misbehave('AAAA', 'moves.test', null).remove('moves.test');
  await advertised.refresh();
  assert.equal(advertised.has('203.0.113.21'), false, 'a clear "no such name" does');
});

test('an advertised address asks nothing of DNS', async () => {
  const asked = dns.asked.length;
  for (const host of ['203.0.113.10', '2001:db8::1', '']) {
    const advertised = new AdvertisedName(host, resolver, new FakeClock());
    await advertised.refresh();
    assert.equal(advertised.has('203.0.113.10'), false);
  }
  assert.equal(dns.asked.length, asked);
});
