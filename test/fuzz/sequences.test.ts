import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playSequences } from './sequences.ts';

const fixed = Number(process.env['FUZZ_SEED'] ?? 20_261_121);
const chosen = Math.floor(Math.random() * 2 ** 31);
console.log(`# sequences of seeds ${fixed} and ${chosen}`);

/** Wall-clock seconds of each seed. */
const seconds = Number(process.env['FUZZ_SECONDS'] ?? 1.4);

for (const [name, seed] of [
  ['a fixed seed', fixed],
  ['a seed of chance', chosen],
] as const) {
  test(`whatever authenticated phones, the PBX and the admin do in any order, nothing breaks, runs wild or stays behind: ${name}`, async () => {
    const { sequences, steps, notifies, slowestMs, failure } = await playSequences({ seed, seconds });
    assert.equal(failure, null, failure ?? '');
    assert.ok(steps > 0 && notifies > 0);
    console.log(
      `# seed ${seed}: ${sequences} sequences, ${steps} steps, ${notifies} NOTIFYs, ${slowestMs.toFixed(0)} ms`,
    );
  });
}

test('a sequence is the same whenever it is played', async () => {
  const [one, two] = [
    await playSequences({ seed: 7, seconds: 60, from: 3, sequences: 1, steps: 20 }),
    await playSequences({ seed: 7, seconds: 60, from: 3, sequences: 1, steps: 20 }),
  ];
  assert.deepEqual([one.notifies, one.failure], [two.notifies, two.failure]);
});
