import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { z } from 'zod';
import { effective } from '../../src/config/effective.ts';
import { type Loaded, type LoadResult, loadConfig } from '../../src/config/load.ts';
import { describe as describeProblems } from '../../src/config/problems.ts';

let folder: string;
let file: string;
// Of this file alone: others share its process (test/run/files.ts).
describe('conf.d and the environment', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lamplighter-drop-in-'));
    file = join(folder, 'lamplighter.yaml');
    mkdirSync(join(folder, 'conf.d'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const options = z.looseObject({});

  function load(files: Record<string, string>, environment: Record<string, string> = {}): LoadResult {
    for (const [name, text] of Object.entries(files))
      writeFileSync(join(folder, name), text.replaceAll('HERE', folder));
    return loadConfig({ file, environment, optionsOf: () => options, adapterTypes: ['simulated'] });
  }

  function right(result: LoadResult): Loaded {
    assert.ok(result.ok, result.ok ? '' : describeProblems(result.problems, result.file));
    return result;
  }

  test('settings are laid over each other in the order of names; lists are appended, or replaced where it is said', () => {
    const { config, files } = right(
      load({
        'lamplighter.yaml': `version: 1
domain: a.example
sip: { listen: ['udp:127.0.0.1:5070'], digest: md5 }
groups: [{ name: one, extensions: '1' }]
features: { policy: { allow: ['^9'] } }
`,
        'conf.d/20-late.yml': 'domain: late.example\ngroups: [{ name: three, extensions: "3" }]\n',
        'conf.d/10-early.yaml': `domain: early.example
sip: { listen: !replace ['tcp:127.0.0.1:5999'] }
groups: [{ name: two, extensions: '2' }]
features: { policy: { allow: ['^8'], deny: ['^900'] } }
`,
        'conf.d/30-off.yaml.bak': 'domain: never.example\n',
        'conf.d/.hidden.yaml': 'domain: never.example\n',
        'conf.d/40-empty.yaml': '# nothing\n',
      }),
    );
    assert.equal(config.domain, 'late.example');
    assert.deepEqual(config.sip.listen, ['tcp:127.0.0.1:5999']);
    assert.equal(config.sip.digest, 'md5');
    assert.deepEqual(
      config.groups.map(({ name }) => name),
      ['one', 'two', 'three'],
    );
    assert.deepEqual(config.features.policy, { allow: ['^9', '^8'], deny: ['^900'] });
    assert.deepEqual(
      files.map((path) => path.slice(folder.length + 1)),
      ['lamplighter.yaml', 'conf.d/10-early.yaml', 'conf.d/20-late.yml', 'conf.d/40-empty.yaml'],
    );
  });

  test('what is wrong is named in its own file, by its own line, with the place it has in the whole', () => {
    const result = load({
      'lamplighter.yaml': 'version: 1\ngroups:\n  - name: one\n    extensions: "1"\nlog: { levle: info }\n',
      'conf.d/10.yaml': '# mine\ngroups:\n  - name: two\n    extension: "2"\n',
      'conf.d/20.yaml': 'groups:\n  - name: "bad name!"\n    extensions: "3"\n',
    });
    assert.ok(!result.ok);
    const places = result.problems.map((one) => [one.path, one.file?.slice(folder.length + 1), one.line]);
    assert.deepEqual(places, [
      ['log.levle', 'lamplighter.yaml', 5],
      ['groups.1.extensions', 'conf.d/10.yaml', 3],
      ['groups.1.extension', 'conf.d/10.yaml', 4],
      ['groups.2.name', 'conf.d/20.yaml', 2],
    ]);
    assert.match(describeProblems(result.problems, file), /conf\.d\/20\.yaml:2: groups\.2\.name: expected letters/);
  });

  test('a PBX that is named twice is said where it stands the second time', () => {
    const result = load({
      'lamplighter.yaml': 'pbx: [{ name: main, type: simulated }]\n',
      'conf.d/10.yaml': '\n\npbx:\n  - name: main\n    type: simulated\n',
    });
    assert.ok(!result.ok);
    assert.deepEqual(
      result.problems.map(({ path, line }) => [path, line]),
      [['pbx.1.name', 4]],
    );
  });

  test('a file that is no YAML, or no settings, is named; the others are not blamed', () => {
    const broken = load({ 'lamplighter.yaml': 'version: 1\n', 'conf.d/10.yaml': 'domain: [\n' });
    assert.ok(!broken.ok && broken.problems.every((one) => one.file?.endsWith('10.yaml')));
    const list = load({ 'conf.d/10.yaml': '- a\n- b\n' });
    assert.ok(!list.ok);
    assert.match(describeProblems(list.problems, file), /10\.yaml:1: expected settings, each as `name: value`/);
  });

  test('a key of JavaScript is an unknown setting like any other, and reaches nothing', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const result = load({ 'lamplighter.yaml': 'version: 1\n', 'conf.d/10.yaml': `${name}: { polluted: 1 }\n` });
      assert.ok(!result.ok, name);
      assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
    }
  });

  test('of each value it is known where it came from: file and line, variable, default; of what was laid over, the last', () => {
    const { config, source } = right(
      load(
        {
          'lamplighter.yaml': `version: 1
domain: a.example
http:
  listen: 127.0.0.1:8091
  tokenFile: HERE/token
log: { level: warn }
pbx:
  - name: main
    type: simulated
    ami: { password: open-sesame, host: h }
    db: postgres://joe:sesame@db.example/x
    secrets: [sesame-1, sesame-2]
    credentials: { user: joe, pass: sesame-3 }
    other: postgres://joe:se/sesame@5@db.example/x
    hook: https://hook.example/x?key=sesame-6
`,
          token: 'a-very-secret-token\n',
          'conf.d/10.yaml': '\nlog:\n  level: error\n',
        },
        { LAMPLIGHTER_SIP__DIGEST: 'md5' },
      ),
    );
    const { settings, config: shown } = effective(config, source);
    const of = (path: string) => {
      const found = settings.find((one) => one.path === path);
      return [found?.value, found?.origin.replace(`${folder}/`, '')];
    };
    assert.deepEqual(of('domain'), ['a.example', 'lamplighter.yaml:2']);
    assert.deepEqual(of('http.listen'), ['127.0.0.1:8091', 'lamplighter.yaml:4']);
    assert.deepEqual(of('http.token'), ['[hidden]', 'lamplighter.yaml:5']);
    assert.deepEqual(of('log.level'), ['error', 'conf.d/10.yaml:3']);
    assert.deepEqual(of('sip.digest'), ['md5', 'LAMPLIGHTER_SIP__DIGEST']);
    assert.deepEqual(of('sip.auth'), ['pbx', 'default']);
    assert.deepEqual(of('pbx.0.ami.password'), ['[hidden]', 'lamplighter.yaml:10']);
    assert.deepEqual(of('pbx.0.secrets'), ['[hidden]', 'lamplighter.yaml:12']);
    assert.deepEqual(of('pbx.0.credentials.user'), ['joe', 'lamplighter.yaml:13']);
    assert.deepEqual(of('pbx.0.db'), ['postgres://joe:[hidden]@db.example/x', 'lamplighter.yaml:11']);
    assert.equal(of('pbx.0.other')[0], 'postgres://joe:[hidden]@db.example/x');
    assert.equal(of('pbx.0.hook')[0], 'https://hook.example/x?[hidden]');
    const text = JSON.stringify([settings, shown]);
    for (const secret of ['a-very-secret-token', 'sesame']) assert.ok(!text.includes(secret), secret);
  });

  test('neither a pipe that nobody writes to nor a file without end keeps a reload waiting, whether settings or a secret', () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    symlinkSync('/dev/zero', join(folder, 'endless'));
    const cases = [
      ['pipe', 'is a pipe, not a file'],
      ['endless', 'is larger than 4 MB'],
    ] as const;
    for (const [name, said] of cases) {
      symlinkSync(join(folder, name), join(folder, 'conf.d/10.yaml'));
      const settings = load({ 'lamplighter.yaml': 'version: 1\n' });
      rmSync(join(folder, 'conf.d/10.yaml'));
      assert.deepEqual(settings.ok ? null : settings.problems.map(({ message }) => message), [said]);
      const secret = load({ 'lamplighter.yaml': `version: 1\nhttp: { tokenFile: HERE/${name} }\n` });
      assert.deepEqual(secret.ok ? null : secret.problems.map(({ message }) => message), [
        `${join(folder, name)}: ${said}`,
      ]);
    }
  });
});
