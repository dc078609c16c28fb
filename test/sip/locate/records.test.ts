import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dnsName, isHostAddress, plainAddress } from '../../../src/sip/locate/records.ts';

test('names are lower-cased, lose the final dot, and are refused where no host or service has such a name', () => {
  assert.equal(dnsName('_SIP._Udp.Example.COM.'), '_sip._udp.example.com');
  assert.equal(dnsName('xn--bcher-kva.example'), 'xn--bcher-kva.example');
  assert.equal(dnsName('pbx'), 'pbx');
  const bad = ['', '.', 'a..b', '-a.test', 'a-.test', 'a b.test', 'a\0.test', 'a/b', '*.test', 'bücher.test'];
  const addresses = ['192.0.2.1', '127.1', '2130706433', '0x7f.0x1', '::1', '[::1]', 'a.123', '1.2.3.4.'];
  const long = ['a'.repeat(64), `${'a.'.repeat(127)}b`];
  for (const name of [...bad, ...addresses, ...long]) assert.equal(dnsName(name), null, name);
});

test('an IPv4 address in its IPv6 form is the IPv4 address, in every notation', () => {
  const forms = ['::ffff:127.0.0.1', '::FFFF:7f00:1', '0:0:0:0:0:ffff:7f00:0001', '127.0.0.1'];
  for (const form of forms) assert.equal(plainAddress(form), '127.0.0.1', form);
  assert.equal(plainAddress('2001:DB8:0:0::1'), '2001:db8::1');
  assert.equal(plainAddress('fe80::1%eth0'), 'fe80::1');
});

test('only addresses of one host can be sent to', () => {
  for (const address of ['192.0.2.1', '127.0.0.1', '10.0.0.1', '2001:db8::1', '::1', 'fd00::1']) {
    assert.equal(isHostAddress(address), true, address);
  }
  const others = [
    '0.0.0.0',
    '0.1.2.3',
    '224.0.1.75',
    '255.255.255.255',
    '240.0.0.1',
    '::',
    'ff02::1',
    'fe80::1',
    'a',
    '',
  ];
  for (const address of others) assert.equal(isHostAddress(address), false, address);
});
