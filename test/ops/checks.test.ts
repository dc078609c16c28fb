import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Examiner } from '../../src/examination/examiner.ts';
import type { Finding } from '../../src/model/check.ts';
import { systemClock } from '../../src/model/clock.ts';
import { healthy } from '../examination/seen.ts';
import { json, running } from './fake-deps.ts';

const findings: readonly Finding[] = [
  { check: 'ami', level: 'fail', text: 'main: ECONNREFUSED', fix: 'start Asterisk' },
  { check: 'database', level: 'ok', text: 'whole', fix: null },
];

test('what is found is told as it is', async () => {
  await running(
    async ({ url }) => {
      const answer = await fetch(`${url}/api/v1/checks`);
      assert.equal(answer.status, 200);
      assert.deepEqual(await json(answer), findings);
    },
    { examine: async () => findings },
  );
});

test('without anybody who looks it is 404', async () => {
  await running(async ({ url }) => {
    const answer = await fetch(`${url}/api/v1/checks`);
    assert.equal(answer.status, 404);
    assert.equal((await json(answer)).error.code, 'not-here');
  });
});

test('one examination at a time, the PBXs by their names, and a PBX without checks is none', async () => {
  let examined = 0;
  const pbx = {
    checks: async () => {
      examined += 1;
      return [findings[0]!];
    },
  };
  const examiner = new Examiner({
    clock: systemClock,
    pbxs: new Map<string, { checks?: () => Promise<readonly Finding[]> }>([
      ['main', pbx],
      ['demo', {}],
    ]),
    look: () => healthy,
  });
  const [one, two] = await Promise.all([examiner.run(), examiner.run()]);
  assert.equal(one, two);
  assert.equal(examined, 1);
  assert.equal(one[0]?.text, 'main: main: ECONNREFUSED');
  await examiner.run();
  assert.equal(examined, 2);
});
