import { type Bench, type Benchmark, type FigureKind, VoidRun } from './benchmark.ts';
import { corePace } from './core-pace.ts';
import { Generator } from './generator.ts';
import { Server } from './server.ts';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Figure extends FigureKind, Spread {}

export interface Result {
  readonly name: string;
  readonly about: string;
  /** The day it was measured. */
  readonly date: string;
  readonly runs: number;
  readonly quick: boolean;
  /** What the core did before and after each run (`corePace`); absent in results of before it was asked. */
  readonly pace?: Spread;
  readonly figures: Readonly<Record<string, Figure>>;
}

export interface RunOptions {
  readonly quick: boolean;
  readonly runs: number;
  /** Where daemons leave their CPU profiles; null: none is taken. */
  readonly profiles: string | null;
  /** `main.js` of the build to measure; absent: of this one. */
  readonly main: string | undefined;
  readonly say: (text: string) => void;
}

/** Void runs that are repeated before the benchmark is given up. */
const patience = 2;

/** Repeats a benchmark, each time with a daemon of its own. */
export async function measure(benchmark: Benchmark, options: RunOptions): Promise<Result> {
  const runs: Readonly<Record<string, number>>[] = [];
  const paces: number[] = [];
  let voids = 0;
  while (runs.length < options.runs) {
    try {
      const before = corePace();
      const run = await once(benchmark, options);
      const after = corePace();
      runs.push(run);
      paces.push(before, after);
      const told = Object.entries(run).map(([key, value]) => `${key} ${rounded(value)}`);
      options.say(`run ${runs.length} of ${options.runs}: ${told.join(', ')}; core at ${before} and ${after} G/s`);
    } catch (error) {
      if (!(error instanceof VoidRun) || voids++ >= patience) throw error;
      options.say(`void, again: ${error.message}`);
    }
  }
  const figures = Object.entries(benchmark.figures).map(([key, kind]) => {
    const values = runs.map((run) => run[key] ?? Number.NaN);
    return [key, { ...kind, ...spreadOf(values) }];
  });
  return {
    name: benchmark.name,
    about: benchmark.about,
    date: new Date().toISOString().slice(0, 10),
    runs: runs.length,
    quick: options.quick,
    pace: spreadOf(paces),
    figures: Object.fromEntries(figures) as Record<string, Figure>,
  };
}

/** True, false, or null where nothing has to be reached. */
export function reached({ median, atLeast, atMost }: Figure): boolean | null {
  if (atLeast === undefined && atMost === undefined) return null;
  return (atLeast === undefined || median >= atLeast) && (atMost === undefined || median <= atMost);
}

async function once(
  benchmark: Benchmark,
  { quick, profiles, main, say }: RunOptions,
): Promise<Readonly<Record<string, number>>> {
  const open: { close(): Promise<void> }[] = [];
  const bench: Bench = {
    quick,
    say,
    server: async (settings = {}) => {
      const profiling = profiles === null ? [] : ['--cpu-prof', '--cpu-prof-dir', profiles];
      const server = await Server.start({ main, ...settings, node: [...profiling, ...(settings.node ?? [])] });
      // a profile is written at an orderly end
      if (profiles !== null) open.push({ close: async () => void (await server.end('SIGTERM')) });
      open.unshift(server);
      return server;
    },
    generator: (settings) => {
      const generator = Generator.start(settings);
      open.push({ close: () => generator.stop() });
      return generator;
    },
    keep: (one) => {
      open.unshift(one);
      return one;
    },
  };
  let watchdog: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const error = new Error(`${benchmark.name} took more than ${benchmark.limitSeconds} s`);
    watchdog = setTimeout(() => reject(error), benchmark.limitSeconds * 1000);
  });
  try {
    return await Promise.race([benchmark.run(bench), late]);
  } finally {
    clearTimeout(watchdog);
    for (const one of open.splice(0).reverse()) await one.close();
  }
}

function spreadOf(unsorted: readonly number[]): Spread {
  const values = [...unsorted].sort((a, b) => a - b);
  const [min = Number.NaN] = values;
  const median = values[values.length >> 1] ?? Number.NaN;
  return { median: rounded(median), min: rounded(min), max: rounded(values.at(-1) ?? Number.NaN) };
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
