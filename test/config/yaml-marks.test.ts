import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { z } from 'zod';
import { migrateConfig } from '../../src/cli/migrate-config.ts';
import { readDoor } from '../../src/config/door.ts';
import { loadConfig } from '../../src/config/load.ts';
import { describe } from '../../src/config/problems.ts';

const folder = mkdtempSync(join(tmpdir(), 'lamplighter-marks-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'l.yaml');

function load(yaml: string, environment: Record<string, string> = {}) {
  writeFileSync(file, yaml);
  const options = z.looseObject({});
  return loadConfig({ file, environment, optionsOf: () => options, adapterTypes: ['simulated'] });
}

/** Lines of problems, without the folder; none: it is right. */
function told(yaml: string): readonly string[] {
  const result = load(yaml);
  return result.ok ? [] : describe(result.problems, file).replaceAll(`${folder}/`, '').split('\n');
}

const phone = (code: string) => `phones:
  profiles:
    - { name: a, match: a }
    - name: b
      match: b
      pickup: code
      pickupCode: ${code}
`;

test('a feature code without quotes is told with its place, and how to write it', () => {
  assert.deepEqual(told(phone("'*8'")), []);
  const why = 'YAML reads it as an alias, and no anchor &8 comes before it';
  assert.deepEqual(told(phone('*8')), [
    `l.yaml:7: phones.profiles.1.pickupCode: *8 must be written in quotes, '*8': ${why}`,
  ]);
  const cases: readonly (readonly [string, RegExp])[] = [
    ['aliases: [a.test, *x]\n', /^l\.yaml:1: aliases\.1: \*x must be written in quotes, '\*x'/],
    ['*8\n', /^l\.yaml:1: \*8 must be written in quotes/],
    ['log:\n  *level : info\n', /^l\.yaml:2: log: \*level must be written in quotes/],
    [`domain: *b\naliases: [&b b.test]\n`, /^l\.yaml:1: domain: \*b must .*no anchor &b comes before it/],
    [phone('**'), /:7: phones.profiles.1.pickupCode: \*\* must be written in quotes, '\*\*'/],
    [phone('*'), /^l\.yaml:7: .*write it in quotes$/],
    [phone('@8'), /^l\.yaml:7: .*write it in quotes$/],
    [phone('&8'), /:7: phones.profiles.1.pickupCode: &8 must be written in quotes, '&8': .*anchor/],
    [phone('!8'), /:7: phones.profiles.1.pickupCode: !8 must be written in quotes, '!8': .*tag/],
    ['domain: !secret x\n', /^l\.yaml:1: domain: !secret must be written in quotes/],
    ['domain: !!binary aGk=\n', /^l\.yaml:1: domain: !!binary must be/],
    ['log: !replace { level: info }\n', /^l\.yaml:1: log: !replace is for lists$/],
    ['log:\n  <<: { level: info }\n', /^l\.yaml:2: log\.<<: YAML 1\.2 has no <</],
  ];
  for (const [yaml, expected] of cases) {
    const [line = '', ...more] = told(yaml);
    assert.match(line, expected, yaml);
    assert.deepEqual(more, [], yaml);
  }
});

test('every one of them is told at once', () => {
  const lines = told('domain: *a\naliases: [*b, &c]\n');
  assert.deepEqual(
    lines.map((line) => line.split(' must')[0]),
    ['l.yaml:1: domain: *a', 'l.yaml:2: aliases.0: *b', 'l.yaml:2: aliases.1: &c'],
  );
});

test('anchors, aliases and the tags of every YAML are read as they always were', () => {
  const result = load(
    "domain: &d a.test\naliases: [*d, ! b.test, !!str c.test]\nsip: { listen: !replace ['udp:[::1]:5070'] }\n",
  );
  assert.ok(result.ok, result.ok ? '' : describe(result.problems, file));
  assert.deepEqual(result.config.aliases, ['a.test', 'b.test', 'c.test']);
});

test('aliases that make a file endless, or far too large, are problems of their file', () => {
  assert.match(told('log: &l { level: *l }\n').join(), /^l\.yaml:1: log\.level: \*l stands within what it stands for$/);
  const levels = Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(10)}]\n`);
  assert.deepEqual(told(`a0: &a0 [x]\n${levels.join('')}`), [
    'l.yaml: too many aliases; write out what they stand for',
  ]);
  assert.deepEqual(told('%YAML 1.1\n---\nlog: { <<: 5 }\n'), ['l.yaml: Merge sources must be maps or map aliases']);
});

test('a file of conf.d is named, and the other one is not', () => {
  mkdirSync(join(folder, 'conf.d'));
  writeFileSync(join(folder, 'conf.d/10.yaml'), phone('*8'));
  try {
    assert.match(told('version: 1\n').join('\n'), /^conf\.d\/10\.yaml:7: [^\n]*$/);
  } finally {
    rmSync(join(folder, 'conf.d'), { recursive: true });
  }
});

test('migrate-config tells the same and writes nothing; commands leave it to check-config', () => {
  writeFileSync(file, phone('*8'));
  const said = { out: '', err: '' };
  const terminal = {
    out: (text: string) => {
      said.out += text;
    },
    err: (text: string) => {
      said.err += text;
    },
  };
  assert.equal(migrateConfig(file, { dryRun: false, json: false }, terminal), 2);
  assert.equal(said.out, '');
  assert.match(said.err, /l\.yaml:7: phones\.profiles\.1\.pickupCode: \*8 must be written in quotes/);
  assert.equal(readDoor(file, {}), null);
});

test('a variable that sets one PBX sets no other that an alias made like it', () => {
  const yaml = `pbx:
  - { name: a, type: simulated, ami: &ami { host: one, port: 1 } }
  - { name: b, type: simulated, ami: *ami }
`;
  const result = load(yaml, { LAMPLIGHTER_PBX__0__AMI__HOST: 'two' });
  assert.ok(result.ok);
  assert.deepEqual(
    result.config.pbx.map((one) => (one as { ami?: unknown }).ami),
    [
      { host: 'two', port: 1 },
      { host: 'one', port: 1 },
    ],
  );
});

test('a variable may begin like an anchor, an alias or a tag: it is the text', () => {
  for (const text of ['&8', '!8', '*8', '!secret x']) {
    const result = load('version: 1\n', { LAMPLIGHTER_STORE__PATH: text });
    assert.equal(result.ok ? result.config.store.path : null, text);
  }
});
