import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { reloadPage } from './reload-page.ts';

test('docs/reload.md is what the table of the code makes', () => {
  assert.equal(readFileSync('docs/reload.md', 'utf8'), reloadPage(), 'run `npm run generate`');
});
