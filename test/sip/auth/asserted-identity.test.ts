import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AssertedIdentity, type IdentityOptions } from '../../../src/sip/auth/asserted-identity.ts';
import { LocalAddresses } from '../../../src/sip/local-addresses.ts';
import { Places } from '../../../src/sip/places.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { requestOf } from '../front/fake-engine.ts';

const north = { name: 'north.test', aliases: ['n.test'] };
const south = { name: 'south.test', aliases: ['192.0.2.50'] };

function identity(options: Partial<IdentityOptions> = {}, several = true): AssertedIdentity {
  const places = new Places({
    domains: several ? [north, south] : [north],
    advertise: null,
    listen: ['192.0.2.1'],
    addresses: new LocalAddresses(new FakeClock(), () => []),
  });
  return new AssertedIdentity(
    { header: 'p-asserted-identity', from: ['192.0.2.0/24'], missing: 'refuse', ...options },
    places,
  );
}

/** What is read from header lines, as they stand on the wire; the user, or why there is none. */
function read(reader: AssertedIdentity, ...lines: readonly string[]): string {
  const request = requestOf(
    `SUBSCRIBE sip:1@north.test SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\nFrom: <sip:phone@south.test>;tag=f\n` +
      `To: <sip:1@north.test>\nCall-ID: c\nCSeq: 1 SUBSCRIBE\n${lines.map((line) => `${line}\n`).join('')}Content-Length: 0\n\n`,
  );
  const asserted = reader.read(request);
  if (asserted.kind === 'user') return asserted.who;
  return asserted.kind === 'missing' ? 'missing' : asserted.why;
}

const pai = (...values: readonly string[]) =>
  read(identity(), ...values.map((value) => `P-Asserted-Identity: ${value}`));

const [several, nobody, malformed] = ['names more than one user', 'names no user of our domains', 'is malformed'];

test('the user is read from a SIP URI of one of our domains, whatever is around it', () => {
  for (const [value, who] of [
    ['<sip:1001@north.test>', '1001@north.test'],
    ['sip:1001@north.test', '1001@north.test'],
    ['"Anna \\"A, B\\" <sip:1002@north.test>" <sips:1001@North.Test:5061;user=phone>', '1001@north.test'],
    ['Anna <sip:1001@n.test>', '1001@north.test'],
    ['<sip:%31001@south.test>', '1001@south.test'],
    ['<sip:1001@192.0.2.50>', '1001@south.test'],
    ['<sip:1001@192.0.2.1>', '1001@north.test'],
  ] as const) {
    assert.equal(pai(value), who, value);
  }
  assert.equal(read(identity(), 'p-asserted-identity: <sip:1001@north.test>'), '1001@north.test');
});

test('RFC 3325 9.1: a number may stand beside the user; one within a domain of ours is a user of it', () => {
  const user = '<sip:1001@north.test>';
  for (const values of [
    [`${user}, <tel:+49301234567>`],
    [user, 'tel:+49301234567'],
    ['<tel:+49301234567>', user],
    [`${user}, <tel:1001;phone-context=north.test>`],
    ['<tel:10-01;phone-context=n.test>'],
    ['<tel:1001;isub=2;phone-context=NORTH.test>'],
    [`${user}, <tel:7;phone-context=+49>`],
  ]) {
    assert.equal(pai(...values), '1001@north.test', values.join());
  }
  for (const value of [
    '<tel:+49301234567>',
    '<tel:1001>',
    '<tel:1001;phone-context=elsewhere.test>',
    '<urn:service:sos>',
  ]) {
    assert.equal(pai(value), nobody, value);
  }
});

test('values that mean two users are followed for neither: a proxy may have left in what a phone wrote', () => {
  const own = '<sip:1001@north.test>';
  for (const other of [
    '<sip:1002@north.test>',
    '<sip:1001@south.test>',
    '<sip:1001@elsewhere.test>',
    '<sip:elsewhere.test>',
    '<tel:1002;phone-context=north.test>',
  ]) {
    assert.equal(pai(own, other), several, other);
    assert.equal(pai(`${other}, ${own}`), several, other);
  }
  assert.equal(pai(own, '<sips:1001@N.TEST;transport=tcp>'), '1001@north.test', 'the same in two ways');
});

test('what names nobody of ours, or cannot be read, is no identity', () => {
  for (const value of ['<sip:1001@elsewhere.test>', '<sip:north.test>', 'sip:anonymous@anonymous.invalid']) {
    assert.equal(pai(value), nobody, value);
  }
  for (const value of [
    '',
    ' , ',
    '1001',
    '<sip:1001@north.test',
    '<sip:10 01@north.test>',
    '<sip:1001@>',
    '"x',
    'a,,b',
  ]) {
    assert.equal(pai(value), malformed, value);
  }
  assert.equal(pai('<sip:1001@north.test>', 'nonsense'), malformed);
  assert.equal(pai(), 'missing');
  assert.equal(read(identity(), 'P-Preferred-Identity: <sip:1001@north.test>'), 'missing');
});

test('a header of the own choice may hold a URI, user@domain, or with one domain the user alone', () => {
  const own = identity({ header: 'x-lamp-user' });
  const one = identity({ header: 'X-LAMP-USER' }, false);
  assert.equal(read(own, 'X-Lamp-User: 1001@south.test'), '1001@south.test');
  assert.equal(read(own, 'x-lamp-user: "A" <sip:1001@s.test>, 1001@south.test'), several);
  assert.equal(read(own, 'X-Lamp-User: <sip:1001@south.test>'), '1001@south.test');
  assert.equal(read(own, 'X-Lamp-User: 1001'), nobody, 'whose 1001 only From could say, and From is the phone’s');
  assert.equal(read(one, 'X-Lamp-User: 1001'), '1001@north.test');
  assert.equal(read(one, 'X-Lamp-User: anna.b+c'), 'anna.b+c@north.test');
  for (const value of ['1001 1002', '1001:secret', 'a"b', '1001@', '@north.test', '10%0001', `${'1'.repeat(129)}`]) {
    assert.equal(read(one, `X-Lamp-User: ${value}`), malformed, value);
  }
  assert.equal(read(one, 'P-Asserted-Identity: <sip:1001@north.test>'), 'missing');
  const rpid = identity({ header: 'Remote-Party-ID' });
  assert.equal(read(rpid, 'Remote-Party-ID: "A" <sip:1001@north.test>;party=calling;screen=yes'), '1001@north.test');
  assert.equal(read(rpid, 'Remote-Party-ID: 1001'), malformed);
});

test('the header of these networks counts, and of no others', () => {
  const reader = identity({ from: ['192.0.2.0/24', '2001:db8::/32'] });
  for (const address of ['192.0.2.1', '::ffff:192.0.2.9', '2001:db8::1']) assert.ok(reader.covers(address), address);
  for (const address of ['192.0.3.1', '2001:db9::1', '127.0.0.1', '']) assert.ok(!reader.covers(address), address);
  assert.throws(() => identity({ from: ['10.0.0.0/33'] }), { code: 'config-invalid', message: /sip\.identity\.from/ });
});
