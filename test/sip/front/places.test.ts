import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LocalAddress, LocalAddresses } from '../../../src/sip/local-addresses.ts';
import { parseUri } from '../../../src/sip/message/uri.ts';
import { Places } from '../../../src/sip/places.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const interfaces: LocalAddress[] = [
  { address: '127.0.0.1', cidr: '127.0.0.1/8', internal: true },
  { address: '10.0.0.5', cidr: '10.0.0.5/24', internal: false },
  { address: '10.0.1.5', cidr: '10.0.1.5/24', internal: false },
  { address: '2001:db8::5', cidr: '2001:db8::5/64', internal: false },
  { address: '2001:db8:1::5', cidr: null, internal: false },
];

function placesOf(advertise: string | null): Places {
  const addresses = new LocalAddresses(new FakeClock(), () => interfaces);
  const listen = ['0.0.0.0', '[::]', '10.9.9.9'];
  return new Places({ domain: 'PBX.example.com', aliases: ['Alias.test'], advertise, listen, addresses });
}

function aor(places: Places, uri: string): string | null {
  const parsed = parseUri(uri);
  assert.ok(parsed !== null, uri);
  return places.aorFor(parsed);
}

test('domain, aliases, listen and advertised addresses and those of this host are one place', () => {
  const hosts = [
    'pbx.EXAMPLE.com',
    'alias.test',
    'ALIAS.test.',
    '10.9.9.9',
    '10.0.0.5:5070',
    '[2001:DB8::5]',
    '127.0.0.2',
    '[::1]',
  ];
  for (const host of hosts) assert.equal(aor(placesOf(null), `sip:1001@${host}`), '1001@pbx.example.com', host);
  assert.equal(aor(placesOf(null), 'sip:1001@203.0.113.10'), null);
  for (const advertise of ['203.0.113.10', '203.0.113.10:5080']) {
    assert.equal(aor(placesOf(advertise), 'sip:1001@203.0.113.10'), '1001@pbx.example.com', advertise);
  }
  assert.equal(aor(placesOf('2001:db8:9::1'), 'sip:1001@[2001:db8:9::1]'), '1001@pbx.example.com');
});

test('foreign hosts, wildcards, other schemes and userless URIs name nobody', () => {
  const uris = [
    'sip:1001@x.test',
    'sip:1001@sub.pbx.example.com',
    'sip:1001@0.0.0.0',
    'sip:1001@[::]',
    'sip:pbx.example.com',
    'tel:1001',
    'sip:1001@10.0.0.6',
  ];
  for (const uri of uris) assert.equal(aor(placesOf(null), uri), null, uri);
});

test('a user is unescaped once, keeps its letter case, and may hold an @', () => {
  const places = placesOf(null);
  assert.equal(aor(places, 'sip:%2A97@alias.test'), '*97@pbx.example.com');
  assert.equal(aor(places, 'sip:a%2540b@alias.test'), 'a%40b@pbx.example.com');
  assert.equal(aor(places, 'sip:a%40x.test@alias.test'), 'a@x.test@pbx.example.com');
  assert.equal(aor(places, 'sip:Bob;x=1@alias.test'), 'Bob;x=1@pbx.example.com');
});

test('the address that faces a phone is the one in its network, else the first of its family', () => {
  const addresses = new LocalAddresses(new FakeClock(), () => interfaces);
  assert.equal(addresses.facing('10.0.1.77'), '10.0.1.5');
  assert.equal(addresses.facing('203.0.113.1'), '10.0.0.5');
  assert.equal(addresses.facing('2001:db8::77'), '2001:db8::5');
  assert.equal(addresses.facing('2001:db8:1::77'), '2001:db8::5', 'its network is not known');
  assert.equal(addresses.facing('127.0.0.1'), '127.0.0.1');
  assert.equal(addresses.facing('::1'), '::1');
  assert.equal(new LocalAddresses(new FakeClock(), () => []).facing('10.0.1.77'), '127.0.0.1');
});

test('a new address of this host is noticed after 10 s, without asking the system each time', () => {
  const clock = new FakeClock();
  let reads = 0;
  let now = interfaces;
  const addresses = new LocalAddresses(clock, () => {
    reads += 1;
    return now;
  });
  assert.ok(!addresses.has('10.0.7.7'));
  now = [...interfaces, { address: '10.0.7.7', cidr: null, internal: false }];
  assert.ok(!addresses.has('10.0.7.7'));
  assert.equal(reads, 1);
  clock.advance(10_000);
  assert.ok(addresses.has('10.0.7.7'));
});

test('the addresses of the system itself are read where none are given', () => {
  const addresses = new LocalAddresses(new FakeClock());
  assert.ok(addresses.has('127.0.0.1'));
  assert.ok(!addresses.has('203.0.113.1'));
});
