import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { systemClock, within } from '../../src/model/clock.ts';

const main = new URL('../../src/main.js', import.meta.url).pathname;

/** A folder for one test's configuration and database; gone after `remove`. */
export class Home {
  readonly folder = mkdtempSync(join(tmpdir(), 'lamplighter-'));

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, content: string): string {
    const path = this.path(name);
    writeFileSync(path, content);
    return path;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Work with a folder that is gone afterwards. */
export async function withHome(work: (home: Home) => Promise<void>): Promise<void> {
  const home = new Home();
  try {
    await work(home);
  } finally {
    home.remove();
  }
}

/** The product as an admin runs it: a process of its own, known by what it prints and what it answers. */
export class Daemon {
  readonly output: string[];
  /** Of that, standard output. */
  readonly said: readonly string[];
  readonly udpPort: number;
  readonly tcpPort: number;
  readonly http: string;
  readonly #child: ChildProcess;

  private constructor(
    child: ChildProcess,
    { output, said }: { readonly output: string[]; readonly said: readonly string[] },
    ports: { udp: number; tcp: number; http: string },
  ) {
    this.#child = child;
    this.output = output;
    this.said = said;
    this.udpPort = ports.udp;
    this.tcpPort = ports.tcp;
    this.http = ports.http;
  }

  /**
   * Starts with a configuration file and resolves when it has said what it bound. Rejects with its output if it ends. `log`:
   * the descriptor that is its standard output, instead of a pipe that is read here.
   */
  static async start(config: string, log?: number): Promise<Daemon> {
    const { child, output, ended } = launch(['start', '--config', config], log);
    const said: string[] = [];
    const bound = new Promise<Daemon>((resolve) => {
      listen(child.stdout, (line) => {
        output.push(line);
        said.push(line);
      });
      // where the log is JSON, what is for people is said there
      listen(child.stderr, () => {
        const text = output.join('\n');
        const udp = /Phones .*udp:127\.0\.0\.1:(\d+)/.exec(text);
        const tcp = /Phones .*tcp:127\.0\.0\.1:(\d+)/.exec(text);
        const http = /Panel and API\s+(http:\S+)/.exec(text);
        if (udp === null || tcp === null || http === null) return;
        resolve(new Daemon(child, { output, said }, { udp: Number(udp[1]), tcp: Number(tcp[1]), http: http[1]! }));
      });
    });
    return Promise.race([
      bound,
      ended.then((code) => {
        throw new Error(`the daemon ended with ${code}:\n${output.join('\n')}`);
      }),
    ]);
  }

  /** Runs a command to its end, a minute at most. */
  static async run(...words: string[]): Promise<{ code: number | null; output: string }> {
    const { child, output, ended } = launch(words);
    listen(child.stdout, (line) => output.push(line));
    const code = await within(systemClock, 60_000, ended, () => {
      child.kill('SIGKILL');
      throw new Error(`${words.join(' ')} did not end:\n${output.join('\n')}`);
    });
    return { code, output: output.join('\n') };
  }

  /** Runs a daemon until it says something that fits, and ends it; answers all it said. */
  static async outputUntil(config: string, fits: RegExp, timeoutMs = 30_000): Promise<string> {
    const { child, output, ended } = launch(['start', '--config', config]);
    listen(child.stdout, (line) => output.push(line));
    const end = Date.now() + timeoutMs;
    while (!fits.test(output.join('\n')) && Date.now() < end && child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    child.kill('SIGTERM');
    await ended;
    const text = output.join('\n');
    if (!fits.test(text)) throw new Error(`it never said ${fits}:\n${text}`);
    return text;
  }

  /** Where it listens; `host`: as in the configuration. */
  port(transport: string, host = '127.0.0.1'): number {
    const point = `${transport}:${host}:`.replace(/[.[\]]/g, '\\$&');
    return Number(new RegExp(`Phones .*\\b${point}(\\d+)`).exec(this.output.join('\n'))?.[1] ?? 0);
  }

  /** SIGHUP: read the certificate again. */
  reload(): void {
    this.#child.kill('SIGHUP');
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Lines of the log, parsed; what is no JSON is left out. */
  get log(): Record<string, unknown>[] {
    return this.output.flatMap((line) => {
      if (!line.startsWith('{')) return [];
      return [JSON.parse(line) as Record<string, unknown>];
    });
  }

  /** The lines that fit, once there are so many: the log comes by a pipe, after the answer that a test waited for. */
  async logged(
    fits: (line: Record<string, unknown>) => boolean,
    least = 1,
    timeoutMs = 15_000,
  ): Promise<Record<string, unknown>[]> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const found = this.log.filter(fits);
      if (found.length >= least) return found;
      if (Date.now() > end) throw new Error(`only ${found.length} of ${least} lines in the log`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async api<T = unknown>(
    path: string,
    init: { method?: string; body?: unknown } = {},
  ): Promise<{ status: number; body: T }> {
    const response = await fetch(`${this.http}${path}`, {
      method: init.method ?? 'GET',
      ...(init.body === undefined
        ? {}
        : { body: JSON.stringify(init.body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as T };
  }

  /** Asks until `right` holds; rejects with the last answer after `timeoutMs`. */
  async until<T>(path: string, right: (body: T, status: number) => boolean, timeoutMs = 15_000): Promise<T> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const { status, body } = await this.api<T>(path).catch(() => ({ status: 0, body: null as T }));
      if (status !== 0 && right(body, status)) return body;
      if (Date.now() > end) throw new Error(`${path} never became right; last: ${status} ${JSON.stringify(body)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async ready(timeoutMs?: number): Promise<void> {
    await this.until('/readyz', (_body, status) => status === 200, timeoutMs);
  }

  /** SIGTERM, and the exit code. */
  async stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  /** SIGKILL: as a power cut, for the process. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const exit = once(this.#child, 'exit');
    this.#child.kill(signal);
    const [code] = (await exit) as [number | null];
    return code;
  }
}

function listen(input: Readable | null, hear: (line: string) => void): void {
  if (input !== null) createInterface({ input }).on('line', hear);
}

function launch(words: readonly string[], log?: number) {
  const child = spawn(process.execPath, [main, ...words], {
    stdio: ['ignore', log ?? 'pipe', 'pipe'],
    // a second for each start, which only a benchmark wants
    env: { LAMPLIGHTER_SIP__WARMUP: 'false', ...process.env },
  });
  const output: string[] = [];
  listen(child.stderr, (line) => output.push(line));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, output, ended };
}
