import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { aorOf } from '../../src/model/aor.ts';
import { installIn, runScript } from '../cli/typed/shell.ts';
import { typed } from '../cli/typed/typed.ts';
import { domain, running, viewOf } from '../ops/fake-deps.ts';
import { orRequired } from './required.ts';

function missing(program: string, option: string): string | null {
  const { error } = spawnSync(program, [option], { stdio: 'ignore' });
  return error === undefined ? null : `${program} is not installed`;
}

/** What an interactive zsh does before the tab key is pressed: it says what completion adds, and ends. */
const rc = `PS1=
autoload -Uz compinit
compinit -D -u
source ./lamplighter.zsh
zstyle ':completion:*' menu no
compadd() {
  if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
  local -a hits
  builtin compadd -O hits "$@"
  (( $#hits )) && print -rl -- "HIT:"$^hits
  builtin compadd "$@"
}
bindkey '^I' complete-word
finish() { print -r -- 'END:'; exit }
comppostfuncs=( finish )
print READY:
`;

/** Presses the tab key behind each line, in a zsh of its own. */
const driver = `zmodload zsh/zpty
while IFS= read -r line; do
  zpty inner zsh -f -i
  zpty -w inner 'source ./rc.zsh'
  zpty -r -m inner out '*READY:*'
  zpty -w -n inner "$line"$'\\t'
  zpty -r -m inner out '*END:*'
  print -r -- "$out" | tr -d '\\r' | sed -n 's/^.*HIT://p' | tr '\\n' ' '
  print
  zpty -d inner
done < lines
`;

describe('completion in zsh', { skip: orRequired(missing('zsh', '--version')) ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'lamplighter-zsh-'));
  before(async () => {
    installIn(folder);
    writeFileSync(join(folder, 'lamplighter.zsh'), (await typed(['completion', 'zsh'])).out);
    writeFileSync(join(folder, 'rc.zsh'), rc);
    writeFileSync(join(folder, 'some-file.yaml'), '');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function offered(lines: readonly string[]): Promise<string[][]> {
    writeFileSync(join(folder, 'lines'), `${lines.join('\n')}\n`);
    const { code, out, err } = await runScript(['zsh', '-f'], driver, folder);
    assert.deepEqual([code, err], [0, '']);
    return out
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => line.split(' ').filter((word) => word !== ''));
  }

  test('offers commands, options, features, files and words, by what is typed of them', async () => {
    const [s, options, features, state, levels, file, help] = await offered([
      'lamplighter set',
      'lamplighter ext --',
      'lamplighter set 1001 ',
      'lamplighter set 1001 cfa ',
      'lamplighter log-level ',
      'lamplighter check-config some',
      'lamplighter help tr',
    ]);
    assert.deepEqual(s?.sort(), ['set', 'setup']);
    assert.deepEqual(options?.sort(), ['--config', '--help', '--json', '--no-header', '--url']);
    assert.deepEqual(features, ['dnd', 'cfa', 'cfb', 'cfna']);
    assert.deepEqual(state, ['on', 'off']);
    assert.deepEqual(levels, ['debug', 'info', 'warn', 'error']);
    assert.deepEqual(file, ['some-file.yaml']);
    assert.deepEqual(help, ['trace']);
  });

  test('offers the extensions of the daemon that the line names, and runs nothing that one is called', () =>
    running(async ({ url, hub }) => {
      for (const name of ['$(touch hacked)', '`touch hacked`', 'alice'])
        hub.views.set(aorOf(name, domain), viewOf(name));
      const [all, target, watcher, absent] = await offered([
        `lamplighter ext --url ${url} `,
        `lamplighter set --url ${url} 1001 cfa on 10`,
        `lamplighter subs --url ${url} --watcher a`,
        'lamplighter ext --url http://127.0.0.1:9 ',
      ]);
      assert.deepEqual(all?.sort(), ['1001', '1002', 'alice']);
      assert.deepEqual(target, ['1001', '1002']);
      assert.deepEqual(watcher, ['alice']);
      assert.deepEqual(absent, []);
    }));
});

const page = 'config/man/lamplighter.1';

test('the manual page has nothing that groff warns of', {
  skip: orRequired(missing('groff', '--version')) ?? false,
}, () => {
  const { status, stdout, stderr } = spawnSync('groff', ['-man', '-ww', '-z', page], { encoding: 'utf8' });
  assert.deepEqual([status, stdout, stderr], [0, '', '']);
});

test('the manual page is right for mandoc', { skip: orRequired(missing('mandoc', '-h')) ?? false }, () => {
  const { stdout } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', page], { encoding: 'utf8' });
  // it is made without a day, or each would make another
  const told = stdout.split('\n').filter((line) => line !== '' && !line.includes('missing date'));
  assert.deepEqual(told, []);
});
