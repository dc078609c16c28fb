import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { ids } from './conformance/ids.ts';
import { chapters, conformancePage } from './conformance/page.ts';
import { hasTest, type TestNames, testNamesOf } from './conformance/test-names.ts';

const rows = chapters.flatMap((chapter) => chapter.rows);

const sources = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join('test', name));

/** The last part of every path that a file of tests imports. */
const imported = new Set(
  sources.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/\/([\w.-]+\.ts)'/g)].map(([, name]) => name)),
);

/** A file of tests, or a suite that one of them imports. */
function runs(file: string): boolean {
  return file.endsWith('.test.ts') || imported.has(basename(file));
}

/** The id as a word of its own: D42-09 is not in D42-09a. */
const names = (name: string, id: string) => new RegExp(`(?<![\\w-])${id}(?![\\w-])`).test(name);

const files = new Map<string, TestNames>();
function namesOf(file: string): TestNames {
  const known = files.get(file) ?? testNamesOf(file);
  files.set(file, known);
  return known;
}

describe('the list of requirements', () => {
  test('has every id exactly once', () => {
    assert.deepEqual(rows.map(({ id }) => id).sort(), [...ids].sort());
  });

  test('is docs/conformance.md, as `npm run generate` writes it', () => {
    assert.equal(readFileSync('docs/conformance.md', 'utf8'), conformancePage());
  });

  test('gives a test for what is held and what differs, and a reason for everything that is not held', () => {
    for (const { id, status, reason, tests } of rows) {
      const count = Object.values(tests).flat().length;
      if (status === 'held' || status === 'differs') assert.ok(count > 0, `${id} has no test`);
      if (status !== 'held') assert.ok(reason !== '', `${id} has no reason`);
    }
  });
});

describe('the tests that the list names', () => {
  for (const { id, tests } of rows) {
    test(`${id}: are there, and one of them has the id in its name`, () => {
      for (const [file, titles] of Object.entries(tests)) {
        assert.ok(existsSync(file) && runs(file), file);
        for (const title of titles) assert.ok(hasTest(namesOf(file), title), `${file} has no test '${title}'`);
      }
      const all = Object.values(tests).flat();
      assert.ok(all.length === 0 || all.some((title) => names(title, id)), `no test of ${id} has it in its name`);
    });
  }
});

describe('the reader of test names', () => {
  const found = namesOf('test/flows/subscription-rules.test.ts');

  test('knows a name that is written out, and one that a table fills', () => {
    assert.ok(hasTest(found, 'E65-25: every compact name is read as its long one'));
    assert.ok(hasTest(found, 'E65-34: Contact * is answered 400, and nothing is left behind'));
  });

  test('knows neither a name that is a little different, nor one that the table does not have', () => {
    assert.ok(!hasTest(found, 'E65-25: every compact name is read'));
    assert.ok(!hasTest(found, 'E65-99: no such row is answered 400, and nothing is left behind'));
    assert.ok(!hasTest(found, 'E65-34: Contact * is answered 299, and nothing is left behind'));
  });
});

test('an id in the name of a test is one of the list', () => {
  const known = new Set(ids);
  const prefixes = [...new Set(ids.map((id) => id.split('-')[0]))].join('|');
  const like = `(?:${prefixes})-\\d\\d`;
  const strange: string[] = [];
  for (const file of sources.filter((name) => !name.startsWith(join('test', 'truth')))) {
    // most files have none: parsing those, too, takes seconds
    if (!new RegExp(like).test(readFileSync(file, 'utf8'))) continue;
    const { fixed, literals } = namesOf(file);
    for (const text of [...fixed, ...literals]) {
      for (const [id] of text.matchAll(new RegExp(`(?<![\\w-])${like}[a-z]?(?![\\w-])`, 'g'))) {
        if (!known.has(id)) strange.push(`${file}: ${id}`);
      }
    }
  }
  assert.deepEqual(strange, []);
});
