import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzz } from './fuzzer.ts';

const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_121);
const seconds = Number(process.env['FUZZ_SECONDS'] ?? 2);
console.log(`# FUZZ_SEED=${seed} FUZZ_SECONDS=${seconds}`);

test('security 8.2: mutated messages, values and bodies never throw, never take 5 ms, and are read as they are written', () => {
  const { turns, slowestMs, failure } = fuzz({ seed, seconds });
  assert.equal(failure, null, failure ?? '');
  assert.ok(turns > 0);
  console.log(`# ${turns} turns, slowest ${slowestMs.toFixed(2)} ms`);
});

test('a turn is the same whenever it is played', () => {
  const whole = fuzz({ seed: 7, seconds: 60, turns: 50 });
  const apart = [0, 20].map((from) => fuzz({ seed: 7, seconds: 60, from, turns: 30 }));
  assert.deepEqual([whole.failure, ...apart.map(({ failure }) => failure)], [null, null, null]);
});
