import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { chapters, comparedPage } from './compared/page.ts';
import { hasTest, type TestNames, testNamesOf } from './conformance/test-names.ts';

const rows = chapters.flatMap((chapter) => chapter.rows);

describe('the comparison with other systems', () => {
  test('is docs/compared.md, as `npm run generate` writes it', () => {
    assert.equal(readFileSync('docs/compared.md', 'utf8'), comparedPage());
  });

  test('gives a test for whatever can be had, and a reason for what cannot', () => {
    for (const { theirs, here, status, tests } of rows) {
      assert.ok(here !== '', theirs);
      if (status !== 'not here') assert.ok(Object.values(tests).flat().length > 0, `${theirs} has no test`);
    }
  });

  test('names each thing of theirs once in a chapter', () => {
    for (const { title, rows: own } of chapters) {
      const names = own.map(({ theirs }) => theirs);
      assert.deepEqual(names, [...new Set(names)], title);
    }
  });

  test('names only tests that there are', () => {
    const files = new Map<string, TestNames>();
    for (const { theirs, tests } of rows) {
      for (const [file, titles] of Object.entries(tests)) {
        assert.ok(existsSync(file), file);
        const known = files.get(file) ?? testNamesOf(file);
        files.set(file, known);
        for (const title of titles) assert.ok(hasTest(known, title), `${theirs}: ${file} has no test '${title}'`);
      }
    }
  });
});
