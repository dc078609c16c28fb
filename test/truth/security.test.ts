import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const page = readFileSync(new URL('../../../docs/security.md', import.meta.url), 'utf8');

test('docs/security.md names no test that does not exist', () => {
  const named = new Set(
    [...page.matchAll(/(?<=[\s(|])((?:[a-z0-9-]+\/)+[a-z0-9-]+)(?=[\s,)|:.])/g)].map(([, name]) => name),
  );
  const tests = [...named].filter((name) => !/^(?:config|docs|deploy|etc|jail\.d)\//.test(name ?? ''));
  assert.ok(tests.length > 20, tests.join(' '));
  for (const name of tests) {
    assert.ok(existsSync(new URL(`../${name}.test.js`, import.meta.url)), `test/${name}.test.ts`);
  }
});

test('docs/security.md: each row of a table of claims names a test', () => {
  const tables = page.split(/\n\n/).filter((part) => /^\|.*\btest \|\n/.test(part));
  assert.ok(tables.length >= 3);
  for (const row of tables.flatMap((table) => table.trim().split('\n').slice(2))) {
    const last = row.split(' | ').at(-1) ?? '';
    assert.match(last, /^[a-z0-9-]+\//, row);
  }
});
