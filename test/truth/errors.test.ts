import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { faults } from '../../src/model/errors.ts';

test('docs/errors.md and the table of faults say the same', () => {
  const rows = readFileSync('docs/errors.md', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.replaceAll('\\|', '|'));
  const expected = Object.entries(faults).map(([code, { exit, fix }]) => `| \`${code}\` | ${exit} | ${fix} |`);
  assert.deepEqual(rows, expected);
});
