import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testFile } from '../lab/paths.ts';

export type Scenario = 'register' | 'subscribe_dnd' | 'subscribe_dialog' | 'behind_proxy' | 'transfer' | 'message';

export interface SippOptions {
  readonly host?: string;
  readonly port: number;
  readonly user: string;
  /** Who logs in, where it is not `user`. */
  readonly account?: string;
  readonly password: string;
  /** What the scenario has in brackets besides. */
  readonly keys?: Readonly<Record<string, string>>;
  /** Default udp. */
  readonly transport?: 'udp' | 'tcp';
  /** How often the scenario runs; default once. */
  readonly calls?: number;
  /** How many at the same time; default one. */
  readonly atOnce?: number;
  /** Default 30. */
  readonly timeoutSeconds?: number;
}

export interface SippResult {
  /** 0: every run went as the scenario says. */
  readonly code: number;
  /** SIPp's final screen, its errors and the messages exchanged. */
  readonly log: string;
}

/** Null: SIPp is there; else why a test is skipped. */
export function sippMissing(): Promise<string | null> {
  return new Promise((resolve) => {
    // sipp -v ends with 99 in some versions: only "not found" counts
    execFile('sipp', ['-v'], (error) => resolve(error?.code === 'ENOENT' ? 'SIPp (sipp) is not installed' : null));
  });
}

/** Runs one scenario against a server on loopback and waits for its end. */
export async function run(scenario: Scenario, options: SippOptions): Promise<SippResult> {
  const folder = await mkdtemp(join(tmpdir(), 'lamp-sipp-'));
  const seconds = options.timeoutSeconds ?? 30;
  const parameters = [
    ['-sf', testFile('interop', 'sipp', `${scenario}.xml`)],
    ['-s', options.user, '-au', options.account ?? options.user, '-ap', options.password],
    ...Object.entries(options.keys ?? {}).map(([key, value]) => ['-key', key, value]),
    ['-m', String(options.calls ?? 1), '-l', String(options.atOnce ?? 1), '-i', '127.0.0.1'],
    // one message at a time: a second one in the same read would come "while sending" the answer to the first
    ['-max_recv_loops', '1'],
    ['-t', options.transport === 'tcp' ? 't1' : 'u1', '-nostdin', '-timeout', `${seconds}s`, '-timeout_error'],
    ['-trace_err', '-error_file', join(folder, 'errors'), '-trace_msg', '-message_file', join(folder, 'messages')],
    [`${options.host ?? '127.0.0.1'}:${options.port}`],
  ].flat();
  try {
    const screen = await new Promise<{ code: number; text: string }>((resolve) => {
      const process = execFile(
        'sipp',
        parameters,
        { cwd: folder, timeout: (seconds + 10) * 1000, maxBuffer: 16 * 2 ** 20 },
        (error, stdout, stderr) => {
          const code = process.exitCode ?? (typeof error?.code === 'number' ? error.code : -1);
          resolve({ code, text: `${stdout}\n${stderr}` });
        },
      );
    });
    const files = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));
    return { code: screen.code, log: [screen.text, ...files].join('\n') };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
