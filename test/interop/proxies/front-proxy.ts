import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Home } from '../../support/daemon.ts';
import { testFile } from '../lab/paths.ts';

/** What differs between the programs; the snippet is the one of config/, as delivered. */
interface Kind {
  readonly snippet: string;
  /** The snippet and the configuration, for this Lamplighter; the rest is filled in alike. */
  settle(texts: { readonly snippet: string; readonly config: string }, lamplighter: string): typeof texts;
  /** Its table of users says this version. */
  readonly tableVersion: number;
  words(config: string, folder: string): readonly string[];
}

/** Folders where packages of OpenSIPS have their modules. */
const moduleFolders = [
  process.env['OPENSIPS_MODULES'] ?? '',
  '/usr/lib/x86_64-linux-gnu/opensips/modules',
  '/usr/lib64/opensips/modules',
  '/usr/local/lib64/opensips/modules',
  '/usr/local/lib/opensips/modules',
];

const kinds = {
  kamailio: {
    snippet: testFile('..', 'config', 'kamailio', 'lamplighter.cfg'),
    settle: ({ snippet, config }, lamplighter) => {
      const defines = `#!define LAMPLIGHTER_URI "${lamplighter}"\n#!define LAMPLIGHTER_PATIENCE 700`;
      return { snippet, config: config.replace(/^DEFINES$/m, defines) };
    },
    tableVersion: 7,
    words: (config, folder) => ['-f', config, '-DD', '-E', '-Y', folder, '-m', '16', '-M', '4'],
  },
  opensips: {
    snippet: testFile('..', 'config', 'opensips', 'lamplighter.cfg'),
    settle: ({ snippet, config }, lamplighter) => ({
      snippet: snippet.replace('sip:127.0.0.1:5070', lamplighter).replace('(lamp_patience) = 4', '(lamp_patience) = 1'),
      config: config.replace(
        '"MODULES"',
        `"${moduleFolders.find((folder) => folder !== '' && existsSync(folder)) ?? ''}"`,
      ),
    }),
    tableVersion: 8,
    words: (config, folder) => ['-f', config, '-F', '-w', folder, '-m', '64', '-M', '8'],
  },
} as const satisfies Record<string, Kind>;

export type ProxyKind = keyof typeof kinds;

/** Null: it is installed; else why a test is skipped. */
export function proxyMissing(kind: ProxyKind): string | null {
  const { error } = spawnSync(kind, [kind === 'kamailio' ? '-v' : '-V']);
  return error === undefined ? null : `${kind} is not installed`;
}

export interface ProxyOptions {
  readonly kind: ProxyKind;
  readonly home: Home;
  /** A name for its folder. */
  readonly name: string;
  readonly port: number;
  /** The URI of Lamplighter. */
  readonly lamplighter: string;
  /** Passwords by user of pbx.example.test. */
  readonly users: Readonly<Record<string, string>>;
}

/** A real Kamailio or OpenSIPS on loopback with our snippet, its users in text files. */
export class FrontProxy {
  readonly port: number;
  readonly output: string[] = [];
  readonly #kind: ProxyKind;
  readonly #config: string;
  readonly #folder: string;
  #child: ChildProcess | null = null;

  constructor({ kind, home, name, port, lamplighter, users }: ProxyOptions) {
    this.port = port;
    this.#kind = kind;
    this.#folder = home.path(name);
    mkdirSync(this.#folder);
    const { settle, snippet: file, tableVersion } = kinds[kind];
    const rows = Object.entries(users).map(([user, secret], at) => `${at + 1}:${user}:pbx.example.test:${secret}\n`);
    home.write(`${name}/version`, `table_name(string) table_version(int)\nsubscriber:${tableVersion}\n`);
    const columns = 'id(int,auto) username(string) domain(string) password(string)';
    home.write(`${name}/subscriber`, `${columns}\n${rows.join('')}`);
    const config = readFileSync(testFile('interop', 'proxies', `${kind}.cfg`), 'utf8');
    const texts = settle({ snippet: readFileSync(file, 'utf8'), config }, lamplighter);
    const snippet = home.write(`${name}/lamplighter.cfg`, texts.snippet);
    const filled = texts.config
      .replaceAll('127.0.0.1:PORT', `127.0.0.1:${port}`)
      .replace('text://FOLDER', `text://${this.#folder}`)
      .replace('"SNIPPET"', `"${snippet}"`);
    this.#config = home.write(`${name}/${kind}.cfg`, filled);
  }

  /** Resolves when it answers. */
  async start(): Promise<this> {
    for (let tries = 0; !(await this.#answers()); tries += 1) {
      if (tries > 400) throw new Error(`${this.#kind} did not start:\n${this.output.join('')}`);
      // the workers of the one before may have its port for a moment longer than their parent
      if (tries % 8 === 0 && (this.#child === null || this.#child.exitCode !== null)) this.#spawn();
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    return this;
  }

  #spawn(): void {
    const words = kinds[this.#kind].words(this.#config, this.#folder);
    // a group of its own: its workers go with it, however it ends
    const child = spawn(this.#kind, words, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    child.stderr?.on('data', (text: Buffer) => this.output.push(text.toString()));
    this.#child = child;
  }

  /** All its processes at once, as when its machine is switched off. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.pid === undefined) return;
    const exit = once(child, 'exit');
    process.kill(-child.pid, 'SIGKILL');
    await exit;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** An OPTIONS by TCP is answered: its workers are there. */
  #answers(): Promise<boolean> {
    const lines = [
      'OPTIONS sip:pbx.example.test SIP/2.0',
      'Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKready',
      'Max-Forwards: 5',
      'From: <sip:ready@pbx.example.test>;tag=r',
      'To: <sip:pbx.example.test>',
      'Call-ID: ready',
      'CSeq: 1 OPTIONS',
      'Content-Length: 0',
    ];
    return new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: this.port });
      const end = (answer: boolean) => {
        socket.destroy();
        resolve(answer);
      };
      socket.setTimeout(1000, () => end(false));
      socket.on('connect', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`));
      socket.on('data', () => end(true));
      socket.on('error', () => end(false));
      socket.on('close', () => resolve(false));
    });
  }
}
