import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { generated } from './generated.ts';

const files = generated();
for (const path of ['docs/cli.md', 'config/man/lamplighter.1']) {
  test(`${path} is what the command line makes`, () => {
    assert.equal(readFileSync(path, 'utf8'), files[path], 'run `npm run generate`');
  });
}
