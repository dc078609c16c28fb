import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { vendorPages } from './vendors/pages.ts';

test('docs/vendors is what src/provision says, page by page, and nothing else', () => {
  const pages = vendorPages();
  for (const [path, text] of Object.entries(pages)) {
    assert.equal(readFileSync(path, 'utf8'), text, `${path}: run \`npm run generate\``);
  }
  const there = readdirSync('docs/vendors').map((name) => `docs/vendors/${name}`);
  assert.deepEqual(there.sort(), Object.keys(pages).sort());
});

test('every make has a page that says how sure each statement is, and shows what to paste', () => {
  for (const [path, text] of Object.entries(vendorPages()).filter(([one]) => !one.endsWith('README.md'))) {
    assert.match(text, /\| (?:seen|vendor document|template|unverified) \|/, path);
    assert.match(text, /^```(?:ini|xml)$/m, path);
    assert.match(text, /^## Traps$/m, path);
  }
});
