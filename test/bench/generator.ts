import { type ChildProcess, execFileSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { endChild, startChild } from './child.ts';
import { compiled } from './compiled.ts';

export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** What the generator says of a phase; times are nanoseconds of `process.hrtime`'s clock, 0 = never. */
export interface PhaseReport {
  readonly begin: number;
  readonly end: number;
  readonly ok: number;
  readonly failed: number;
  /** Requests given up after 32 s (RFC 3261 Timer F). */
  readonly timeouts: number;
  /** Phones that had a new NOTIFY in this phase. */
  readonly told: number;
  /** Phones whose request still waits for its NOTIFY. */
  readonly untold: number;
  /** 503 with Retry-After, each tried again when it said. */
  readonly shed: number;
  readonly skipped: number;
  readonly notifies: number;
  /** NOTIFYs that came again. */
  readonly repeated: number;
  /** NOTIFYs with a CSeq below one seen before. */
  readonly disorder: number;
  /** Requests for dialogs no phone has; answered 481. */
  readonly strange: number;
  /** Of SUBSCRIBEs, by the phones. */
  readonly retransmissions: number;
  readonly challenges: number;
  readonly firstTold: number;
  readonly lastTold: number;
  readonly lastFinal: number;
  /** Phones that have a subscription now. */
  readonly standing: number;
  /** Datagrams that the generator itself lost: more than 0 makes the run void. */
  readonly drops: number;
  readonly cpuSeconds: number;
  readonly finalMs?: Spread;
  readonly notifyMs?: Spread;
  readonly stampMs?: Spread;
  readonly statuses: Readonly<Record<string, number>>;
}

export interface GeneratorSettings {
  readonly port: number;
  readonly phones: number;
  /** Extensions watched; phone i watches `base` + i modulo this. */
  readonly resources?: number;
  readonly event?: 'dialog' | 'as-feature-event';
  /** Digest password; `<ext>` stands for the user. Absent: none is offered. */
  readonly password?: string;
  /** First user, and domain of the URIs; absent: `base` and `domain`. */
  readonly base?: number;
  readonly domain?: string;
  /** Source addresses; absent: one for each phone. */
  readonly addresses?: number;
  /** The first source address, counted from 127.1.0.0. */
  readonly origin?: number;
}

/** The first extension of the load's phones. */
export const base = 100_000;
export const domain = 'bench.test';

/** Options of a phase, as test/bench/load/load.c reads them. */
export type PhaseOptions = Readonly<
  Partial<
    Record<
      | 'from'
      | 'count'
      | 'window'
      | 'rate'
      | 'expires'
      | 'timeout'
      | 'repeat'
      | 'stamps'
      | 'endless'
      | 'wrong'
      | 'press'
      | 'seed',
      number
    >
  >
>;

/** The phones: a C program in a process of its own, because one in Node would be the bottleneck it is to find. */
export class Generator {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #waiting: { readonly resolve: (line: string) => void; readonly reject: (error: Error) => void }[] = [];
  #over: Error | null = null;

  private constructor(child: ChildProcess) {
    this.#child = child;
    if (child.stdout === null) throw new Error('no standard output');
    createInterface({ input: child.stdout }).on('line', (line) => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#lines.push(line);
      else next.resolve(line);
    });
    child.once('close', (code) => {
      this.#over = new Error(`the load generator ended with ${code}`);
      for (const { reject } of this.#waiting.splice(0)) reject(this.#over);
    });
  }

  static start(settings: GeneratorSettings): Generator {
    const { port, ...others } = settings;
    const words = Object.entries({ base, domain, ...others }).map(([name, value]) => `${name}=${value}`);
    const stdio = ['pipe', 'pipe', 'inherit'] as const;
    return new Generator(
      startChild(1, compiled('load', ['load.c', 'wire.c', 'wire.h']), ['127.0.0.1', String(port), ...words], {
        stdio: [...stdio],
      }),
    );
  }

  /** SUBSCRIBEs of `count` phones: new ones, refreshes, or with `expires: 0` ends; `window: 0` is all at once. */
  subscribe(options: PhaseOptions = {}): Promise<PhaseReport> {
    return this.#run('subscribe', options);
  }

  /** Counts NOTIFYs until `count` phones had one or `timeout` is over. `armed` has run before anything is waited for. */
  async watch(options: PhaseOptions, armed: () => Promise<unknown>): Promise<PhaseReport> {
    await this.#run('watch', options);
    const [report] = await Promise.all([this.#line(), armed()]);
    return JSON.parse(report) as PhaseReport;
  }

  /** The phones lose power: what they had subscribed to stays behind at the server. */
  forget(options: PhaseOptions = {}): Promise<PhaseReport> {
    return this.#run('forget', options);
  }

  /** Datagrams that are no SIP, or nearly. */
  garbage(options: PhaseOptions): Promise<PhaseReport> {
    return this.#run('garbage', options);
  }

  async stop(): Promise<void> {
    await endChild(this.#child, 'SIGKILL');
  }

  async #run(name: string, options: PhaseOptions): Promise<PhaseReport> {
    const words = Object.entries(options).map(([key, value]) => ` ${key}=${value}`);
    this.#child.stdin?.write(`${name}${words.join('')}\n`);
    return JSON.parse(await this.#line()) as PhaseReport;
  }

  #line(): Promise<string> {
    const line = this.#lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    if (this.#over !== null) return Promise.reject(this.#over);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }
}

/** Why there can be no load on this machine; null where there can. */
export function generatorMissing(): string | null {
  if (process.platform !== 'linux') return 'the load generator needs Linux (sendmmsg, IP_PKTINFO, /proc)';
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'no C compiler (cc)';
  }
}
