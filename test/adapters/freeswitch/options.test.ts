import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { extensionsOf, freeswitchOptions } from '../../../adapters/freeswitch/options.ts';
import { adapterKinds, adapterOptions } from '../../../adapters/index.ts';
import { type LoadResult, loadConfig } from '../../../src/config/load.ts';

const esl = { password: 'x' };

/** A configuration file with these lines of the PBX. */
function load(lines: string, environment: Record<string, string> = {}): LoadResult {
  const folder = mkdtempSync(join(tmpdir(), 'lamplighter-freeswitch-'));
  try {
    writeFileSync(join(folder, 'esl'), 'from-a-file\n');
    const file = join(folder, 'lamplighter.yaml');
    writeFileSync(file, `pbx:\n  - name: main\n    type: freeswitch\n    ${lines.replaceAll('HERE', folder)}\n`);
    const adapterTypes = Object.keys(adapterKinds);
    return loadConfig({ file, environment, optionsOf: adapterOptions, adapterTypes });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function problems(lines: string): string[] {
  const result = load(lines);
  assert.equal(result.ok, false, `accepted: ${lines}`);
  return result.ok ? [] : result.problems.map(({ path, message }) => `${path}: ${message}`);
}

describe('the options of type: freeswitch', () => {
  test('a password is enough: a sidecar on this host, with features in mod_db', () => {
    const options = freeswitchOptions.parse({ esl });
    assert.deepEqual(options.esl, { host: '127.0.0.1', port: 8021, password: 'x' });
    assert.deepEqual([options.mode, options.features], ['sidecar', 'db']);
    assert.deepEqual(options.profiles, ['internal']);
    assert.deepEqual(freeswitchOptions.parse(options), options, 'parsing what has been parsed changes nothing');
  });

  test('the password may stand in a file of its own, and every key in the environment', () => {
    const result = load('esl: { passwordFile: HERE/esl, user: lamplighter@pbx.example }', {
      LAMPLIGHTER_PBX__0__ESL__PORT: '8022',
      LAMPLIGHTER_PBX__0__MODE: 'native',
    });
    assert.ok(result.ok, JSON.stringify(result));
    const [pbx] = result.config.pbx;
    const expected = { host: '127.0.0.1', port: 8022, user: 'lamplighter@pbx.example', password: 'from-a-file' };
    assert.deepEqual(pbx?.['esl'], expected);
    assert.equal(pbx?.['mode'], 'native');
  });

  test('an error names the place and what was expected', () => {
    assert.deepEqual(
      problems('mode: sidecar').map((it) => it.split(':')[0]),
      ['pbx.0.esl'],
    );
    assert.match(problems('esl: { password: x, pasword: y }')[0] ?? '', /^pbx\.0\.esl\.pasword: .*password/);
    assert.match(problems('esl: { password: x, port: 0 }')[0] ?? '', /^pbx\.0\.esl\.port: /);
    assert.match(problems('esl: { password: x, user: lamplighter }')[0] ?? '', /^pbx\.0\.esl\.user: .*user@domain/);
    assert.match(problems('esl: { password: x }\n    mode: nativ')[0] ?? '', /^pbx\.0\.mode: /);
    assert.match(problems('esl: { password: x }\n    features: freepbx')[0] ?? '', /^pbx\.0\.features: /);
    assert.match(problems('esl: { password: x }\n    profiles: ["a b"]')[0] ?? '', /^pbx\.0\.profiles\.0: /);
    assert.match(problems('esl: { password: x }\n    pollSeconds: 0')[0] ?? '', /^pbx\.0\.pollSeconds: /);
    assert.match(
      problems('esl: { password: x }\n    extensions: ["1002-1001"]')[0] ?? '',
      /^pbx\.0\.extensions\.0: .*backwards/,
    );
    assert.match(
      problems('esl: { password: x }\n    extensions: [1001]')[0] ?? '',
      /^pbx\.0\.extensions\.0: .*in quotes/,
    );
    assert.match(
      problems('esl: { password: x }\n    extensions: ["1@a b"]')[0] ?? '',
      /^pbx\.0\.extensions\.0: .*domain/,
    );
  });

  test('every key says what it is', () => {
    const undescribed: string[] = [];
    const visit = (node: unknown, path: string): void => {
      const { properties = {} } = node as { properties?: Record<string, { description?: string }> };
      for (const [name, child] of Object.entries(properties)) {
        if (!child.description) undescribed.push(`${path}${name}`);
        visit(child, `${path}${name}.`);
      }
    };
    const schema = z.toJSONSchema(freeswitchOptions, { io: 'input' });
    visit(schema, '');
    assert.ok(Object.keys(schema.properties ?? {}).length > 5);
    assert.deepEqual(undescribed, []);
  });

  test('native mode with the features of FusionPBX, whose script answers phones too, is refused in the file', () => {
    assert.match(
      problems('esl: { password: x }\n    mode: native\n    features: fusionpbx').join(),
      /^pbx\.0\.mode: expected sidecar or observe/,
    );
    for (const mode of ['sidecar', 'observe']) {
      assert.ok(load(`esl: { password: x }\n    mode: ${mode}\n    features: fusionpbx`).ok, mode);
    }
  });

  test('a login with a line break would be a command: refused', () => {
    for (const evil of [
      { password: 'x\n\napi reloadxml' },
      { password: 'x', user: 'a@b\nc' },
      { password: 'x', host: 'h\r' },
    ]) {
      assert.equal(freeswitchOptions.safeParse({ esl: evil }).success, false, JSON.stringify(evil));
    }
    assert.equal(freeswitchOptions.safeParse({ esl: { password: '' } }).success, false);
    assert.equal(freeswitchOptions.safeParse({ esl, emptyTarget: 'a<b>' }).success, false);
  });

  test('extensions stand with or without their domain, each once', () => {
    const { extensions } = freeswitchOptions.parse({
      esl,
      extensions: ['0998-1000', '200@T2.test', '0999', 'anna@t2.test'],
    });
    assert.deepEqual(extensionsOf(extensions, 'lab.test'), [
      '0998@lab.test',
      '0999@lab.test',
      '1000@lab.test',
      '200@t2.test',
      'anna@t2.test',
    ]);
  });
});
