import { type Finding, runChecks } from '../model/check.ts';
import type { Clock } from '../model/clock.ts';
import { daemonChecks } from './checks.ts';
import type { ConfigSeen } from './config-checks.ts';
import type { DaemonSeen } from './seen.ts';

/** A PBX, as far as it can be examined. */
interface Examinable {
  checks?(deadlineMs: number): Promise<readonly Finding[]>;
}

export interface ExaminerOptions {
  readonly clock: Clock;
  /** By name. */
  readonly pbxs: ReadonlyMap<string, Examinable>;
  /** As things stand at this moment. */
  readonly look: () => DaemonSeen & ConfigSeen;
}

/** All of it together; milliseconds. Whoever asks waits a little longer. */
export const examineMs = 25_000;
/** One check of our own: the longest reads the whole database. */
const eachMs = 15_000;

/** Examines the daemon and its PBXs, one examination at a time: who asks during one is told what that one finds. */
export class Examiner {
  readonly #options: ExaminerOptions;
  #running: Promise<readonly Finding[]> | null = null;

  constructor(options: ExaminerOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  run(): Promise<readonly Finding[]> {
    this.#running ??= this.#examine().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #examine(): Promise<readonly Finding[]> {
    const { clock, pbxs, look } = this.#options;
    const own = runChecks(daemonChecks, look(), clock, { eachMs, deadlineMs: examineMs });
    const theirs = [...pbxs].map(([name, pbx]) => examinePbx(name, pbx));
    return (await Promise.all([...theirs, own])).flat();
  }
}

/** What is found at a PBX, with its name before it: there may be several. */
export async function examinePbx(name: string, pbx: Examinable, deadlineMs = examineMs): Promise<readonly Finding[]> {
  const findings = (await pbx.checks?.(deadlineMs)) ?? [];
  return findings.map((finding) => ({ ...finding, text: `${name}: ${finding.text}` }));
}
