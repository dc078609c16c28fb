import { execFileSync } from 'node:child_process';
import { compiled } from './compiled.ts';
import { pinned } from './pinned.ts';

/** The core that daemons run on. */
const daemonsCore = 0;

/**
 * What the daemon's core does at this moment: billions of additions a second (test/bench/load/pace.c). A shared machine gives
 * half of it or all of it, by the minute, and every figure goes with it.
 */
export function corePace(): number {
  const [program, words] = pinned(daemonsCore, compiled('pace', ['pace.c']), []);
  return Number(execFileSync(program, words, { encoding: 'utf8' }));
}
