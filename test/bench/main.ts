import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { generatorMissing } from './generator.ts';
import { benchmarks } from './kinds/index.ts';
import { thisMachine } from './machine.ts';
import { newestProfile, type Profile, selfTimes } from './profile.ts';
import { type Kept, keep, printTable, writeDoc } from './report.ts';
import { measure, type Result, reached } from './runner.ts';

const usage = `npm run bench -- [NAME …] [--quick] [--runs N] [--json FILE] [--profile] [--main FILE]
npm run bench -- --doc           writes the tables of docs/performance.md from test/bench/results

NAME: ${benchmarks.map(({ name }) => name).join(' ')}; all without one.
--quick: one repetition with smaller numbers.  --json: adds the results to a file.  --profile: keeps a CPU profile.
--main: src/main.js of another build, to compare two.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    runs: { type: 'string' },
    profile: { type: 'boolean', default: false },
    json: { type: 'string' },
    doc: { type: 'boolean', default: false },
    main: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  if (values.help) {
    console.log(usage);
    return 0;
  }
  if (values.doc) {
    writeDoc();
    return 0;
  }
  const unknown = positionals.filter((name) => !benchmarks.some((benchmark) => benchmark.name === name));
  if (unknown.length > 0) {
    console.error(`no benchmark is called ${unknown.join(', ')}\n${usage}`);
    return 64;
  }
  const missing = generatorMissing();
  if (missing !== null) {
    console.error(`no benchmarks here: ${missing}`);
    return 69;
  }
  const machine = thisMachine();
  const { cpu, cores, kernel, node, receiveBuffer, pinned } = machine;
  console.log(`${cpu}, ${cores} cores, ${kernel}, Node ${node}, net.core.rmem_max ${receiveBuffer}`);
  console.log(pinned ? 'daemon on core 0, load on core 1' : 'not pinned: taskset or a second core is missing');
  const runs = Number(values.runs ?? (values.quick ? 1 : 3));
  const profiles = values.profile ? resolve('var/bench/profiles') : null;
  const results: Result[] = [];
  let profile: Kept['profile'];
  let failed = false;
  for (const benchmark of benchmarks) {
    if (positionals.length > 0 && !positionals.includes(benchmark.name)) continue;
    console.log(`\n${benchmark.name}`);
    const lacking = benchmark.missing?.() ?? null;
    if (lacking !== null) {
      console.log(`  left out: ${lacking}`);
      continue;
    }
    try {
      const say = (text: string) => console.log(`  ${text}`);
      const result = await measure(benchmark, {
        quick: values.quick,
        runs,
        profiles,
        main: values.main === undefined ? undefined : resolve(values.main),
        say,
      });
      printTable(result);
      if (profiles === null) results.push(result);
      else profile = { benchmark: benchmark.name, cpu, date: result.date, ...readProfile(profiles) };
      if (!values.quick && Object.values(result.figures).some((figure) => reached(figure) === false)) failed = true;
    } catch (error) {
      failed = true;
      console.error(`  ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  keep(values.json ?? null, { machine, results, profile });
  return failed ? 1 : 0;
}

/** A profile slows the daemon down: its figures are not kept, its shares are. */
function readProfile(folder: string): Profile {
  const file = newestProfile(folder);
  const { rooms, functions } = selfTimes(file);
  console.log(`\n  ${file}\n  self time of the busy main thread, by room:`);
  for (const { name, share } of rooms.slice(0, 20)) console.log(`  ${percent(share)}  ${name}`);
  console.log('  by function:');
  for (const { name, share } of functions.slice(0, 30)) console.log(`  ${percent(share)}  ${name}`);
  return { rooms: rooms.slice(0, 15), functions: functions.slice(0, 20) };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1).padStart(5)} %`;
}
