import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { Fault } from '../../../src/model/errors.ts';
import { TrustedNetworks } from '../../../src/sip/auth/trusted-networks.ts';

const address4 = fc.ipV4();
const network4 = fc.tuple(address4, fc.integer({ min: 0, max: 32 }));

test('an IPv4 address is in the networks that Node says it is in', () => {
  fc.assert(
    fc.property(fc.array(network4, { maxLength: 4 }), address4, (networks, address) => {
      const list = new BlockList();
      for (const [base, length] of networks) list.addSubnet(base, length, 'ipv4');
      const trusted = new TrustedNetworks(networks.map(([base, length]) => `${base}/${length}`));
      assert.equal(trusted.has(address), list.check(address, 'ipv4'));
      assert.equal(trusted.has(`::ffff:${address}`), list.check(address, 'ipv4'));
    }),
    { numRuns: 2000 },
  );
});

test('the first and the last address of a network are in it, their neighbours are not', () => {
  const trusted = new TrustedNetworks(['10.1.128.0/17', '192.0.2.7', '2001:db8::/32']);
  const rows: readonly (readonly [string, boolean])[] = [
    ['10.1.128.0', true],
    ['10.1.255.255', true],
    ['10.1.127.255', false],
    ['10.2.0.0', false],
    ['192.0.2.7', true],
    ['192.0.2.8', false],
    ['2001:db8:ffff::1', true],
    ['2001:db9::1', false],
    ['fe80::1%eth0', false],
    ['::FFFF:10.1.200.1', true],
  ];
  for (const [address, inside] of rows) assert.equal(trusted.has(address), inside, address);
});

test('what is no address is in no network, not even in all of them', () => {
  const all = new TrustedNetworks(['0.0.0.0/0', '::/0']);
  for (const text of ['', '1.2.3', '1.2.3.4.5', '1.2.3.256', '1..2.3', '1.2.3.', 'a.b.c.d', '::ffff:1.2.3', ':::']) {
    assert.equal(all.has(text), false, text);
  }
});

test('an entry that is no network is refused by name', () => {
  for (const entry of ['10.0.0.0/33', '10.0.0.0/8/8', 'somewhere', '2001:db8::/129', '10.0.0.0/']) {
    assert.throws(
      () => new TrustedNetworks([entry]),
      (error: unknown) => error instanceof Fault && error.message.includes(`"${entry}"`),
    );
  }
});
