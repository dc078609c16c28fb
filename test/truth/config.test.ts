import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { adapterKinds, adapterOptions } from '../../adapters/index.ts';
import { loadConfig } from '../../src/config/load.ts';
import { describe } from '../../src/config/problems.ts';
import { sampleHash, sha256Of, tokenCommands } from '../../src/config/token-hash.ts';
import { generated } from './generated.ts';

const example = 'config/lamplighter.example.yaml';
const schema = 'config/lamplighter.schema.json';

test('the example, the schema and the API in config/ are what the code makes', () => {
  const files = generated();
  assert.equal(readFileSync(example, 'utf8'), files[example], 'run `npm run generate`');
  for (const path of [schema, 'config/openapi.json']) {
    assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), JSON.parse(files[path]!), 'run `npm run generate`');
  }
});

/** As the product reads it, with every secret file at hand. */
function load(yaml: string) {
  const folder = mkdtempSync(join(tmpdir(), 'lamplighter-sample-'));
  try {
    for (const name of ['ari', 'ami', 'esl', '1001', 'token', 'drachtio', 'wallboard', 'homer'])
      writeFileSync(join(folder, name), `sixteen-chars-of-${name}\n`);
    const file = join(folder, 'lamplighter.yaml');
    writeFileSync(file, yaml.replaceAll('/etc/lamplighter', folder));
    const types = Object.keys(adapterKinds);
    const result = loadConfig({ file, environment: {}, optionsOf: adapterOptions, adapterTypes: types });
    assert.ok(result.ok, result.ok ? '' : describe(result.problems, 'example'));
    return result.config;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('the example is a configuration as it stands', () => {
  const config = load(readFileSync(example, 'utf8'));
  assert.deepEqual(
    config.pbx.map(({ name, type }) => [name, type]),
    [['main', 'asterisk']],
  );
});

test('the example shows every setting there is', () => {
  const text = readFileSync(example, 'utf8');
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { properties } = node as { properties?: Record<string, unknown> };
    for (const name of Object.keys(properties ?? {})) {
      // a secret is shown as the file that holds it
      const secret = new RegExp(`^[ #-]*${name}File:`, 'm').test(text);
      assert.ok(secret || new RegExp(`^[ #-]*${name}:`, 'm').test(text), name);
    }
    for (const child of Object.values(node)) visit(child);
  };
  for (const type of ['asterisk', 'freeswitch']) {
    visit(z.toJSONSchema(adapterOptions(type) ?? z.never(), { io: 'input', unrepresentable: 'any' }));
  }
  visit({ properties: topWithoutPbx() });
});

/** The sections of the file but the PBXs, which are looked at by their options. */
function topWithoutPbx(): Record<string, unknown> {
  const { properties } = JSON.parse(readFileSync(schema, 'utf8')) as { properties: Record<string, unknown> };
  const { pbx, ...rest } = properties;
  assert.ok(pbx !== undefined);
  return rest;
}

/** Each piece of YAML on a page. */
function pieces(page: string): string[] {
  return [...readFileSync(page, 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = '']) => yaml);
}

test('each configuration on a page for admins is one as it stands', () => {
  const pages = ['README.md', 'docs/freeswitch.md', 'docs/domains.md'];
  const types = pages.map((page) => pieces(page).map((yaml) => load(yaml).pbx.map(({ type }) => type)));
  assert.deepEqual(types, [[['asterisk']], [['freeswitch'], ['freeswitch']], [['freeswitch', 'simulated']]]);
});

test('every setting that the example shows as a comment is taken when its sign is removed', () => {
  const text = readFileSync(example, 'utf8')
    .replace(/^( *)#(?! )/gm, '$1')
    .replace(/^( *)# {2}/gm, '$1  ');
  const line = text.split('\n').findIndex((one) => one.includes(sampleHash)) + 1;
  assert.throws(() => load(text), new RegExp(`:${line}: http\\.tokens\\.1\\.sha256: is the sample`));
  const config = load(text.replace(sampleHash, sha256Of('a-token-of-one-s-own')));
  assert.equal(config.http.token, 'sixteen-chars-of-token');
  assert.deepEqual(config.sip.users, [{ user: '1001', password: 'sixteen-chars-of-1001' }]);
  assert.equal(config.phones.profiles[0]?.notifyTimeouts, 3);
  assert.equal(config.log.level, 'info');
  assert.deepEqual(
    config.pbx.map(({ type }) => type),
    ['asterisk', 'freeswitch'],
  );
});

test('no hash on a page is that of a token, and the page about tokens has the commands that make one', () => {
  const pages = readdirSync('docs', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
  const texts = [example, 'README.md', ...pages.map((name) => join('docs', name))].map((path) =>
    readFileSync(path, 'utf8'),
  );
  const hashes = texts.flatMap((text) =>
    [...text.matchAll(/sha256: *['"]?([0-9a-f]{64})/gi)].map(([, digits]) => digits),
  );
  assert.deepEqual(hashes, [sampleHash, sampleHash], 'the example and docs/api.md');
  const page = readFileSync('docs/api.md', 'utf8');
  for (const command of Object.values(tokenCommands)) assert.ok(page.includes(`\n${command}\n`), command);
});

test('the JSON schema takes the example, and refuses a setting that it does not know', () => {
  const judge = z.fromJSONSchema(JSON.parse(readFileSync(schema, 'utf8')) as Parameters<typeof z.fromJSONSchema>[0]);
  const value = parse(readFileSync(example, 'utf8')) as { pbx: Record<string, unknown>[] };
  assert.ok(judge.safeParse(value).success);
  assert.equal(judge.safeParse({ ...value, pbx: [{ ...value.pbx[0], amy: {} }] }).success, false);
  assert.equal(judge.safeParse({ ...value, domian: 'x' }).success, false);
});

/** The settings of one section of an Asterisk file, in order; comments and `@MARKS@` apart. */
function section(path: string, name: string): string[] {
  const body =
    readFileSync(path, 'utf8')
      .split(/^(?=\[)/m)
      .find((part) => part.startsWith(`[${name}]`)) ?? '';
  return body
    .split('\n')
    .slice(1)
    .map((line) => line.replace(/;.*/, '').trim())
    .filter((line) => line !== '')
    .map((line) => line.replace(/^(secret|password|port|bindport) = .*/, '$1'));
}

for (const [file, name] of [
  ['manager.conf', 'lamplighter'],
  ['ari.conf', 'lamplighter'],
  ['ari.conf', 'general'],
  ['http.conf', 'general'],
] as const) {
  test(`[${name}] of config/asterisk/${file} is what the interop lab runs with`, () => {
    const told = section(`config/asterisk/${file}`, name);
    assert.ok(told.length > 0);
    assert.deepEqual(told, section(`test/interop/lab/etc/${file}`, name));
  });
}

test('manager.conf listens on loopback, there and in the interop lab', () => {
  const lab = section('test/interop/lab/etc/manager.conf', 'general');
  for (const line of section('config/asterisk/manager.conf', 'general')) assert.ok(lab.includes(line), line);
});
