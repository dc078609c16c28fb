import { Worker } from 'node:worker_threads';
import { Driver } from './driver.ts';

/**
 * What SQLite finds wrong in a database, a line each; empty: nothing. Opens it for reading only, beside whoever writes it.
 * Takes a second for a million rows, and the thread with it. Throws a `store-*` Fault where it cannot be opened.
 */
export function inspectNow(path: string): readonly string[] {
  const driver = new Driver(path, { readonly: true });
  try {
    const rows = driver.prepare('PRAGMA quick_check(10)').all();
    const lines = rows.map((row) => String(Object.values(row)[0]));
    return lines.filter((line) => line !== 'ok');
  } finally {
    driver.close();
  }
}

/** As `inspectNow`, in a thread of its own. Never rejects: what keeps it from looking is a line too. */
export function inspect(path: string): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL('./integrity-worker.js', import.meta.url), { workerData: path, env: {} });
    worker.once('message', (lines: readonly string[]) => resolve(lines));
    worker.once('error', (error) => resolve([error instanceof Error ? error.message : String(error)]));
    worker.once('exit', () => resolve(['nobody could look into it']));
  });
}
