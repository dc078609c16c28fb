import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

let known: boolean | null = null;

/** Whether processes can be kept on a core of their own here. */
export function canPin(): boolean {
  if (known === null) {
    try {
      execFileSync('taskset', ['-c', '1', 'true'], { stdio: 'ignore' });
      known = availableParallelism() > 1;
    } catch {
      known = false;
    }
  }
  return known;
}

/** The command line that runs a program on one core, where the system can do that. */
export function pinned(core: number, command: string, args: readonly string[]): [string, string[]] {
  return canPin() ? ['taskset', ['-c', String(core), command, ...args]] : [command, [...args]];
}
