import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { daemonFlags } from '../run/started.ts';
import { lastingPort } from '../support/ports.ts';
import { endChild, startChild } from './child.ts';
import { base, domain } from './generator.ts';
import { cpuMicros, type Memory, memoryOf, udpDrops } from './procfs.ts';

const ownMain = new URL('../../src/main.js', import.meta.url).pathname;

export interface ServerSettings {
  /** How many extensions the simulated PBX has, from `base` on. */
  readonly extensions?: number;
  /** pbx: digest with the simulated PBX's passwords. */
  readonly auth?: 'trusted' | 'pbx';
  /** The `pbx` entry of the configuration as YAML, instead of the simulated one. */
  readonly pbx?: string;
  /** Options of node, before the script. */
  readonly node?: readonly string[];
  /** `main.js` of another build, to compare the two. */
  readonly main?: string | undefined;
  /** Listens on TCP too, at the same port. */
  readonly tcp?: boolean;
  /** Stands inline before this PBX, as `sip.upstream`. */
  readonly upstream?: string;
}

/** The daemon under load: the real one, a process of its own on core 0, with a folder that goes with it. */
export class Server {
  readonly port: number;
  readonly folder: string;
  readonly #settings: ServerSettings;
  #child: ChildProcess | null = null;
  #http = '';
  #tail: string[] = [];
  /** `process.hrtime` of the last start; nanoseconds. */
  startedAt = 0;

  private constructor(settings: ServerSettings, port: number) {
    this.#settings = settings;
    this.port = port;
    this.folder = mkdtempSync(join(tmpdir(), 'lamplighter-bench-'));
    process.on('exit', this.#remove);
  }

  readonly #remove = (): void => {
    rmSync(this.folder, { recursive: true, force: true });
  };

  static async start(settings: ServerSettings = {}): Promise<Server> {
    const server = new Server(settings, await lastingPort());
    try {
      await server.launch();
      await server.ready();
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  /** Starts the process; resolves when it has said where its API is. */
  async launch(): Promise<void> {
    const { node = [], auth = 'trusted', extensions = 1, pbx, tcp = false, main = ownMain, upstream } = this.#settings;
    const listen = (tcp ? ['udp', 'tcp'] : ['udp']).map((transport) => `'${transport}:127.0.0.1:${this.port}'`);
    const last = base + extensions - 1;
    const config = [
      'version: 1',
      `domain: ${domain}`,
      'sip:',
      `  listen: [${listen.join(', ')}]`,
      `  auth: ${auth}`,
      ...(upstream === undefined ? [] : [`  upstream: '${upstream}'`]),
      'pbx:',
      pbx ?? `  - { name: bench, type: simulated, extensions: ['${base}-${last}'] }`,
      `store: { path: '${join(this.folder, 'bench.db')}' }`,
      'http: { listen: 127.0.0.1:0, rate: { perSecond: 100000, burst: 100000 } }', // one client drives a whole site
      'log: { level: warn }',
    ];
    const file = join(this.folder, 'lamplighter.yaml');
    writeFileSync(file, `${config.join('\n')}\n`);
    const words = [...daemonFlags, ...node, main, 'start', '--config', file];
    this.startedAt = Number(process.hrtime.bigint());
    const child = startChild(0, process.execPath, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: this.folder,
      env: settingless(),
    });
    this.#child = child;
    this.#tail = [];
    const said = new Promise<string>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        if (stream === null) continue;
        createInterface({ input: stream }).on('line', (line) => {
          if (this.#tail.push(line) > 50) this.#tail.shift();
          const http = /Panel and API\s+(http:\S+)/.exec(line)?.[1];
          if (http !== undefined) resolve(http);
        });
      }
      child.once('close', (code) => reject(new Error(`the daemon ended with ${code}:\n${this.#tail.join('\n')}`)));
    });
    this.#http = await said;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** The last lines it printed: warnings and errors of the log among them. */
  get tail(): readonly string[] {
    return this.#tail;
  }

  /** CPU time of all its threads; microseconds. */
  get cpu(): number {
    return cpuMicros(this.pid);
  }

  get memory(): Memory {
    return memoryOf(this.pid);
  }

  /** Datagrams its receive buffer had no room for. */
  get drops(): number {
    return udpDrops(this.port);
  }

  get databaseBytes(): number {
    return statSync(join(this.folder, 'bench.db')).size;
  }

  /** POST with a body, else GET. A status that is neither 2xx nor the one `alsoFine` rejects. */
  async api<T>(path: string, body?: object, alsoFine?: number): Promise<T> {
    const { status, text } = await ask(`${this.#http}${path}`, body);
    if (status >= 300 && status !== alsoFine) throw new Error(`${path}: ${status} ${text}`);
    return JSON.parse(text) as T;
  }

  /** How many subscriptions the API shows. */
  async subscriptions(): Promise<number> {
    return (await this.api<unknown[]>('/api/v1/subscriptions')).length;
  }

  /** Resolves with the milliseconds since the start of the process when /readyz says 200. */
  async ready(timeoutMs = 30_000): Promise<number> {
    const end = Date.now() + timeoutMs;
    while (Date.now() < end) {
      const answer = await ask(`${this.#http}/readyz`, undefined).catch(() => null);
      if (answer?.status === 200) return (Number(process.hrtime.bigint()) - this.startedAt) / 1e6;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`never ready:\n${this.#tail.join('\n')}`);
  }

  /** Ends the process with that signal and waits; milliseconds it took. */
  async end(signal: NodeJS.Signals): Promise<number> {
    return this.#child === null ? 0 : endChild(this.#child, signal);
  }

  /** Ends it and removes its folder. */
  async close(): Promise<void> {
    await this.end('SIGKILL');
    process.off('exit', this.#remove);
    this.#remove();
  }
}

/** On a connection of its own, closed with the answer: none shall be counted as left behind. */
async function ask(url: string, body: object | undefined): Promise<{ status: number; text: string }> {
  const message = request(url, {
    agent: false,
    method: body === undefined ? 'GET' : 'POST',
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
  });
  message.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = (await once(message, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') };
}

/** Settings of the daemon in our own environment are not those of the benchmark. */
function settingless(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LAMPLIGHTER_')));
}
