import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { isMap } from 'yaml';
import { z } from 'zod';
import { migrateConfig } from '../../src/cli/migrate-config.ts';
import type { Versions } from '../../src/config/documents.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type Migration, migrations } from '../../src/config/migrate.ts';
import { describe as describeProblems } from '../../src/config/problems.ts';
import { currentVersion } from '../../src/config/version.ts';

/** Two that there might be: a setting that moves, and one that is spelt otherwise. */
const moved: Migration = {
  from: 1,
  does: 'logLevel is log.level',
  apply: (document) => {
    if (!document.has('logLevel')) return;
    document.setIn(['log', 'level'], document.get('logLevel'));
    document.delete('logLevel');
  },
};
const respelt: Migration = {
  from: 2,
  does: 'a group has extensions, not pattern',
  apply: (document) => {
    const groups = document.get('groups', true);
    for (const group of (groups as { items?: unknown[] } | undefined)?.items ?? []) {
      const pair = isMap(group) ? group.items.find((one) => String(one.key) === 'pattern') : undefined;
      if (pair !== undefined) pair.key = 'extensions';
    }
  },
};
const versions: Versions = { migrations: [moved, respelt], current: 3 };

const old = `# the house
version: 1 # first
logLevel: warn
groups:
  # the desk
  - name: desk
    pattern: '10.' # ten
`;

let folder: string;
let file: string;
// Of this file alone: others share its process (test/run/files.ts).
describe('files of an older version', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lamplighter-migrate-'));
    file = join(folder, 'lamplighter.yaml');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function write(text: string, name = 'lamplighter.yaml'): void {
    mkdirSync(join(folder, 'conf.d'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }

  /** The schema knows version 1 alone; what is under test is what becomes of the files. */
  function load(known: Versions | null = versions) {
    const environment = { LAMPLIGHTER_VERSION: '1' };
    const simulated = z.strictObject({});
    return loadConfig({
      file,
      environment,
      optionsOf: () => simulated,
      adapterTypes: ['simulated'],
      ...(known === null ? {} : { versions: known }),
    });
  }

  function run(dryRun = false, json = false) {
    const said = { out: '', err: '' };
    const terminal = {
      out: (text: string) => {
        said.out += text;
      },
      err: (text: string) => {
        said.err += text;
      },
    };
    const code = migrateConfig(file, { dryRun, json }, terminal, versions);
    return { code, ...said };
  }

  test('the migrations there are lead from every version to the present one, each once', () => {
    assert.deepEqual(
      migrations.map(({ from }) => from),
      Array.from({ length: currentVersion - 1 }, (_, index) => index + 1),
    );
  });

  describe('a file of an older version', () => {
    test('is read as the present one, in memory, and says what was done', () => {
      write(old);
      const result = load();
      assert.ok(result.ok, result.ok ? '' : describeProblems(result.problems, file));
      assert.equal(result.config.log.level, 'warn');
      assert.equal(result.config.groups[0]?.extensions, '10.');
      assert.deepEqual(result.migrated, [
        `${file}: 1 → 2: logLevel is log.level`,
        `${file}: 2 → 3: a group has extensions, not pattern`,
      ]);
      assert.equal(readFileSync(file, 'utf8'), old, 'the file is left alone');
    });

    test('without a version is of the first', () => {
      write(old.replace('version: 1 # first\n', ''));
      const result = load();
      assert.ok(result.ok && result.config.log.level === 'warn');
      assert.equal(result.migrated.length, 2);
    });

    test('has its problems at the lines of the file as it stands', () => {
      write(`${old}lists: nonsense\n`);
      const result = load();
      assert.ok(!result.ok);
      assert.deepEqual(
        result.problems.map(({ path, line }) => [path, line]),
        [['lists', 8]],
      );
    });

    test('with files of conf.d: each has its own version, or that of the file', () => {
      write(old);
      write('groups: [{ name: night, pattern: "20." }]\n', 'conf.d/10.yaml');
      write('version: 3\ngroups: [{ name: day, extensions: "30." }]\n', 'conf.d/20.yaml');
      const result = load();
      assert.ok(result.ok, result.ok ? '' : describeProblems(result.problems, file));
      assert.deepEqual(
        result.config.groups.map(({ name, extensions }) => [name, extensions]),
        [
          ['desk', '10.'],
          ['night', '20.'],
          ['day', '30.'],
        ],
      );
    });
  });

  describe('a version that cannot be read', () => {
    for (const [text, expected] of [
      ['version: 4', /version 4 is newer than this Lamplighter, which reads up to 3: upgrade it/],
      ['version: "1"', /expected the number of a version, 1 to 3/],
      ['version: 0', /expected the number of a version/],
      ['version: 1.5', /expected the number of a version/],
      ['version: [1]', /expected the number of a version/],
    ] as const) {
      test(`${text} is said at its line`, () => {
        write(`# first\n${text}\n`);
        const result = load();
        assert.ok(!result.ok);
        const [problem, ...more] = result.problems;
        assert.deepEqual(more, []);
        assert.deepEqual([problem?.path, problem?.line], ['version', 2]);
        assert.match(problem?.message ?? '', expected);
        assert.equal(run().code, 2);
      });
    }

    test('a newer one is refused by the migrations there are', () => {
      write(`version: ${currentVersion + 1}\n`);
      const result = load(null);
      assert.ok(!result.ok && /is newer than this Lamplighter/.test(result.problems[0]?.message ?? ''));
    });
  });

  describe('migrate-config', () => {
    test('writes what was read, with its comments, and keeps the old file with its mode', () => {
      write(old);
      chmodSync(file, 0o640);
      const { code, out } = run();
      assert.equal(code, 0);
      assert.match(out, /1 → 2: logLevel is log\.level\n.*2 → 3: .*\n.*written; as it was: .*lamplighter\.yaml\.bak/);
      const text = readFileSync(file, 'utf8');
      for (const kept of ['# the house', '# first', '# the desk', '# ten']) assert.ok(text.includes(kept), kept);
      assert.match(text, /version: 3/);
      assert.equal(statSync(file).mode & 0o777, 0o640);
      assert.equal(readFileSync(`${file}.bak`, 'utf8'), old);
      assert.equal(statSync(`${file}.bak`).mode & 0o777, 0o640);
      const again = run();
      assert.equal(again.out, `${file}: nothing to do\n`);
      assert.equal(existsSync(`${file}.bak.2`), false);
      const result = load();
      assert.ok(result.ok && result.config.log.level === 'warn' && result.migrated.length === 0);
    });

    test('never writes over an older backup', () => {
      write(old);
      write('precious', 'lamplighter.yaml.bak');
      assert.equal(run().code, 0);
      assert.equal(readFileSync(`${file}.bak`, 'utf8'), 'precious');
      assert.equal(readFileSync(`${file}.bak.2`, 'utf8'), old);
    });

    test('--dry-run says the same and writes nothing; --json is for programs', () => {
      write(old);
      write('pbx: []\n', 'conf.d/10.yaml');
      const { out } = run(true);
      assert.match(out, /1 → 2: .*not written \(--dry-run\)/s);
      assert.equal(readFileSync(file, 'utf8'), old);
      const told = JSON.parse(run(true, true).out) as { files: { file: string; steps: string[]; backup: null }[] };
      assert.deepEqual(
        told.files.map(({ file: path, steps, backup }) => [path, steps.length, backup]),
        [
          [file, 2, null],
          [join(folder, 'conf.d/10.yaml'), 2, null],
        ],
      );
    });

    test('writes none where one of them is wrong, and says where', () => {
      write(old);
      write('groups: [\n', 'conf.d/10.yaml');
      const { code, err } = run();
      assert.equal(code, 2);
      assert.match(err, /conf\.d\/10\.yaml:\d/);
      assert.equal(readFileSync(file, 'utf8'), old);
      rmSync(file);
      assert.match(run().err, /no such file/);
    });
  });
});
