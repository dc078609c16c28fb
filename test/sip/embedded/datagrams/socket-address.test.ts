import assert from 'node:assert/strict';
import { isIPv4 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { AddressTexts, portAt, writeSocketAddress } from '../../../../src/sip/embedded/datagrams/socket-address.ts';

const written = (address: string, port = 5060) => {
  const name = Buffer.alloc(16);
  return writeSocketAddress(name, 0, address, port) ? name : null;
};

test('an address is written as Linux has it, and read back with its port', () => {
  assert.equal(written('192.0.2.7', 5061)?.toString('hex'), '020013c5c00002070000000000000000');
  fc.assert(
    fc.property(fc.ipV4(), fc.nat(65_535), (address, port) => {
      const name = written(address, port) ?? Buffer.alloc(16);
      assert.deepEqual([new AddressTexts().at(name, 0), portAt(name, 0)], [address, port]);
    }),
  );
});

test('what is no IPv4 address is refused, as node:net would', () => {
  for (const wrong of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '1..2.3',
    '1.2.3.',
    ' 1.2.3.4',
    '1.2.3.4 ',
    'localhost',
    '::1',
  ]) {
    assert.equal(written(wrong), null, wrong);
  }
  const alphabet = fc.constantFrom('0', '1', '2', '5', '9', '.', ':', 'a');
  fc.assert(
    fc.property(fc.string({ unit: alphabet, maxLength: 16 }), (text) => {
      // a leading zero means octal to some readers: node:net refuses it, and no flow has one
      if (!/(^|\.)0\d/.test(text)) assert.equal(written(text) !== null, isIPv4(text), text);
    }),
  );
});

test('texts of addresses that take the same place are never mistaken for each other', () => {
  const texts = new AddressTexts();
  const seen = new Map<string, Buffer>();
  for (let number = 0; number < 20_000; number++) {
    const address = `10.${number % 7}.${(number >> 8) & 255}.${number & 255}`;
    const name = written(address) ?? Buffer.alloc(16);
    seen.set(address, name);
    assert.equal(texts.at(name, 0), address);
  }
  for (const [address, name] of seen) assert.equal(texts.at(name, 0), address);
});
