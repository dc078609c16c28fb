import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContactTable } from '../../../adapters/asterisk/contact-table.ts';

const uri = 'sip:1001@192.0.2.1:5060';
const phone = { fact: 'device', endpoint: '1001', uri, userAgent: 'Yealink', via: null } as const;

test('a contact counts once, and is a stranger until its phone is known', () => {
  const table = new ContactTable(new Map());
  assert.equal(table.reach('1001', uri, true), true);
  assert.equal(table.reach('1001', uri, true), false, 'it was there');
  assert.equal(table.isStranger('1001', uri), true);
  assert.equal(table.describe(phone), true);
  assert.equal(table.describe(phone), false, 'nothing new');
  assert.equal(table.isStranger('1001', uri), false);
  assert.deepEqual(table.of('1001'), { contacts: 1, uris: [uri], devices: [{ uri, userAgent: 'Yealink' }] });
});

test('with its contact a phone is gone, and of one that is not there nothing is kept', () => {
  const table = new ContactTable(new Map([['1001', new Set([uri])]]));
  table.describe(phone);
  assert.equal(table.reach('1001', uri, false), true);
  assert.deepEqual(table.of('1001'), { contacts: 0, uris: [] });
  assert.equal(table.describe(phone), false);
  assert.deepEqual(table.uris('1001'), []);
  assert.equal(table.reach('1001', uri, false), false);
});
