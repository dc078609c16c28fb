import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { pinned } from './pinned.ts';

const alive = new Set<ChildProcess>();

/** Starts a program on one core. It does not outlive this process, however this one ends, short of SIGKILL. */
export function startChild(
  core: number,
  command: string,
  args: readonly string[],
  options: { readonly stdio: StdioOptions; readonly cwd?: string; readonly env?: NodeJS.ProcessEnv },
): ChildProcess {
  if (alive.size === 0) {
    process.on('exit', endAll);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, leave);
  }
  const [program, words] = pinned(core, command, args);
  // a group of its own: what npm starts goes with it
  const child = spawn(program, words, { ...options, detached: true });
  alive.add(child);
  child.once('exit', () => {
    alive.delete(child);
    if (alive.size > 0) return;
    process.off('exit', endAll);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, leave);
  });
  return child;
}

/** Ends it with that signal and waits, with SIGKILL after `patienceMs`; answers the milliseconds it took. */
export async function endChild(child: ChildProcess, signal: NodeJS.Signals, patienceMs = 10_000): Promise<number> {
  if (child.exitCode !== null || child.signalCode !== null) return 0;
  const began = performance.now();
  const exit = once(child, 'exit');
  signalGroup(child, signal);
  const late = setTimeout(() => signalGroup(child, 'SIGKILL'), patienceMs);
  await exit;
  clearTimeout(late);
  return performance.now() - began;
}

function endAll(): void {
  for (const child of alive) signalGroup(child, 'SIGKILL');
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // it has ended meanwhile
  }
}

function leave(): void {
  process.exit(130);
}
