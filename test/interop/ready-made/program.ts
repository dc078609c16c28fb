import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { systemClock, within } from '../../../src/model/clock.ts';

/** Null: the program is here; else why not. Not run: some write into the user's home at once. */
export function missing(program: string, debian: string): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = folders.some((folder) => existsSync(join(folder, program)));
  return found ? null : `${program} (Debian: ${debian}) is not installed`;
}

/** A folder that a client takes for its user's home; gone after `remove`. */
export class ClientHome {
  readonly folder = mkdtempSync(join(tmpdir(), 'lamp-client-'));

  write(name: string, ...lines: readonly string[]): string {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${lines.join('\n')}\n`);
    return path;
  }

  read(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A client as its user starts it, with a home of its own, known by what it prints. Killed after a minute whatever happens. */
export class Program {
  output = '';
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;

  constructor(home: ClientHome, program: string, words: readonly string[]) {
    const { folder } = home;
    const places = { HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder, XDG_CACHE_HOME: folder };
    // no sound server and no screen: a client must not wait for one
    const env = { PATH: process.env['PATH'], LANG: 'C', TERM: 'dumb', PULSE_SERVER: 'none', ...places };
    this.#child = spawn(program, words, { cwd: folder, env, timeout: 60_000, killSignal: 'SIGKILL' });
    this.#exit = once(this.#child, 'close');
    this.#exit.catch(() => undefined); // told by `end`
    this.#child.stdin?.on('error', () => undefined); // it may end before it has read everything
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  type(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Waits until what it printed is right. */
  async shows<T>(what: string, read: (output: string) => T | null | undefined | false): Promise<T> {
    const deadline = systemClock.now() + 20_000;
    for (;;) {
      const found = read(this.output);
      if (found !== null && found !== undefined && found !== false) return found;
      if (systemClock.now() > deadline || !this.running) throw new Error(`no ${what} in:\n${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Waits for its end; null: it was killed. */
  async end(): Promise<number | null> {
    await within(systemClock, 30_000, this.#exit, () => {
      throw new Error(`still running:\n${this.output}`);
    });
    return this.#child.exitCode;
  }

  async kill(): Promise<void> {
    if (this.running) this.#child.kill('SIGKILL');
    await this.#exit.catch(() => undefined);
  }
}
