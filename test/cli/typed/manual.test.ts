import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { examples } from '../../../src/cli/examples.ts';
import { exitMeanings, exits } from '../../../src/cli/exits.ts';
import { manualPage } from '../../../src/cli/manual.ts';
import { program } from '../../../src/cli/program.ts';
import { processTerminal } from '../../../src/cli/terminal.ts';
import { treeOf } from '../../../src/cli/tree.ts';
import { foreign, typed } from './typed.ts';

const tree = treeOf(program(processTerminal()));

describe('the manual', () => {
  const page = manualPage(program(processTerminal()), '1.2.3');
  /** As a reader sees it, about. */
  const text = page
    .replace(/^\.\w+ ?/gm, '')
    .replace(/\\f[BIR]/g, '')
    .replaceAll('\\-', '-')
    .replaceAll('\\(dq', '"');

  test('has every command, argument and option, every exit code and example', () => {
    for (const { name, words, options } of tree) {
      assert.ok(text.includes(`"lamplighter ${name}"`), name);
      for (const word of words) assert.match(text, new RegExp(`^${word.name}$`, 'm'));
      for (const { long } of options) assert.ok(text.includes(long), `${name} ${long}`);
    }
    for (const [code] of exitMeanings) assert.match(text, new RegExp(`^${code}$`, 'm'));
    for (const [line] of Object.values(examples).flat()) assert.ok(text.includes(`lamplighter ${line}`), line);
  });

  test('has nothing that roff would take for a request of its own', () => {
    const known = /^\.(?:TH|SH|PP|TP|B|I|BR|RI|RS|RE|\\") ?/;
    const wrong = page.split('\n').filter((line) => /^[.']/.test(line) && !known.test(line));
    assert.deepEqual(wrong, []);
    assert.doesNotMatch(page, /[^\x20-\x7e\n]/);
  });

  test('is what lamplighter man prints', async () => {
    const { code, out } = await typed(['man']);
    assert.equal(code, 0);
    assert.match(out, /^\.TH LAMPLIGHTER 1 /m);
  });
});

describe('what the command line says of itself', () => {
  test('every command, argument and option says what it is, commands with a full stop', () => {
    for (const { name, about, words, options } of tree) {
      assert.match(about, /^[A-Z].*\.$/s, name);
      for (const word of words) assert.match(word.about, /^[a-z`].*[^.]$/s, `${name} ${word.name}`);
      for (const { long, about: text } of options) assert.match(text, /\S.*[^.]$/s, `${name} ${long}`);
    }
  });

  test('every command has --json, but those that run or write something for people', () => {
    const without = tree.filter(({ options }) => !options.some(({ long }) => long === '--json'));
    const people = ['start', 'demo', 'completion', 'man', 'check-config', 'setup', 'migrate-config'];
    assert.deepEqual(
      without.map(({ name }) => name).filter((name) => !people.includes(name)),
      [],
    );
  });

  test('each example is taken by the program: it goes as far as to ask the daemon', async () => {
    const missing = Object.keys(examples).filter((name) => !tree.some((command) => command.name === name));
    assert.deepEqual(missing, []);
    await foreign(
      (_request, response) => void response.end('no Lamplighter'),
      async (url) => {
        for (const [line] of Object.values(examples).flat()) {
          const [name = '', ...words] = (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll("'", ''));
          const asks = tree.find((command) => command.name === name)?.options.some(({ long }) => long === '--url');
          if (asks !== true) continue;
          const { code, err } = await typed([name, ...words, '--url', url]);
          assert.equal(code, exits.unavailable, `${line}: ${err}`);
        }
      },
    );
  });

  test('README lists every exit code of a command', () => {
    const readme = readFileSync('README.md', 'utf8');
    for (const [code] of exitMeanings) assert.match(readme, new RegExp(`^\\| ${code} \\|`, 'm'));
  });
});
