import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Domain } from '../../../src/model/domain.ts';
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

function placesOf(advertise: string | null, more: readonly Domain[] = []): Places {
  const addresses = new LocalAddresses(new FakeClock(), () => interfaces);
  const listen = ['0.0.0.0', '[::]', '10.9.9.9'];
  const domains = [{ name: 'PBX.example.com', aliases: ['Alias.test'] }, ...more] as const;
  return new Places({ domains, advertise, listen, addresses });
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

const second: Domain = { name: 'Second.example.com', aliases: ['zwei.test', '10.0.1.5', 'localhost'] };

test('each name means its own domain; an address of this machine means the default, unless it is an alias', () => {
  const places = placesOf(null, [second]);
  assert.ok(places.several && !placesOf(null).several);
  const meant = {
    'pbx.example.com': 'pbx.example.com',
    'alias.test': 'pbx.example.com',
    'second.example.com': 'second.example.com',
    'SECOND.example.COM.': 'second.example.com',
    'zwei.test': 'second.example.com',
    '10.0.1.5': 'second.example.com',
    localhost: 'second.example.com',
    '10.0.0.5': 'pbx.example.com',
    '10.9.9.9': 'pbx.example.com',
    '[2001:db8::5]': 'pbx.example.com',
    'sub.second.example.com': null,
    'second.example.com..': null,
    'second.example.com.pbx.example.com': null,
    '': null,
    '.': null,
    constructor: null,
  };
  for (const [host, domain] of Object.entries(meant)) {
    assert.equal(places.domainFor(host), domain, host);
    assert.equal(places.isOurs(host), domain !== null, host);
  }
  assert.equal(aor(places, 'sip:1001@zwei.test:5070'), '1001@second.example.com');
  assert.equal(aor(places, 'sip:1001%40second.example.com@pbx.example.com'), '1001@second.example.com@pbx.example.com');
});

test('hosts of two domains do not agree; an address of this machine agrees with every name of ours', () => {
  const places = placesOf(null, [second]);
  const rows: readonly (readonly [string, string, boolean])[] = [
    ['pbx.example.com', 'alias.test', true],
    ['zwei.test', 'second.example.com', true],
    ['pbx.example.com', 'second.example.com', false],
    ['alias.test', 'zwei.test', false],
    ['alias.test', '10.0.1.5', false],
    ['zwei.test', '10.0.0.5', true],
    ['pbx.example.com', '10.0.0.5', true],
    ['zwei.test', 'x.test', false],
    ['x.test', 'x.test', false],
  ];
  for (const [a, b, agree] of rows) {
    assert.equal(places.agree(a, b), agree, `${a} ${b}`);
    assert.equal(places.agree(b, a), agree, `${b} ${a}`);
  }
});
