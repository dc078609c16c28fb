import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { describe } from '../../src/config/problems.ts';
import { chooseProfile, domainsOf, groupsOf, pickupRights, publishRights } from '../../src/config/readings.ts';
import { aorOf } from '../../src/model/aor.ts';
import { Fault } from '../../src/model/errors.ts';
import { defaultProfile } from '../../src/model/profile.ts';
import { configOf, load, problemsOf } from './loading.ts';

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
  assert.equal(problems[2]?.message, 'expected one of pbx, users, trusted');
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
  const [absent] = problemsOf(load('pbx:\n  - { name: main, type: ./none.js }\n'));
  assert.match(absent?.message ?? '', /^there is no module \/.*\/none\.js$/);
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

test('a file that is named without its folder is told with the place where it was looked for', () => {
  const [problem] = problemsOf(load('http: { tokenFile: none/token }\n'));
  assert.equal(
    problem?.message,
    `none/token: no such file; from the folder where this was started it is ${process.cwd()}/none/token`,
  );
});

test('a secret whose file is bad is one problem, not a missing password as well', () => {
  const yaml =
    'pbx:\n  - name: main\n    type: asterisk\n    ami: { host: h, passwordFile: HERE/none }\nhttp: { tokenFile: HERE/none }\n';
  assert.deepEqual(
    problemsOf(load(yaml)).map(({ path }) => path),
    ['pbx.0.ami.passwordFile', 'http.tokenFile'],
  );
});

test('a password file that is empty, or holds more than a password, is told with its own name', () => {
  const yaml = 'pbx:\n  - name: main\n    type: asterisk\n    ami: { host: h, passwordFile: HERE/ami }\n';
  for (const [content, fault] of [
    ['\n', /ami: is empty$/],
    ['', /ami: is empty$/],
    ['# our password\ngeheim\n', /ami: holds more than one line$/],
  ] as const) {
    const problems = problemsOf(load(yaml, {}, { ami: content }));
    assert.deepEqual(
      problems.map(({ path, line }) => [path, line]),
      [['pbx.0.ami.passwordFile', 4]],
    );
    assert.match(problems[0]!.message, fault);
  }
});

test('what is wrong with a secret from a file is told at the setting that names the file, without the secret', () => {
  const [problem] = problemsOf(load('http: { tokenFile: HERE/t }\n', {}, { t: 'geheim' }));
  assert.equal(problem?.path, 'http.tokenFile');
  assert.equal(problem?.message, 'expected at least 16 characters');
});

test('a value of the wrong kind is told in the words of the file', () => {
  const told = (yaml: string) => problemsOf(load(yaml)).map(({ path, message }) => `${path}: ${message}`);
  assert.deepEqual(told('domains: [t2.test]\n'), ['domains.0: expected settings (name, aliases), not text']);
  assert.deepEqual(told('sip: { listen: 0.0.0.0:5070 }\n'), ['sip.listen: expected a list, not text']);
  assert.deepEqual(told('http: 8090\n'), [
    'http: expected settings (listen, token, tokens, names, rate), not a number',
  ]);
  assert.deepEqual(told('sip: { users: [{ user: 1001, password: 12 }] }\n'), [
    'sip.users.0.user: expected text, not a number; write it in quotes',
    'sip.users.0.password: expected text, not a number; write it in quotes',
  ]);
  assert.deepEqual(told('pbx: { name: main, type: simulated }\n'), ['pbx: expected a list, not settings']);
  assert.deepEqual(told('log:\n'), ['log: expected settings (level, format), and there is nothing']);
});

test('a word that is none of those there are is told which was meant', () => {
  const entry = (more: string) => `pbx:\n  - { name: main, type: asterisk, ${more} }\n`;
  const told = (yaml: string) => describe(problemsOf(load(yaml)), null).replace(/^\S+:\d+: /, '');
  assert.equal(
    told(entry('features: feepbx')),
    'pbx.0.features: expected one of freepbx, astdb (did you mean freepbx?)',
  );
  assert.match(told('log: { level: loud }\n'), /^log\.level: expected one of \S+, [^()]*$/);
  assert.match(told(entry('ami: { host: h, pass: x, password: y }')), /pass: unknown .*did you mean password\?/);
});

test('an address that is a port alone, and a list of no PBX, are told what is wanted at once', () => {
  assert.equal(problemsOf(load('sip: { listen: [] }\n'))[0]?.message, 'expected at least one entry');
  const told = (yaml: string) => problemsOf(load(yaml)).map(({ path, message }) => `${path}: ${message}`);
  assert.deepEqual(told('http: { listen: 8490 }\n'), ['http.listen: expected ADDRESS:PORT, an IPv6 address in []']);
  assert.deepEqual(told('pbx: []\n'), ['pbx: expected at least one PBX, with its name and type']);
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

test('what only looks like a variable of a setting is left alone, and one underscore too few is told', () => {
  assert.ok(load(null, { LAMPLIGHTER_HEALTH: 'http://127.0.0.1:8091/readyz', LAMPLIGHTER_CONFIG: '/etc/l.yaml' }).ok);
  const [problem] = problemsOf(load(null, { LAMPLIGHTER_STORE_PATH: '/var/lib/l.db' }));
  assert.equal(problem?.variable, 'LAMPLIGHTER_STORE_PATH');
  assert.match(problem?.message ?? '', /two underscores, __, go one level down/);
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
  assert.match(problemsOf(load('- a\n'))[0]?.message ?? '', /expected settings/);
  assert.match(problemsOf(load('hello\n'))[0]?.message ?? '', /expected settings/);
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

test('the upstream may come from the environment, and a wrong one in a list is named with its line', () => {
  const config = configOf(load(null, { LAMPLIGHTER_SIP__UPSTREAM: 'sip:192.0.2.5:5060' }));
  assert.equal(config.sip.upstream, 'sip:192.0.2.5:5060');
  const [problem] = problemsOf(load('sip:\n  upstream:\n    - sip:192.0.2.5\n    - 192.0.2.6\n'));
  assert.match(problem?.path ?? '', /^sip\.upstream/);
  assert.ok((problem?.line ?? 0) >= 2);
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

test('panel and API want a port that no listener for phones has', () => {
  const places = (sip: string, http: string) => load(`sip: { listen: ['${sip}'] }\nhttp: { listen: '${http}' }\n`);
  for (const [sip, http] of [
    ['tcp:0.0.0.0:8090', '127.0.0.1:8090'],
    ['tcp:127.0.0.1:8090', '127.0.0.1:8090'],
    ['ws:[::]:8090', '[::1]:8090'],
  ] as const) {
    const [problem, ...others] = problemsOf(places(sip, http));
    assert.deepEqual([problem?.path, problem?.line, others.length], ['http.listen', 2, 0], sip);
    assert.equal(problem?.message, `${sip} of sip.listen has this port`);
  }
  for (const [sip, http] of [
    ['udp:0.0.0.0:8090', '127.0.0.1:8090'],
    ['tcp:127.0.0.2:8090', '127.0.0.1:8090'],
    ['tcp:[::]:8090', '127.0.0.1:8090'],
    ['tcp:127.0.0.1:0', '127.0.0.1:0'],
  ] as const) {
    assert.ok(places(sip, http).ok, sip);
  }
});

test('a user of one name and domain is written once: of two passwords nobody would know which counts', () => {
  const users = (second: string) =>
    `domain: a.test\ndomains: [ { name: b.test } ]\nsip:\n  users:\n    - { user: '1001', password: one }\n    - { user: '1001', ${second}password: two }\n`;
  const [problem, ...others] = problemsOf(load(users('')));
  assert.deepEqual([problem?.path, problem?.line, others.length], ['sip.users.1.user', 6, 0]);
  assert.equal(problem?.message, 'there is another user 1001@a.test');
  assert.ok(load(users('domain: b.test, ')).ok);
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
  const twice =
    'domain: north.test\ndomains: [{ name: north.test }]\ngroups: [{ name: a, extensions: "1", domain: east.test }]\n';
  const messages = problemsOf(load(twice)).map(({ path, message }) => `${path}: ${message}`);
  assert.ok(messages.includes('groups.0.domain: expected one of north.test'), messages.join('\n'));
});

test('a profile names the order in which a phone of one lamp chooses, and how it takes a call; the rest is as usual', () => {
  const yaml = `phones:
  profiles:
    - { name: Kamailio, match: SPA, dialogs: single, rank: [early, confirmed, proceeding, trying], idleAtEnd: dummy }
    - { name: Snom, match: ^snom, pickup: replaces }
    - { name: Polycom, match: Poly, pickup: code, pickupCode: '*8' }
`;
  const profileFor = chooseProfile(configOf(load(yaml)).phones.profiles);
  const { rank, idleAtEnd, pickup } = profileFor('Cisco/SPA508G');
  assert.deepEqual([rank, idleAtEnd, pickup], [['early', 'confirmed', 'proceeding', 'trying'], 'dummy', 'none']);
  assert.equal(profileFor('snomD785/10').pickup, 'replaces');
  assert.deepEqual([profileFor('PolycomVVX').pickup, profileFor('PolycomVVX').pickupCode], ['code', '*8']);
  assert.deepEqual(profileFor(null).rank, ['ringing', 'talking', 'holding', 'calling', 'trying']);
});

test('a phone that is known to want otherwise gets it, and what the admin says goes before', () => {
  const usual = chooseProfile([]);
  assert.equal(usual('Yealink SIP-T46S 66.85.0.5'), defaultProfile);
  assert.equal(usual(null), defaultProfile);
  for (const spa of ['Cisco/SPA504G-7.6.2c', 'Linksys/SPA962-6.1.5(a)', 'Sipura/SPA841-3.1.4']) {
    const { dialogs, callerConfirmed } = usual(spa);
    assert.deepEqual([dialogs, callerConfirmed], ['single', true], spa);
    assert.equal(usual(spa), usual(spa), 'one object, for what is written is kept by it');
  }
  for (const other of ['Acme Cisco/SPA504G', 'Cisco-CP8861-3PCC/11.3', 'MySPA'])
    assert.equal(usual(other), defaultProfile);
  const yaml = `phones:
  profiles:
    - { name: Many, match: SPA525, dialogs: multi }
    - { name: Quick, match: ., notifyMinIntervalMs: 0 }
`;
  const profileFor = chooseProfile(configOf(load(yaml)).phones.profiles);
  const many = profileFor('Cisco/SPA525G2-7.4.9c');
  assert.deepEqual([many.name, many.dialogs, many.callerConfirmed], ['Many', 'multi', true]);
  const quick = profileFor('Cisco/SPA504G-7.6.2c');
  assert.deepEqual([quick.name, quick.dialogs, quick.notifyMinIntervalMs], ['Quick', 'single', 0]);
  assert.equal(profileFor('snom').dialogs, 'multi');
});

test('an unknown kind of call, one named twice, and a pickup code that no phone dials are named', () => {
  const wrong = (setting: string) =>
    problemsOf(load(`phones:\n  profiles:\n    - { name: a, match: b, ${setting} }\n`)).map(({ path }) => path);
  assert.deepEqual(wrong('rank: [early, terminated]'), ['phones.profiles.0.rank.1']);
  assert.deepEqual(wrong('rank: [early, early]'), ['phones.profiles.0.rank']);
  assert.deepEqual(wrong('rank: []'), ['phones.profiles.0.rank']);
  for (const code of ['**;x=y', 'sip:', '**%', ' ', '1'.repeat(9)]) {
    assert.deepEqual(wrong(`pickupCode: '${code}'`), ['phones.profiles.0.pickupCode'], code);
  }
});

test('who may publish for whom: patterns on whole numbers, of one domain; their extensions are known, features are apart', () => {
  const yaml = `domain: north.test
domains: [{ name: south.test }]
publish:
  rights:
    - { publishers: 'branch\\d', extensions: '7\\d{3}' }
    - { publishers: desk, extensions: '100\\d', features: true }
    - { publishers: desk, extensions: '10\\d\\d' }
    - { publishers: '.*', extensions: '8\\d', domain: south.test }
`;
  const config = configOf(load(yaml));
  assert.deepEqual([config.publish.minExpires, config.publish.maxExpires], [60, 3600]);
  const { of, covers } = publishRights(config);
  const right = (who: string, whose: string, domain = 'north.test') => of(aorOf(who, domain), aorOf(whose, domain));
  assert.deepEqual(
    [right('branch1', '7001'), right('branch1', '70011'), right('xbranch1', '7001')],
    ['state', 'none', 'none'],
  );
  assert.deepEqual(
    [right('desk', '1001'), right('desk', '1011'), right('desk', '7001')],
    ['features', 'state', 'none'],
  );
  assert.deepEqual([right('a', '81'), right('a', '81', 'south.test')], ['none', 'state']);
  const known = (user: string, domain: string) => covers(aorOf(user, domain));
  assert.deepEqual(
    [known('7001', 'north.test'), known('7001', 'south.test'), known('81', 'south.test')],
    [true, false, true],
  );
  const wrong = (setting: string) => problemsOf(load(`publish: { ${setting} }\n`)).map(({ path }) => path);
  assert.deepEqual(wrong('minExpires: 100, maxExpires: 99'), ['publish.minExpires']);
  assert.deepEqual(wrong('minExpires: 0'), ['publish.minExpires']);
  assert.deepEqual(wrong("rights: [{ publishers: '(', extensions: a }]"), ['publish.rights.0.publishers']);
  assert.deepEqual(wrong('rights: [{ publishers: a, extensions: b, domain: c.test }]'), ['publish.rights.0.domain']);
  assert.deepEqual(wrong('rights: [{ publishers: a }]'), ['publish.rights.0.extensions']);
});

test('who may take whose calls: patterns on whole numbers, within a domain, and never for nobody', () => {
  const yaml = `phones:
  pickup:
    - { watchers: '10\\d\\d|boss', extensions: '10\\d\\d' }
    - { watchers: '2001', extensions: '.*' }
`;
  const may = pickupRights(configOf(load(yaml)).phones.pickup);
  const asks = (watcher: string, whose: string) =>
    may(aorOf(watcher, 'lamplighter.test'), aorOf(whose, 'lamplighter.test'));
  for (const [who, whose] of [
    ['1001', '1002'],
    ['boss', '1002'],
    ['2001', '9'],
    ['1001', '1001'],
  ] as const) {
    assert.ok(asks(who, whose), `${who} ${whose}`);
  }
  for (const [who, whose] of [
    ['1001', '2001'],
    ['1001', '10020'],
    ['91001', '1002'],
    ['bossy', '1002'],
    ['2002', '1001'],
  ] as const) {
    assert.ok(!asks(who, whose), `${who} ${whose}`);
  }
  assert.ok(!may(aorOf('1001', 'other.test'), aorOf('1002', 'lamplighter.test')));
  assert.ok(!may(null, aorOf('1002', 'lamplighter.test')), 'a trusted source without a name is nobody');
  assert.ok(!pickupRights([])(aorOf('1001', 'lamplighter.test'), aorOf('1001', 'lamplighter.test')));
});

test('groups are of the domain, or of the one they name, once each', () => {
  const yaml = (groups: string) => `domain: a.test\ndomains: [{ name: b.test }]\ngroups: [${groups}]\n`;
  const [sales, others] = groupsOf(
    configOf(load(yaml("{ name: sales, extensions: '20\\d\\d' }, { name: others, extensions: '.*', domain: B.test }"))),
  );
  assert.deepEqual([sales?.domain, others?.domain], ['a.test', 'b.test']);
  assert.ok(sales?.extensions.test('2001') && !sales.extensions.test('12001') && !sales.extensions.test('20011'));
  const paths = (groups: string) => problemsOf(load(yaml(groups))).map(({ path }) => path);
  assert.deepEqual(paths("{ name: a, extensions: '1' }, { name: a, extensions: '2' }"), ['groups.1.name']);
  assert.deepEqual(paths("{ name: a, extensions: '1', domain: c.test }"), ['groups.0.domain']);
  assert.deepEqual(paths("{ name: 'a b', extensions: '(' }"), ['groups.0.name', 'groups.0.extensions']);
});
