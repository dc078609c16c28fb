// `npm run fuzz -- --seconds 600 --seed 7`: docs/fuzzing.md.
import { parseArgs } from 'node:util';
import { fuzz } from './fuzzer.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string' }, seed: { type: 'string' }, turn: { type: 'string' } },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const seconds = Number(values.seconds ?? 60);
console.log(`seed ${seed}${values.turn === undefined ? `, ${seconds} s` : `, turn ${values.turn}`}`);
const only = values.turn === undefined ? {} : { from: Number(values.turn), turns: 1 };
const { turns, slowestMs, failure } = fuzz({ seed, seconds, ...only });
console.log(failure ?? `${turns} turns, slowest reading of up to 8 kB ${slowestMs.toFixed(2)} ms, nothing found`);
process.exitCode = failure === null ? 0 : 1;
