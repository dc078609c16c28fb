import assert from 'node:assert/strict';
import { test } from 'node:test';
import { profilesSchema } from '../../src/config/profiles-schema.ts';

const wrong = (settings: object) => {
  const parsed = profilesSchema.safeParse(settings);
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
};

test('profiles: nothing has to be set, and a day is granted', () => {
  assert.deepEqual(profilesSchema.parse({}), {
    pollSeconds: 5,
    types: {},
    prefer: 'document',
    defaultExpires: 86_400,
  });
});

test('profiles.url may hold what a phone says of itself, behind the host, and nothing that ends a quote or a line', () => {
  for (const url of [
    'https://prov.test',
    'http://192.0.2.1:8080/{mac}.cfg',
    'http://[::1]/a?m={model}&v={version}',
    'https://p.test/{vendor}/{name}',
  ]) {
    assert.deepEqual(wrong({ url }), [], url);
  }
  for (const url of [
    'ftp://p.test/',
    'https://{vendor}.test/',
    'https://user:pass@p.test/',
    'https://p.test/"',
    'https://p.test/a b',
    'https://p.test/\r\nX: y',
    'https://p.test/{password}',
    'https://p.test/<x>',
  ]) {
    assert.notDeepEqual(wrong({ url }), [], url);
  }
});

test('profiles.types are endings and media types; intervals and delays are seconds that phones can obey', () => {
  assert.deepEqual(wrong({ types: { cfg: 'application/x-yealink', snom: 'text/xml' } }), []);
  assert.deepEqual(wrong({ types: { '.cfg': 'text/plain' } }), [
    'types: expected endings of files in lower case, without the dot',
  ]);
  assert.deepEqual(wrong({ types: { cfg: 'text/plain\r\nX: y' } }), ['types.cfg: expected type/subtype']);
  assert.equal(wrong({ effectiveBy: -1, defaultExpires: 59, pollSeconds: 0 }).length, 3);
  assert.deepEqual(wrong({ effectiveBy: 0, defaultExpires: 3600 }), []);
});
