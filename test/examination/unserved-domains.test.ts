import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unservedDomains } from '../../src/examination/unserved-domains.ts';
import { look, said } from './seen.ts';

const one = {
  domain: '192.0.2.10',
  by: '1006@lamplighter.test',
  source: 'udp:192.0.2.26:5060',
  count: 12,
  lastAt: Date.UTC(2026, 10, 22, 3, 10),
};

test('a domain that phones ask in and that is not served is named with who asked, and how to serve it', async () => {
  assert.deepEqual(await look(unservedDomains), []);
  const found = await look(unservedDomains, { unservedDomains: [one] });
  assert.deepEqual(said(found), [
    'warn: phones ask in 192.0.2.10, which is not served: 12 times since the start, the last 2026-11-22T03:10:00.000Z ' +
      'by 1006@lamplighter.test at udp:192.0.2.26:5060',
  ]);
  assert.match(found[0]?.fix ?? '', /aliases: \[192\.0\.2\.10\]/);
});

test('of many the worst are told', async () => {
  const many = Array.from({ length: 20 }, (_, at) => ({ ...one, domain: `h${at}.test`, by: null, count: at + 1 }));
  const found = await look(unservedDomains, { unservedDomains: many });
  assert.equal(found.length, 5);
  assert.match(found[0]?.text ?? '', /h19\.test.* 20 times .* by somebody/);
});
