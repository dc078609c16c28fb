import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generatorMissing } from '../bench/generator.ts';
import { soak } from '../bench/soak/soak.ts';
import { verdict } from '../bench/soak/verdict.ts';
import { orRequired } from './required.ts';

test('twenty minutes of 150 phones with mishaps leave memory flat and no subscription, transaction or socket behind', {
  skip: orRequired(generatorMissing()) ?? false,
}, async (t) => {
  const seed = 20_240;
  const report = await soak({ phones: 150, rounds: 4, seed, restEvery: null, say: (text) => t.diagnostic(text) });
  t.diagnostic(`${report.operations} operations in ${Math.round(report.seconds)} s, seed ${seed}`);
  assert.deepEqual(verdict(report), []);
});
