import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { changeLines } from './logs/changes.ts';
import { logsPage } from './logs/page.ts';
import { logCalls } from './logs/scan.ts';

test('docs/logs.md is what the code makes', () => {
  assert.equal(readFileSync('docs/logs.md', 'utf8'), logsPage(), 'run `npm run generate`');
});

const calls = logCalls();

test('every line of the log that docs/logs.md promises is written somewhere, at the level it names', () => {
  for (const { message, level } of changeLines) {
    assert.ok(
      calls.some((call) => call.message === message && call.level === level),
      `${level}: ${message}`,
    );
  }
});

test('no field of a line has a name that says it is a secret', () => {
  const found = calls.filter(({ fields }) =>
    fields?.some((name) => /passw|secret|token|ha1|credential|authoriz|nonce|cookie/i.test(name)),
  );
  assert.deepEqual(found, []);
});

test('the scan finds the lines that there are', () => {
  assert.ok(calls.length > 100, `${calls.length}`);
  assert.deepEqual(
    calls.find(({ message }) => message === 'ready for phones'),
    { file: 'src/app.ts', level: 'info', message: 'ready for phones', fields: ['sip', 'http', 'subscriptions'] },
  );
});
