import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';

const source = new URL('../../../test/bench/load/', import.meta.url).pathname;
const built = new URL('./load/', import.meta.url).pathname;

/** The path of a C program of test/bench/load, compiled when one of its files is new. */
export function compiled(name: string, files: readonly string[]): string {
  const digest = createHash('sha256');
  for (const file of files) digest.update(readFileSync(`${source}${file}`));
  const path = `${built}${name}-${digest.digest('hex').slice(0, 12)}`;
  if (existsSync(path)) return path;
  mkdirSync(built, { recursive: true });
  // under another name first: two runs may build at once
  const fresh = `${path}.${process.pid}`;
  const sources = files.filter((file) => file.endsWith('.c')).map((file) => `${source}${file}`);
  execFileSync('cc', ['-O2', '-Wall', '-std=gnu11', '-o', fresh, ...sources, '-lm'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  renameSync(fresh, path);
  return path;
}
