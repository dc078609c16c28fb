import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configSchema } from '../../src/config/schema.ts';

function isTaken(advertise: string): boolean {
  return configSchema.safeParse({ sip: { advertise } }).success;
}

test('sip.advertise is a host name or an address, with or without a port', () => {
  const good = [
    'lamps.example.com',
    'pbx',
    'pbx-2.local',
    '203.0.113.10',
    '203.0.113.10:5080',
    'lamps.example.com:5080',
  ];
  const v6 = ['2001:db8::1', '::1', '[2001:db8::1]', '[2001:db8::1]:5080', '::ffff:192.0.2.1'];
  for (const advertise of [...good, ...v6]) assert.equal(isTaken(advertise), true, advertise);
});

test('sip.advertise is nothing else: it becomes a part of headers', () => {
  const bad = [
    '',
    ' ',
    'a b',
    'sip:lamps.test',
    'lamps.test;x=1',
    '<lamps.test>',
    'lamps.test:',
    'a:b',
    ':5080',
    'a/b',
    'lamps.test:0',
    'lamps.test:99999',
    '999.999.999.999',
    '192.0.2.1.5',
    '1:2:3',
    '[1:2:3]:5080',
    'lamps..test',
    'lamps.123',
  ];
  const evil = [
    'lamps.test\r\nX: y',
    'lamps.test\0',
    '-a.test',
    'lämpchen.test',
    '[lamps.test]',
    'a@b',
    'x'.repeat(256),
  ];
  for (const advertise of [...bad, ...evil]) assert.equal(isTaken(advertise), false, JSON.stringify(advertise));
});
