import { execFile } from 'node:child_process';
import { homedir, hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { HostFacts } from './plan.ts';
import type { Run } from './setup.ts';

/** A PBX that is well answers in milliseconds; one that reloads much takes a while. */
const patienceMs = 15_000;
const mostOutput = 256 * 1024;

/** Where the configuration is written where nobody says: packages' place, or that of a user who is not root. */
export function usualFile(environment: Readonly<Record<string, string | undefined>>): string {
  const { LAMPLIGHTER_CONFIG: named, XDG_CONFIG_HOME: own } = environment;
  if (named !== undefined) return named;
  if (process.getuid?.() === 0) return '/etc/lamplighter/lamplighter.yaml';
  return join(own ?? join(homedir(), '.config'), 'lamplighter', 'lamplighter.yaml');
}

/** What this host is called, and by which addresses others reach it. */
export function thisHost(): HostFacts {
  const all = Object.values(networkInterfaces()).flatMap((some) => some ?? []);
  const outside = all.filter(({ internal, family }) => !internal && family === 'IPv4');
  return { hostname: hostname().toLowerCase(), addresses: outside.map(({ address }) => address) };
}

/** Runs a program without a shell. COMPAT(Asterisk): `asterisk -rx` ends with 1 where no Asterisk runs, and says so. */
export const runProgram: Run = ([program = '', ...words]) =>
  new Promise((done) => {
    execFile(program, words, { timeout: patienceMs, maxBuffer: mostOutput }, (error, stdout) => {
      done(error === null ? stdout : null);
    });
  });
