import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { generatorMissing } from '../generator.ts';
import { soak } from './soak.ts';
import { verdict } from './verdict.ts';

/** Rounds, of five minutes each. */
const halfAnHour = 6;

const { values } = parseArgs({
  options: {
    'hours-equivalent': { type: 'string', default: '1' },
    phones: { type: 'string', default: '5000' },
    seed: { type: 'string' },
    main: { type: 'string' },
  },
});

const missing = generatorMissing();
if (missing !== null) {
  console.error(`no soak here: ${missing}`);
  process.exitCode = 69;
} else {
  const seed = Number(values.seed ?? Date.now() % 1e6);
  const rounds = Math.max(2, Math.round(Number(values['hours-equivalent']) * 2)) * halfAnHour;
  console.log(`${values.phones} phones, ${rounds} rounds of five minutes of their life, seed ${seed}`);
  const main = values.main === undefined ? undefined : resolve(values.main);
  const report = await soak({
    phones: Number(values.phones),
    rounds,
    seed,
    restEvery: halfAnHour,
    main,
    say: (text) => console.log(text),
  });
  const wrong = verdict(report);
  console.log(`${report.operations} operations in ${Math.round(report.seconds)} s`);
  for (const line of wrong) console.error(`WRONG: ${line}`);
  if (wrong.length === 0) console.log('memory flat, nothing left behind');
  process.exitCode = wrong.length === 0 ? 0 : 1;
}
