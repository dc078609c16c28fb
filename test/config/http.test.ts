import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { httpSchema } from '../../src/config/http-schema.ts';
import { configSchema } from '../../src/config/schema.ts';
import { readSecrets } from '../../src/config/secrets.ts';
import { sampleHash, sha256Of, tokenCommands } from '../../src/config/token-hash.ts';
import { Tokens } from '../../src/ops/access/tokens.ts';
import { httpAccess } from '../../src/wiring/http-access.ts';

const sixteen = 'sixteen-letters!';
const hex = sha256Of('another-good-token');

/** `path: message` of each problem. */
function wrong(http: unknown): readonly string[] {
  const parsed = httpSchema.safeParse(http);
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('tokens have a name, a role and one secret; what is wrong is named without it', () => {
  const token = { name: 'anna', role: 'operate', token: sixteen };
  assert.deepEqual(wrong({ tokens: [token, { name: 'b', role: 'read', sha256: hex.toUpperCase() }] }), []);
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{ ...token, name: 'token' }, /^tokens\.0\.name: expected another name/],
    [{ ...token, name: 'local' }, /^tokens\.0\.name: expected another name/],
    [{ ...token, name: 'an na' }, /^tokens\.0\.name: expected letters/],
    [{ ...token, role: 'root' }, /^tokens\.0\.role/],
    [{ ...token, token: 'short' }, /^tokens\.0\.token/],
    [{ name: 'anna', role: 'read' }, /^tokens\.0\.token: missing; write tokenFile/],
    [{ ...token, sha256: hex }, /^tokens\.0\.sha256: sha256 and the token exclude/],
    [{ name: 'anna', role: 'read', sha256: 'abc' }, /^tokens\.0\.sha256: expected 64/],
  ];
  for (const [one, message] of cases) {
    const found = wrong({ tokens: [one] });
    assert.match(found.join('\n'), message, JSON.stringify(one));
    assert.doesNotMatch(found.join('\n'), /sixteen/);
  }
});

test('the hash of the examples, and words that anybody would guess, let nobody in, and it is said how to make a token', () => {
  const refused = (digits: string) => wrong({ tokens: [{ name: 'anna', role: 'operate', sha256: digits }] }).join();
  const words = [
    'password',
    '',
    'admin',
    'secret',
    'token',
    'lamplighter',
    'changeme',
    'Changeme',
    'ADMIN',
    'admin123',
  ];
  for (const digits of [sampleHash, ...words.map(sha256Of), sha256Of('password').toUpperCase()]) {
    assert.ok(refused(digits).startsWith('tokens.0.sha256: is the '), digits);
    for (const command of Object.values(tokenCommands)) assert.ok(refused(digits).includes(command), digits);
  }
  const guess = 'changemechangeme';
  assert.match(wrong({ token: guess }).join(), /^token: is a word that anybody would guess; make your own: .*openssl/);
  assert.match(
    wrong({ tokens: [{ name: 'anna', role: 'read', token: guess }] }).join(),
    /^tokens\.0\.token: is a word/,
  );
});

test('names are unique, and no token has two', () => {
  const anna = { name: 'anna', role: 'read', token: sixteen };
  assert.match(
    wrong({ tokens: [anna, { ...anna, token: `${sixteen}2` }] }).join(),
    /tokens\.1\.name: there is another/,
  );
  assert.match(wrong({ tokens: [anna, { ...anna, name: 'bob' }] }).join(), /tokens\.1\.token: .*that of anna/);
  const hashed = { name: 'bob', role: 'admin', sha256: sha256Of(sixteen) };
  assert.match(wrong({ tokens: [anna, hashed] }).join(), /tokens\.1\.sha256: .*that of anna/);
  assert.match(wrong({ token: sixteen, tokens: [anna] }).join(), /tokens\.0\.token: .*that of http\.token/);
});

test('off loopback a token is needed, of either kind', () => {
  const listen = '0.0.0.0:8090';
  assert.match(wrong({ listen }).join(), /^listen: other hosts can reach this/);
  assert.deepEqual(wrong({ listen, token: sixteen }), []);
  assert.deepEqual(wrong({ listen, tokens: [{ name: 'a', role: 'read', sha256: hex }] }), []);
});

test('tokenFile holds a token of the list as it does the one above', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lamplighter-http-'));
  try {
    const file = join(folder, 'anna');
    writeFileSync(file, `${sixteen}\n`);
    const tree = { http: { tokens: [{ name: 'anna', role: 'operate', tokenFile: file }] } };
    const { problems, read } = readSecrets(tree);
    assert.deepEqual([problems, [...read]], [[], ['http.tokens.0.token']]);
    const tokens = new Tokens(httpAccess(configSchema.parse(tree)).tokens ?? []);
    assert.deepEqual(tokens.holderOf(`Bearer ${sixteen}`)?.name, 'anna');
    assert.equal(tokens.holderOf('Bearer another-good-token'), null);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a hash stands for its token, in capitals too', () => {
  const http = { tokens: [{ name: 'bob', role: 'read', sha256: hex.toUpperCase() }] };
  const tokens = new Tokens(httpAccess(configSchema.parse({ http })).tokens ?? []);
  assert.deepEqual(tokens.holderOf('Bearer another-good-token'), { name: 'bob', role: 'read' });
  assert.equal(tokens.holderOf(`Bearer ${hex}`), null, 'the hash itself opens nothing');
});

test('names: on loopback those configured, elsewhere the domains and the name of the host too', () => {
  const given = { domain: 'PBX.example.com', aliases: ['192.0.2.1'], http: { names: ['Panel.example.com'] } };
  assert.deepEqual(httpAccess(configSchema.parse(given)).names, ['panel.example.com']);
  const open = { ...given, http: { ...given.http, listen: '[::]:8090', token: sixteen } };
  const names = httpAccess(configSchema.parse(open)).names ?? [];
  for (const name of ['panel.example.com', 'pbx.example.com', '192.0.2.1']) assert.ok(names.includes(name), name);
});

test('the rate: 0 is no limit', () => {
  const access = (rate: object) => httpAccess(configSchema.parse({ http: { rate } })).rate;
  assert.deepEqual(access({}), { perSecond: 200, burst: 2000 });
  assert.equal(access({ perSecond: 0 }), null);
});
