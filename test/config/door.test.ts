import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { adapterKinds, adapterOptions } from '../../adapters/index.ts';
import { readDoor } from '../../src/config/door.ts';
import { loadConfig } from '../../src/config/load.ts';

const folder = mkdtempSync(join(tmpdir(), 'lamplighter-door-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const door = (yaml: string, environment: Record<string, string> = {}) => readDoor(file('l.yaml', yaml), environment);

test('the address and token of the daemon are read alone, whatever else is wrong in the file', () => {
  const none = { token: null, unread: null };
  assert.deepEqual(readDoor(null, {}), { listen: '127.0.0.1:8090', ...none });
  assert.deepEqual(door(''), { listen: '127.0.0.1:8090', ...none });
  const odd =
    'domian: x\npbx: [ { ami: { passwordFile: /nonexistent } } ]\nhttp: { listen: "[::1]:9", token: secret }\n';
  assert.deepEqual(door(odd), { listen: '[::1]:9', token: 'secret', unread: null });
});

test('what cannot be understood is for check-config to explain', () => {
  for (const text of [
    'http: 7',
    'http: { listen: 8090 }',
    'http: { listen: localhost }',
    'a: [',
    '- list',
    'version: 99',
  ]) {
    assert.equal(door(`${text}\n`), null, text);
  }
  assert.throws(() => readDoor(join(folder, 'absent.yaml'), {}), /no such file/);
});

test('the environment and conf.d are over the file, as for the daemon', () => {
  const path = file('own/l.yaml', 'http: { listen: "127.0.0.1:1" }\n');
  file('own/conf.d/50-http.yaml', 'http: { listen: "127.0.0.1:2" }\n');
  assert.equal(readDoor(path, {})?.listen, '127.0.0.1:2');
  assert.equal(readDoor(path, { LAMPLIGHTER_HTTP__LISTEN: '127.0.0.1:3' })?.listen, '127.0.0.1:3');
  const tokenFile = file('env-token', 'from-environment\n');
  assert.equal(readDoor(path, { LAMPLIGHTER_HTTP__TOKENFILE: tokenFile })?.token, 'from-environment');
});

test('of several tokens it is the first that can be had, those of admins before others; a hash is none', () => {
  const good = file('good', 'good-token\n');
  const empty = file('empty', '\n');
  const tokens = `[ { role: read, token: reader }, { role: admin, sha256: ab }, { role: operate, tokenFile: ${good} } ]`;
  assert.deepEqual(door(`http: { tokens: ${tokens} }\n`)?.token, 'good-token');
  const absent = `http: { tokenFile: /nonexistent/token, tokens: [ { role: admin, tokenFile: ${empty} } ] }\n`;
  const { token, unread } = door(absent) ?? {};
  assert.deepEqual([token, unread], [null, '/nonexistent/token: no such file']);
});

test('the variable with the token of commands is no setting of the daemon', () => {
  const result = loadConfig({
    file: file('plain.yaml', 'domain: example.test\n'),
    environment: { LAMPLIGHTER_TOKEN_FILE: '/home/operator/token' },
    optionsOf: adapterOptions,
    adapterTypes: Object.keys(adapterKinds),
  });
  assert.ok(result.ok, 'it is not taken for one');
});
