import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const main = new URL('../../../src/main.js', import.meta.url).pathname;

/** Makes a `lamplighter` in a folder that runs this program, as a package installs it. */
export function installIn(folder: string): string {
  const path = join(folder, 'lamplighter');
  writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Runs a script to its end, with the folder's programs first; answers what it printed. */
export async function runScript(
  shell: readonly string[],
  script: string,
  folder: string,
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const [program = 'bash', ...options] = shell;
  const child = spawn(program, options, {
    cwd: folder,
    env: { HOME: folder, TERM: 'dumb', PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}` },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const texts = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    texts.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    texts.err += text;
  });
  child.stdin.end(script);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...texts };
}
