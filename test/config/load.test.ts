import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { describe, type LoadResult, loadConfig } from '../../src/config/load.ts';
import { domainsOf } from '../../src/config/readings.ts';
import { Fault } from '../../src/model/errors.ts';

const asterisk = z.strictObject({
  ami: z.strictObject({ host: z.string(), password: z.string() }).optional(),
  features: z.enum(['freepbx', 'astdb']).default('freepbx'),
});
const types: Readonly<Record<string, z.ZodType>> = { asterisk, simulated: z.strictObject({}) };

function load(yaml: string | null, environment: Record<string, string> = {}, files: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'lamplighter-config-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const file = yaml === null ? null : join(folder, 'lamplighter.yaml');
    if (file !== null) writeFileSync(file, (yaml ?? '').replaceAll('HERE', folder));
    return loadConfig({
      file,
      environment,
      optionsOf: (type) => types[type] ?? null,
      adapterTypes: Object.keys(types),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function problemsOf(result: LoadResult) {
  assert.equal(result.ok, false);
  return result.ok ? [] : result.problems;
}

function configOf(result: LoadResult) {
  assert.ok(result.ok, result.ok ? '' : describe(result.problems, result.file));
  return result.config;
}

test('without a file the demo runs: a simulated PBX, phones on loopback only', () => {
  const config = configOf(load(null));
  assert.equal(config.domain, 'lamplighter.test');
  assert.deepEqual(config.pbx, [{ name: 'demo', type: 'simulated' }]);
  assert.deepEqual(config.sip.listen, ['udp:127.0.0.1:5070', 'tcp:127.0.0.1:5070']);
  assert.equal(config.http.listen, '127.0.0.1:8090');
});

test('an unknown setting is named with path, line and the nearest known key', () => {
  const [problem] = problemsOf(load('version: 1\nsip:\n  lisen: [udp:0.0.0.0:5070]\n'));
  assert.equal(problem?.path, 'sip.lisen');
  assert.equal(problem?.line, 3);
  assert.equal(problem?.nearest, 'listen');
  assert.match(problem?.message ?? '', /expected one of engine, listen/);
});

test('every error is told at once, each with its own line', () => {
  const problems = problemsOf(
    load('domain: "a b"\nsip:\n  listen: [udp:here:5070]\n  auth: sometimes\nhttp: { listen: 8090 }\n'),
  );
  assert.deepEqual(
    problems.map(({ path, line }) => [path, line]),
    [
      ['domain', 1],
      ['sip.listen.0', 3],
      ['sip.auth', 4],
      ['http.listen', 5],
    ],
  );
  assert.match(problems[2]?.message ?? '', /"pbx"\|"users"\|"trusted"/);
});

test('the options of a PBX are checked by its own type, with their line', () => {
  const [problem] = problemsOf(
    load('pbx:\n  - name: main\n    type: asterisk\n    ami: { host: h, passwort: x, password: y }\n'),
  );
  assert.equal(problem?.path, 'pbx.0.ami.passwort');
  assert.equal(problem?.line, 4);
  assert.equal(problem?.nearest, 'password');
});

test('an unknown PBX type names the types there are', () => {
  const [problem] = problemsOf(load('pbx:\n  - name: main\n    type: asterix\n'));
  assert.equal(problem?.path, 'pbx.0.type');
  assert.equal(problem?.nearest, 'asterisk');
  assert.match(problem?.message ?? '', /asterisk, simulated/);
});

test('two PBXs of one name are refused', () => {
  const [problem] = problemsOf(load('pbx:\n  - { name: a, type: simulated }\n  - { name: a, type: simulated }\n'));
  assert.equal(problem?.path, 'pbx.1.name');
  assert.equal(problem?.line, 3);
});

test('a password file stands for a password; its line end is not part of it', () => {
  const yaml = 'pbx:\n  - name: main\n    type: asterisk\n    ami: { host: h, passwordFile: HERE/ami }\n';
  const config = configOf(load(yaml, {}, { ami: 'geheim\n' }));
  assert.deepEqual(config.pbx[0]?.['ami'], { host: 'h', password: 'geheim' });
});

test('a password file that is not there is an error with its line', () => {
  const yaml = 'pbx:\n  - name: main\n    type: asterisk\n    ami: { host: h, passwordFile: HERE/none }\n';
  const problem = problemsOf(load(yaml)).find(({ path }) => path === 'pbx.0.ami.passwordFile');
  assert.equal(problem?.line, 4);
  assert.match(problem?.message ?? '', /none: no such file$/);
});

test('a secret whose file is bad is one problem, not a missing password as well', () => {
  const yaml =
    'pbx:\n  - name: main\n    type: asterisk\n    ami: { host: h, passwordFile: HERE/none }\nhttp: { tokenFile: HERE/none }\n';
  assert.deepEqual(
    problemsOf(load(yaml)).map(({ path }) => path),
    ['pbx.0.ami.passwordFile', 'http.tokenFile'],
  );
});

test('a missing password says that a file may hold it', () => {
  const [problem] = problemsOf(load('pbx:\n  - name: main\n    type: asterisk\n    ami: { host: h }\n'));
  assert.equal(problem?.path, 'pbx.0.ami.password');
  assert.match(problem?.message ?? '', /^missing; write password, or passwordFile/);
});

test('problems come in the order of the lines', () => {
  const yaml =
    'domian: x\nlog: { level: loud }\npbx:\n  - name: main\n    type: asterisk\n    ami: { host: h, passwordFile: HERE/none }\n';
  assert.deepEqual(
    problemsOf(load(yaml, { LAMPLIGHTER_HTTP__LISTEN: 'x' })).map(({ line }) => line),
    [1, 2, 6, null],
  );
});

test('panel and API open to other hosts need a token, and the line says so', () => {
  const [problem] = problemsOf(load('version: 1\nhttp: { listen: 0.0.0.0:8090 }\n'));
  assert.equal(problem?.path, 'http.listen');
  assert.equal(problem?.line, 2);
  assert.match(problem?.message ?? '', /tokenFile/);
  for (const listen of ['localhost:1', '127.0.0.2:1', '"[::1]:1"']) configOf(load(`http: { listen: ${listen} }\n`));
  configOf(load('http: { listen: "0.0.0.0:1", tokenFile: HERE/t }\n', {}, { t: 'sixteen-characters' }));
});

test('an unknown section made by a variable is told with its name', () => {
  const [problem] = problemsOf(load('version: 1\n', { LAMPLIGHTER_SIPP__LISTEN: '[]' }));
  assert.equal(problem?.variable, 'LAMPLIGHTER_SIPP__LISTEN');
  assert.equal(problem?.nearest, 'sip');
});

test('every key is also an environment variable, letter case free, values in YAML', () => {
  const config = configOf(
    load('pbx:\n  - name: main\n    type: asterisk\n    ami: { host: h, password: x }\n', {
      LAMPLIGHTER_SIP__LISTEN: '[udp:127.0.0.1:5080]',
      LAMPLIGHTER_PBX__0__AMI__HOST: 'pbx.example.com',
      LAMPLIGHTER_STORE__PATH: '/tmp/x.db',
    }),
  );
  assert.deepEqual(config.sip.listen, ['udp:127.0.0.1:5080']);
  assert.equal((config.pbx[0]!['ami'] as { host: string }).host, 'pbx.example.com');
  assert.equal(config.store.path, '/tmp/x.db');
});

test('a bad value from the environment is told with the name of the variable', () => {
  const result = load('version: 1\n', { LAMPLIGHTER_SIP__AUTH: 'never' });
  const [problem] = problemsOf(result);
  assert.equal(problem?.variable, 'LAMPLIGHTER_SIP__AUTH');
  assert.match(describe(problemsOf(result), 'f.yaml'), /^LAMPLIGHTER_SIP__AUTH: sip\.auth: expected one of/);
});

test('broken YAML is told with its line', () => {
  const [problem] = problemsOf(load('sip:\n  listen: [udp:0.0.0.0:5070\nhttp: x\n'));
  assert.ok((problem?.line ?? 0) >= 2);
});

test('a file that is a list or a text is refused', () => {
  assert.match(problemsOf(load('- a\n'))[0]?.message ?? '', /mapping/);
  assert.match(problemsOf(load('hello\n'))[0]?.message ?? '', /mapping/);
});

test('a file that is not there is a fault with a fix, not a stack', () => {
  assert.throws(
    () => loadConfig({ file: '/nonexistent/l.yaml', environment: {}, optionsOf: () => null, adapterTypes: [] }),
    (error) => error instanceof Fault && error.code === 'config-unreadable',
  );
});

test('a bad pattern in the forward policy is told at its place', () => {
  const [problem] = problemsOf(load("features:\n  policy:\n    allow: ['^1', '(']\n"));
  assert.equal(problem?.path, 'features.policy.allow.1');
  assert.equal(problem?.line, 3);
});

test('a setting of a later version is named as such', () => {
  const [problem] = problemsOf(load('sip:\n  upstream: sip:127.0.0.1:5060\n'));
  assert.match(problem?.message ?? '', /inline mode is not part of this version/);
});

test('prototype tricks in the environment change nothing', () => {
  configOf(load(null, { LAMPLIGHTER___PROTO____POLLUTED: 'yes', LAMPLIGHTER_CONSTRUCTOR__X: '1' }));
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

test('further domains have names and aliases; nothing may mean two of them', () => {
  const yaml = (domains: string, more = '') =>
    `domain: North.test\naliases: [n.test, 192.0.2.1]\ndomains:\n${domains}\n${more}`;
  const config = configOf(
    load(
      yaml(
        '  - { name: South.test, aliases: [S.test, 192.0.2.2] }\n  - { name: east.test }',
        'pbx:\n  - { name: s, type: simulated, domain: SOUTH.test }\n',
      ),
    ),
  );
  assert.deepEqual(domainsOf(config), [
    { name: 'north.test', aliases: ['n.test', '192.0.2.1'] },
    { name: 'south.test', aliases: ['s.test', '192.0.2.2'] },
    { name: 'east.test', aliases: [] },
  ]);
  assert.equal(config.pbx[0]?.domain, 'south.test');
  assert.deepEqual(configOf(load('domain: a.test\naliases: [a.test, a.test]\n')).domains, [], 'as ever');
  const wrong: readonly (readonly [string, string, number, RegExp])[] = [
    ['  - { name: north.test }', 'domains.0.name', 4, /north\.test means north\.test already/],
    ['  - { name: N.test }', 'domains.0.name', 4, /n\.test means north\.test already/],
    ['  - { name: s.test, aliases: [x.test, 192.0.2.1] }', 'domains.0.aliases.1', 4, /192\.0\.2\.1 means north\.test/],
    ['  - { name: s.test }\n  - { name: S.test }', 'domains.1.name', 5, /s\.test means s\.test already/],
    ['  - { name: s.test, aliases: [x.test] }\n  - { name: x.test }', 'domains.1.name', 5, /x\.test means s\.test/],
    [
      '  - { name: s.test }\n  - { name: t.test, aliases: [s.test] }',
      'domains.1.aliases.0',
      5,
      /s\.test means s\.test/,
    ],
    ['  - { name: "s t" }', 'domains.0.name', 4, /expected a host name/],
    ['  - { nam: s.test }', 'domains.0.nam', 4, /unknown setting/],
  ];
  for (const [domains, path, line, message] of wrong) {
    const problem = problemsOf(load(yaml(domains))).find((one) => one.path === path);
    assert.equal(problem?.line, line, `${domains} ${path}`);
    assert.match(problem?.message ?? '', message);
  }
});

test('a PBX and a user can only be of a domain that is served', () => {
  const yaml = 'domain: north.test\ndomains: [{ name: south.test }]\n';
  const [user, pbx] = problemsOf(
    load(
      `${yaml}sip: { auth: users, users: [{ user: "1001", domain: east.test, password: x }] }\npbx:\n  - { name: a, type: simulated, domain: s.test }\n`,
    ),
  );
  assert.equal(user?.path, 'sip.users.0.domain');
  assert.equal(pbx?.path, 'pbx.0.domain');
  const [named] = problemsOf(load(`${yaml}sip: { users: [{ user: "1001@South.test", password: x }] }\n`));
  assert.equal(named?.path, 'sip.users.0.user');
  assert.match(named?.message ?? '', /domain: south\.test beside it/);
  for (const problem of [user, pbx]) assert.equal(problem?.message, 'expected one of north.test, south.test');
});
