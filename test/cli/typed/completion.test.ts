import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { program } from '../../../src/cli/program.ts';
import { processTerminal } from '../../../src/cli/terminal.ts';
import { treeOf } from '../../../src/cli/tree.ts';
import { aorOf } from '../../../src/model/aor.ts';
import { domain, running, viewOf } from '../../ops/fake-deps.ts';
import { installIn, runScript } from './shell.ts';
import { answering, foreign, typed } from './typed.ts';

const hasBash = existsSync('/bin/bash') || existsSync('/usr/bin/bash');

/** Names as a PBX may have them, and as nobody should have them. */
const nasty = ['$(touch hacked)', '`touch hacked`', '10;rm', "1'0", '*97', '-rf', '10 01', '10\n99', '~root', '!!'];

describe('lamplighter complete, which the scripts ask', () => {
  test('names extensions and subscriptions, and nothing that a shell would take for more', () =>
    running(async ({ url, hub }) => {
      for (const name of [...nasty, 'alice.b', '+49301']) hub.views.set(aorOf(name, domain), viewOf(name));
      const { code, out, err } = await typed(['complete', 'ext', '--url', url]);
      assert.deepEqual([code, err], [0, '']);
      assert.deepEqual(out.split('\n').sort(), ['', '+49301', '1001', '1002', 'alice.b']);
      assert.equal((await typed(['complete', 'id', '--url', url])).out, '');
    }));

  test('is silent where nothing answers, where it is no Lamplighter, and where the token is wrong', async () => {
    const silent = { code: 0, out: '', err: '' };
    assert.deepEqual(await typed(['complete', 'ext', '--url', 'http://127.0.0.1:9']), silent);
    assert.deepEqual(await typed(['complete', 'ext', '--config', '/nonexistent.yaml']), silent);
    assert.deepEqual(await typed(['complete', 'ext', '--url', 'nonsense']), silent);
    await foreign(answering({ '/api/v1/extensions': 'garbage' }), async (url) => {
      assert.deepEqual(await typed(['complete', 'ext', '--url', url]), silent);
    });
    await running(async ({ url }) => assert.deepEqual(await typed(['complete', 'ext', '--url', url]), silent), {
      token: 'a-long-enough-token',
    });
  });

  test('is no command that help shows', async () => {
    assert.doesNotMatch((await typed(['--help'])).out, /complete /);
  });
});

describe('completion in bash', { skip: hasBash ? false : 'there is no bash' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'lamplighter-bash-'));
  let script = '';
  before(async () => {
    installIn(folder);
    script = (await typed(['completion', 'bash'])).out;
    writeFileSync(join(folder, 'some-file.yaml'), '');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** What the tab key offers after each of these lines. */
  async function offered(lines: readonly string[], options = ''): Promise<string[][]> {
    const asked = lines.map(
      (line) => `COMP_LINE=${quoted(line)}; COMP_POINT=\${#COMP_LINE}; COMP_WORDS=(lamplighter)
_lamplighter 2>&1; printf '%s|' "\${COMPREPLY[@]}"; echo`,
    );
    const text = `${options}\n${script}\n${asked.join('\n')}\n`;
    const { code, out, err } = await runScript(['bash', '--norc', '--noprofile'], text, folder);
    assert.deepEqual([code, err], [0, '']);
    return out
      .trimEnd()
      .split('\n')
      .map((line) => line.split('|').filter((word) => word !== ''));
  }

  test('offers commands, options, features and shells, by what is typed of them', async () => {
    const [commands, s, options, features, state, shells, levels, none, file] = await offered([
      'lamplighter ',
      'lamplighter s',
      'lamplighter ext --',
      'lamplighter set 1001 cf',
      'lamplighter set 1001 dnd ',
      'lamplighter completion ',
      'lamplighter log-level  d',
      'lamplighter audit --limit ',
      'lamplighter check-config some',
    ]);
    const tree = treeOf(program(processTerminal()));
    assert.deepEqual(commands, [...tree.map(({ name }) => name), 'help']);
    assert.deepEqual(
      s,
      commands?.filter((name) => name.startsWith('s')),
    );
    assert.deepEqual(options, ['--json', '--no-header', '--config', '--url', '--help']);
    assert.deepEqual(features, ['cfa', 'cfb', 'cfna']);
    assert.deepEqual(state, ['on', 'off']);
    assert.deepEqual(shells, ['bash', 'zsh']);
    assert.deepEqual(levels, ['debug']);
    assert.deepEqual(none, []);
    assert.deepEqual(file, ['some-file.yaml']);
  });

  test('offers the extensions of the daemon that the line names, and where there is none, nothing', () =>
    running(async ({ url, hub }) => {
      for (const name of nasty) hub.views.set(aorOf(name, domain), viewOf(name));
      const lines = [
        `lamplighter ext --url ${url} `,
        `lamplighter --url ${url} ext 1002`,
        `lamplighter set --json --url ${url} 1001 cfa on 100`,
        `lamplighter kick --url ${url} `,
        `lamplighter subs --url ${url} --watcher 1`,
        'lamplighter ext --url http://127.0.0.1:9 ',
      ];
      const [all, , target, ids, watcher, absent] = await offered(lines);
      assert.deepEqual(all, ['1001', '1002']);
      assert.deepEqual(target, ['1001', '1002']);
      assert.deepEqual(ids, []);
      assert.deepEqual(watcher, ['1001', '1002']);
      assert.deepEqual(absent, []);
      assert.equal(existsSync(join(folder, 'hacked')), false);
    }));

  test('is registered for the command, works under set -u, and passes a check of its grammar', async () => {
    const [words] = await offered(['lamplighter aud'], 'set -u');
    assert.deepEqual(words, ['audit']);
    const { out } = await runScript(['bash', '--norc'], `${script}\ncomplete -p lamplighter`, folder);
    assert.match(out, /complete -F _lamplighter lamplighter/);
    const checked = await runScript(['bash', '-n'], script, folder);
    assert.deepEqual([checked.code, checked.err], [0, '']);
  });
});

test('every command and every option is in both scripts', async () => {
  const [bash, zsh] = await Promise.all(['bash', 'zsh'].map(async (shell) => (await typed(['completion', shell])).out));
  for (const { name, options } of treeOf(program(processTerminal()))) {
    assert.match(bash ?? '', new RegExp(`^ +${name}\\) values=`, 'm'));
    assert.match(zsh ?? '', new RegExp(`^ +${name}\\)$`, 'm'));
    for (const { long } of options) assert.ok(zsh?.includes(`${long}[`) && bash?.includes(long), `${name} ${long}`);
  }
});

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
