import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { asteriskChecks } from '../../adapters/asterisk/checks/examine.ts';
import { freeswitchChecks } from '../../adapters/freeswitch/checks/examine.ts';
import { checks } from '../../src/cli/doctor/checks.ts';
import { hostChecks } from '../../src/cli/doctor/host/checks.ts';
import { daemonChecks } from '../../src/examination/checks.ts';

const page = readFileSync('docs/doctor.md', 'utf8');
const rows = [...page.matchAll(/^\| `([a-z-]+)` \|([^|]*)\|([^|]*)\|$/gm)];

const all = [checks, daemonChecks, hostChecks, asteriskChecks, freeswitchChecks].map((some) =>
  some.map(({ name }) => name),
);

test('docs/doctor.md names every check that there is, once, and no other', () => {
  // `daemon` and `adapter`: nobody is there to look
  const there = new Set(['daemon', 'adapter', ...all.flat()]);
  assert.deepEqual(rows.map(([, name = '']) => name).sort(), [...there].sort());
});

test('docs/doctor.md says of each check what it looks at, and what to do', () => {
  for (const [, name, looks = '', fix = ''] of rows) {
    assert.ok(looks.trim().length > 10, `${name}: what does it look at?`);
    assert.ok(fix.trim().length > 0, `${name}: what is to be done?`);
  }
});

test('checks of one list have names of their own, in kebab-case', () => {
  for (const names of all) {
    assert.deepEqual(names, [...new Set(names)]);
    assert.ok(names.every((name) => /^[a-z]+(-[a-z]+)*$/.test(name)));
  }
});
