import { Seeded } from './seeded.ts';
import { Sequence } from './sequence.ts';

export interface SequenceReport {
  readonly sequences: number;
  readonly steps: number;
  readonly notifies: number;
  readonly slowestMs: number;
  /** null: nothing was found. */
  readonly failure: string | null;
}

export interface SequenceOptions {
  readonly seed: number;
  readonly seconds: number;
  /** The first sequence; default 0. */
  readonly from?: number;
  /** At most so many sequences. */
  readonly sequences?: number;
  /** Each has so many steps; default: by chance up to 120. */
  readonly steps?: number;
  readonly trace?: (line: string) => void;
}

/** Sequences until the time is over or something is found. */
export async function playSequences({
  seed,
  seconds,
  from = 0,
  sequences = Number.MAX_SAFE_INTEGER,
  steps,
  trace,
}: SequenceOptions): Promise<SequenceReport> {
  const until = performance.now() + seconds * 1000;
  const sum = { sequences: 0, steps: 0, notifies: 0, slowestMs: 0 };
  let stray: string | null = null;
  const onStray = (error: unknown): void => {
    stray ??= error instanceof Error ? (error.stack ?? error.message) : String(error);
  };
  process.on('unhandledRejection', onStray);
  process.on('uncaughtException', onStray);
  try {
    for (; sum.sequences < sequences && performance.now() < until; sum.sequences++) {
      const turn = from + sum.sequences;
      const sequence = new Sequence(seed, turn, trace);
      const length = steps ?? 10 + new Seeded(seed, turn).below(110);
      const found = (await sequence.play(length)) ?? stray;
      sum.steps += sequence.done;
      sum.notifies += sequence.notifies;
      sum.slowestMs = Math.max(sum.slowestMs, sequence.slowestMs);
      if (found !== null) {
        const failure = `seed ${seed}, sequence ${turn}: ${found}\nagain: npm run fuzz -- --sequences --seed ${seed} --turn ${turn}`;
        return { ...sum, sequences: sum.sequences + 1, failure };
      }
    }
  } finally {
    process.off('unhandledRejection', onStray);
    process.off('uncaughtException', onStray);
  }
  return { ...sum, failure: null };
}
