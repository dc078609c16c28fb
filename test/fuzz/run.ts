// `npm run fuzz -- --seconds 600 --seed 7`, and with `--sequences` what phones may do: docs/fuzzing.md.
import { parseArgs } from 'node:util';
import { fuzz } from './fuzzer.ts';
import { playSequences } from './sequences.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string' },
    seed: { type: 'string' },
    turn: { type: 'string' },
    steps: { type: 'string' },
    sequences: { type: 'boolean' },
    trace: { type: 'boolean' },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const seconds = Number(values.seconds ?? 60);
console.log(`seed ${seed}${values.turn === undefined ? `, ${seconds} s` : `, turn ${values.turn}`}`);
const from = Number(values.turn ?? 0);
if (values.sequences === true) {
  const { sequences, steps, notifies, slowestMs, failure } = await playSequences({
    seed,
    seconds,
    from,
    ...(values.turn === undefined ? {} : { sequences: 1 }),
    ...(values.steps === undefined ? {} : { steps: Number(values.steps) }),
    ...(values.trace === true ? { trace: (line: string) => console.log(line) } : {}),
  });
  const played = `${sequences} sequences, ${steps} steps, ${notifies} NOTIFYs, slowest step ${slowestMs.toFixed(0)} ms`;
  console.log(failure ?? `${played}, nothing found`);
  process.exitCode = failure === null ? 0 : 1;
} else {
  const only = values.turn === undefined ? {} : { from, turns: 1 };
  const { turns, slowestMs, failure } = fuzz({ seed, seconds, ...only });
  console.log(failure ?? `${turns} turns, slowest reading of up to 8 kB ${slowestMs.toFixed(2)} ms, nothing found`);
  process.exitCode = failure === null ? 0 : 1;
}
