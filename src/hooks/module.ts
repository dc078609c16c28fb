import { basename } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Timer } from '../model/clock.ts';
import type { HookCall } from '../model/hook.ts';
import { HookFailure, type HookLine, type LineTools, restartMs, shortLine, startOf, wellAfterMs } from './line.ts';
import type { ModuleOrder, ModuleReport } from './module-worker.ts';
import { ownEnvironment } from './own-environment.ts';
import { Pending } from './pending.ts';

/** After a question without an answer: a thread that does not say within this time that it lives is ended. Milliseconds. */
const pulseMs = 500;
/** So long it may take to load, however many questions pass meanwhile: it may connect to a database first. Milliseconds. */
const longestLoadMs = 15_000;
/** What a module may hold; megabytes. */
const mostMegabytes = 256;

/**
 * An ES module of the admin, in a thread of its own: one that throws, hangs or ends itself costs the answers under way, and
 * is loaded again.
 */
export class ModuleLine implements HookLine {
  readonly name: string;
  readonly #path: string;
  readonly #tools: LineTools;
  readonly #pending: Pending;
  #worker: Worker | null = null;
  /** null: not loaded yet. */
  #calls: ReadonlySet<HookCall> | null = null;
  /** Asked before it was loaded. */
  #early: ModuleOrder[] = [];
  #why = 'the module is being loaded';
  #ends = 0;
  #bornAt = 0;
  #restart: Timer | null = null;
  #pulse: Timer | null = null;
  #stopped = false;

  /** `path`: absolute. */
  constructor(path: string, tools: LineTools) {
    this.#path = path;
    this.#tools = tools;
    this.#pending = new Pending(tools.clock);
    this.name = `module ${basename(path)}`;
  }

  takes(call: HookCall): boolean {
    return this.#calls?.has(call) ?? true;
  }

  start(): void {
    this.#spawn();
  }

  ask(call: HookCall, message: object, deadlineMs: number): Promise<unknown> {
    if (this.#worker === null) return Promise.reject(new HookFailure(this.#why));
    return this.#pending.ask(
      deadlineMs,
      (id) => this.#send({ order: 'ask', id, call, message }),
      () => this.#feelPulse(),
    );
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#restart?.cancel();
    const worker = this.#worker;
    this.#dismiss('it is being stopped');
    await worker?.terminate();
  }

  #send(order: ModuleOrder): void {
    if (this.#calls === null) this.#early.push(order);
    else this.#worker?.postMessage(order);
  }

  #spawn(): void {
    this.#bornAt = this.#tools.clock.now();
    let worker: Worker;
    try {
      worker = new Worker(new URL('./module-worker.js', import.meta.url), {
        workerData: { path: this.#path },
        env: ownEnvironment(),
        stdout: true,
        stderr: true,
        resourceLimits: { maxOldGenerationSizeMb: mostMegabytes },
      });
    } catch (error) {
      this.#failed(`the module got no thread: ${(error as Error).message}`);
      return;
    }
    this.#worker = worker;
    for (const stream of [worker.stdout, worker.stderr]) {
      stream.on('data', (bytes: Buffer) => {
        this.#tools.logger.debug({ said: shortLine(startOf(bytes)) }, 'the hook prints');
      });
    }
    worker.on('message', (report: ModuleReport) => {
      if (worker === this.#worker) this.#take(report);
    });
    worker.on('error', (error: unknown) => {
      this.#gone(worker, `the module ended: ${error instanceof Error ? error.message : String(error)}`);
    });
    worker.on('exit', (code) => this.#gone(worker, `the module ended itself (${code})`));
  }

  #take(report: ModuleReport): void {
    switch (report.report) {
      case 'loaded': {
        this.#calls = new Set(report.calls);
        const early = this.#early;
        this.#early = [];
        for (const order of early) this.#send(order);
        this.#tools.logger.info({ calls: report.calls }, 'hooks: the module is loaded');
        break;
      }
      case 'answer':
        this.#pending.answer(report.id, report.answer);
        break;
      case 'fault':
        this.#pending.refuse(report.id, `it threw ${shortLine(report.reason)}`);
        break;
      case 'pong':
    }
    // Whatever it says, it lives.
    this.#pulse?.cancel();
    this.#pulse = null;
  }

  /** A function that waits for something slow is left alone; one that never gives the thread back is not. */
  #feelPulse(): void {
    const worker = this.#worker;
    if (worker === null || this.#pulse !== null) return;
    const { clock } = this.#tools;
    if (this.#calls !== null) this.#send({ order: 'ping' });
    const patienceMs = this.#calls === null ? this.#bornAt + longestLoadMs - clock.now() : pulseMs;
    this.#pulse = clock.after(Math.max(patienceMs, pulseMs), () => {
      this.#pulse = null;
      this.#gone(worker, this.#calls === null ? 'the module does not finish loading' : 'the module hangs');
    });
  }

  #gone(worker: Worker, reason: string): void {
    if (worker !== this.#worker) return;
    void worker.terminate();
    this.#failed(shortLine(reason));
  }

  #failed(reason: string): void {
    this.#dismiss(reason);
    if (this.#stopped) return;
    const { clock, random, logger } = this.#tools;
    if (clock.now() - this.#bornAt > wellAfterMs) this.#ends = 0;
    const wait = restartMs(this.#ends++, random, this.#tools.restartMs);
    logger.debug({ reason: this.#why, againInMs: Math.round(wait) }, 'hooks: the module is loaded again');
    this.#restart = clock.after(wait, () => this.#spawn());
  }

  #dismiss(reason: string): void {
    this.#worker = null;
    this.#calls = null;
    this.#early = [];
    this.#why = reason;
    this.#pulse?.cancel();
    this.#pulse = null;
    this.#pending.refuseAll(reason);
  }
}
