import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

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
