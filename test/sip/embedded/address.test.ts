import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { sameHost, sourceNetwork } from '../../../src/sip/embedded/address.ts';

const seed = 20_261_122;
const groups = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), { minLength: 8, maxLength: 8 });
const full = (address: readonly number[]) => address.map((group) => group.toString(16).padStart(4, '0')).join(':');

/** The longest run of zeros left out, as Node writes addresses. */
function short(address: readonly number[]): string {
  return new URL(`http://[${full(address)}]/`).hostname.slice(1, -1);
}

describe('hosts', () => {
  test('RFC 5118 4.5: an IPv6 address is the same host in every spelling, and no other', () => {
    console.log(`# seed ${seed}`);
    fc.assert(
      fc.property(groups, fc.nat(7), (address, at) => {
        assert.ok(sameHost(short(address), full(address)));
        assert.ok(sameHost(short(address).toUpperCase(), `${short(address)}%eth0`));
        const other = address.with(at, (address[at] ?? 0) ^ 1);
        assert.ok(!sameHost(short(address), full(other)));
      }),
      { seed, numRuns: 300 },
    );
    assert.ok(sameHost('::ffff:192.0.2.1', '::ffff:c000:201'));
  });

  test('names are the same whatever their case; a name is no address', () => {
    assert.ok(sameHost('pbx.example.com', 'PBX.Example.com'));
    assert.ok(!sameHost('pbx.example.com', 'pbx.example.org'));
    assert.ok(!sameHost('2001:db8::1', 'pbx.example.com'));
    assert.ok(!sameHost('2001:db8:::1', '2001:db8::1'));
  });
});

describe('sources', () => {
  test('are an IPv4 address, or the /64 of an IPv6 address', () => {
    assert.equal(sourceNetwork('192.0.2.7'), '192.0.2.7');
    assert.notEqual(sourceNetwork('192.0.2.7'), sourceNetwork('192.0.2.8'));
    assert.equal(sourceNetwork('2001:db8:0:1::5'), sourceNetwork('2001:db8::1:ffff:0:0:9'));
    assert.notEqual(sourceNetwork('2001:db8:0:1::5'), sourceNetwork('2001:db8:0:2::5'));
    assert.equal(sourceNetwork('fe80::1%eth0'), sourceNetwork('fe80::2%eth0'));
  });
});
