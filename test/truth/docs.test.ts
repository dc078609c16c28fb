import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { faults } from '../../src/model/errors.ts';

for (const page of ['docs/architecture.md', 'README.md', 'docs/dependencies.md']) {
  test(`every file that ${page} names is there`, () => {
    const named = readFileSync(page, 'utf8').matchAll(/[`(]((?:src|adapters|test|docs|config)\/[\w./-]+)[`)]/g);
    const missing = [...named].map((match) => match[1]!).filter((path) => !existsSync(path));
    assert.deepEqual(missing, []);
  });
}

test('docs/architecture.md stays under two pages', () => {
  const words = readFileSync('docs/architecture.md', 'utf8').split(/\s+/).length;
  assert.ok(words < 1100, `${words} words`);
});

test('the exit codes of README are those of the faults, of a good end and of a bad command line', () => {
  const told = [...readFileSync('README.md', 'utf8').matchAll(/^\| (\d+) \|/gm)].map((match) => Number(match[1]));
  const known = new Set([0, 64, ...Object.values(faults).map(({ exit }) => exit)]);
  assert.deepEqual(
    told,
    [...known].sort((a, b) => a - b),
  );
});

test('docs/dependencies.md names every dependency with its version', () => {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> };
  const page = readFileSync('docs/dependencies.md', 'utf8');
  for (const [name, version] of Object.entries(dependencies)) {
    const told = new RegExp(`${name.replaceAll('/', '\\/')} (\\d+(?:\\.\\d+)*)`).exec(page)?.[1];
    assert.ok(told !== undefined && `${version}.`.startsWith(`${told}.`), `${name} ${version}: told ${told}`);
  }
});
