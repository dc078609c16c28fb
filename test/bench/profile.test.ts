import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bundleUrl } from '../../src/bundle.ts';
import { selfTimes } from './profile.ts';

test('a profile of the bundle names the rooms of the sources; idle time does not count', (t) => {
  const url = fileURLToPath(bundleUrl);
  const begin = /^function splitHead/m.exec(readFileSync(url, 'utf8'))?.index ?? assert.fail('splitHead is gone');
  const lineNumber = readFileSync(url, 'utf8').slice(0, begin).split('\n').length - 1;
  const frame = (functionName: string, place: object) => ({
    functionName,
    url: '',
    lineNumber: -1,
    columnNumber: -1,
    ...place,
  });
  const profile = {
    nodes: [
      { id: 1, callFrame: frame('(idle)', {}) },
      { id: 2, callFrame: frame('splitHead', { url, lineNumber, columnNumber: 'function splitHead'.length }) },
      { id: 3, callFrame: frame('doSend', { url: 'node:dgram', lineNumber: 1, columnNumber: 1 }) },
      { id: 4, callFrame: frame('(garbage collector)', {}) },
    ],
    samples: [1, 2, 3, 4],
    timeDeltas: [900, 50, 30, 20],
  };
  const folder = mkdtempSync(join(tmpdir(), 'lamplighter-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'CPU.cpuprofile');
  writeFileSync(file, JSON.stringify(profile));

  const { rooms, functions } = selfTimes(file);
  assert.deepEqual(rooms, [
    { name: 'src/sip/message', share: 0.5 },
    { name: 'node:dgram', share: 0.3 },
    { name: '(garbage collector)', share: 0.2 },
  ]);
  assert.equal(functions[0]?.name, 'splitHead src/sip/message/lines.ts');
});
