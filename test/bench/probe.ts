import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from './benchmark.ts';
import type { Server } from './server.ts';

/** Options of node that put the probe into a daemon: the product itself knows nothing of it. */
export const probe: readonly string[] = ['--import', new URL('./preload.js', import.meta.url).href];

/** What to start instead of `main.js` so that the probe can count: in the bundle no class can be reached. */
export const countable = new URL('./modules.js', import.meta.url).pathname;

export interface HeapReport {
  /** Bytes after a full collection. */
  readonly heapUsed: number;
  readonly external: number;
  /** What keeps the event loop alive, by kind: sockets, timers, requests. */
  readonly resources: Readonly<Record<string, number>>;
  /** The timer wheel's slots and what waits there, transactions above all; null: not counted, this Node or build cannot. */
  readonly waiting: number | null;
  readonly clientTransactions: number | null;
}

/** Asks a daemon that was started with `probe`. Counting objects stops it for a second or more: only `counting`. */
export async function heapOf(server: Server, counting = false): Promise<HeapReport> {
  const path = join(server.folder, 'probe.json');
  if (counting) writeFileSync(join(server.folder, 'probe.count'), '');
  rmSync(path, { force: true });
  process.kill(server.pid, 'SIGUSR2');
  for (const end = Date.now() + 30_000; Date.now() < end; await pause(20)) {
    if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as HeapReport;
  }
  throw new Error('the daemon does not answer the probe');
}
