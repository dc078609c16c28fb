import type { Generator, GeneratorSettings, PhaseReport } from './generator.ts';
import type { Server, ServerSettings } from './server.ts';

/** What a figure is and what it has to reach. */
export interface FigureKind {
  readonly title: string;
  readonly unit: string;
  /** From the product's figures; absent: measured for the record. */
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** What a run of a benchmark has at hand. What it starts here ends with the run, however it ends. */
export interface Bench {
  /** Smaller numbers, for a look while developing: targets are not judged. */
  readonly quick: boolean;
  server(settings?: ServerSettings): Promise<Server>;
  generator(settings: GeneratorSettings): Generator;
  /** Something else that ends with the run. */
  keep<T extends { close(): Promise<void> }>(one: T): T;
  /** A line for the person who watches. */
  say(text: string): void;
}

export interface Benchmark {
  readonly name: string;
  /** How it is measured, in a sentence or two; goes into docs/performance.md. */
  readonly about: string;
  readonly figures: Readonly<Record<string, FigureKind>>;
  /** A run that takes longer is ended and has failed. */
  readonly limitSeconds: number;
  /** Why it cannot be measured on this machine, null where it can; absent: it always can. */
  readonly missing?: () => string | null;
  /** One repetition, on a fresh daemon. Answers the figures by their keys. */
  readonly run: (bench: Bench) => Promise<Readonly<Record<string, number>>>;
}

/** The run says nothing, for a reason of the load generator: it is repeated. */
export class VoidRun extends Error {}

/** Throws where the generator lost datagrams or a phone was not served. */
export function sound(report: PhaseReport): PhaseReport {
  if (report.drops > 0) throw new VoidRun(`the generator lost ${report.drops} datagrams`);
  const { failed, timeouts, untold, disorder } = report;
  if (failed + timeouts + untold + disorder > 0) {
    const counts = JSON.stringify({ failed, timeouts, untold, disorder, statuses: report.statuses });
    throw new Error(`not all phones were served: ${counts}`);
  }
  return report;
}

/** Seconds between two moments of a report. */
export function seconds(from: number, to: number): number {
  return (to - from) / 1e9;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
