import assert from 'node:assert/strict';
import test from 'node:test';
import { configSchema } from '../../src/config/schema.ts';

function problems(trace: unknown): string[] {
  const parsed = configSchema.safeParse({ trace });
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('20,000 messages are kept, and nobody is sent any, where nothing is said', () => {
  assert.deepEqual(configSchema.parse({}).trace, { keep: 20_000 });
  assert.deepEqual(configSchema.parse({ trace: { hep: { to: 'homer:9060' } } }).trace.hep, {
    to: 'homer:9060',
    captureId: 2001,
  });
});

test('a collector is HOST:PORT, and is sent what is kept', () => {
  for (const to of ['192.0.2.1:9060', 'homer.example.com:1', '[2001:db8::1]:65535'])
    assert.deepEqual(problems({ hep: { to } }), []);
  for (const to of [
    'homer',
    'homer:0',
    'homer:65536',
    ':9060',
    '2001:db8::1:9060',
    'udp:homer:9060',
    'ho mer:9060',
    '',
  ]) {
    assert.equal(problems({ hep: { to } }).length, 1, to);
  }
  assert.match(problems({ hep: {} })[0] ?? '', /^trace\.hep\.to: /);
  assert.deepEqual(problems({ keep: 0 }), []);
  assert.deepEqual(problems({ keep: 0, hep: { to: 'homer:9060' } }), [
    'trace.hep: not with keep: 0; what is sent on is taken from what is kept',
  ]);
  for (const keep of [-1, 1.5, 2_000_000, '10']) assert.equal(problems({ keep }).length, 1);
  for (const captureId of [-1, 2 ** 32]) assert.equal(problems({ hep: { to: 'h:1', captureId } }).length, 1);
});
