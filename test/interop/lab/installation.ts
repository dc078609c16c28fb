import { execFile } from 'node:child_process';
import { testFile } from './paths.ts';

/** An unpacked Asterisk, as install.sh names its parts. */
export interface Installation {
  readonly root: string;
  readonly loader: string;
  readonly libraries: string;
  readonly modules: string;
  /** File with the modules that must not be loaded, one a line. */
  readonly broken: string;
  /** Version. */
  readonly asterisk: string;
}

/** The installation, or why there is none. */
export type Found = { readonly installation: Installation } | { readonly reason: string };

let found: Promise<Found> | undefined;

/** Runs install.sh once a process: from the cache in a moment, else by apt in about ten seconds. */
export function installed(): Promise<Found> {
  found ??= new Promise((resolve) => {
    if (process.platform !== 'linux') {
      resolve({ reason: `the Asterisk lab runs on Linux, not on ${process.platform}` });
      return;
    }
    execFile('bash', [testFile('interop', 'lab', 'install.sh')], { timeout: 300_000 }, (error, stdout, stderr) => {
      if (error) {
        const reason = stderr.trim().split('\n').at(-1) || error.message;
        resolve({ reason: `no Asterisk: ${reason}` });
        return;
      }
      const lines = stdout.trim().split('\n');
      const values = new Map(
        lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      );
      const value = (key: keyof Installation) => values.get(key) ?? '';
      resolve({
        installation: {
          root: value('root'),
          loader: value('loader'),
          libraries: value('libraries'),
          modules: value('modules'),
          broken: value('broken'),
          asterisk: value('asterisk'),
        },
      });
    });
  });
  return found;
}
