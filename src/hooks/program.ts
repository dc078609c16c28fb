import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { basename } from 'node:path';
import type { Timer } from '../model/clock.ts';
import type { HookCall } from '../model/hook.ts';
import {
  HookFailure,
  type HookLine,
  type LineTools,
  longestAnswer,
  restartMs,
  shortLine,
  startOf,
  wellAfterMs,
} from './line.ts';
import { ownEnvironment } from './own-environment.ts';
import { Pending } from './pending.ts';

/** So many questions in a row without any answer: it does not listen any more. */
const mostUnanswered = 3;
/** So many lines in a row that answer no question: it would keep us busy for ever. */
const mostUnasked = 1000;
/** From the end of its input and SIGTERM to SIGKILL; milliseconds. */
const graceMs = 300;

/**
 * A program of the admin that lives as long as we do: one line of JSON each way. It is started without a shell, again when
 * it ends, and is ended with us, its children included.
 */
export class ProgramLine implements HookLine {
  readonly name: string;
  readonly #command: readonly [string, ...string[]];
  readonly #calls: ReadonlySet<HookCall>;
  readonly #tools: LineTools;
  readonly #pending: Pending;
  #child: ChildProcessWithoutNullStreams | null = null;
  /** Numbers of questions without an answer, oldest first, given up ones included: an answer without `id` is the oldest's. */
  #asked: number[] = [];
  #unanswered = 0;
  #unasked = 0;
  #why = 'the program is being started';
  #ends = 0;
  #bornAt = 0;
  #restart: Timer | null = null;
  #stopped = false;
  /** Given up, and on their way out. */
  readonly #ending = new Set<Promise<void>>();

  constructor(command: readonly [string, ...string[]], calls: readonly HookCall[], tools: LineTools) {
    this.#command = command;
    this.#calls = new Set(calls);
    this.#tools = tools;
    this.#pending = new Pending(tools.clock);
    this.name = `program ${basename(command[0])}`;
  }

  takes(call: HookCall): boolean {
    return this.#calls.has(call);
  }

  start(): void {
    this.#spawn();
  }

  ask(call: HookCall, message: object, deadlineMs: number): Promise<unknown> {
    const child = this.#child;
    if (child === null) return Promise.reject(new HookFailure(this.#why));
    return this.#pending.ask(
      deadlineMs,
      (id) => {
        this.#asked.push(id);
        child.stdin.write(`${JSON.stringify({ id, call, ...message })}\n`);
      },
      () => {
        this.#unanswered++;
        if (this.#unanswered >= mostUnanswered) this.#gone(child, 'the program does not answer any more');
      },
    );
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#restart?.cancel();
    const child = this.#child;
    this.#dismiss('it is being stopped');
    if (child !== null) this.#dispose(child);
    await Promise.all(this.#ending);
  }

  #spawn(): void {
    const [file, ...args] = this.#command;
    this.#bornAt = this.#tools.clock.now();
    let child: ChildProcessWithoutNullStreams;
    try {
      // A group of its own, so that what it starts ends with it.
      child = spawn(file, args, { stdio: 'pipe', shell: false, detached: true, env: ownEnvironment() });
    } catch (error) {
      // ENOTDIR, ENOMEM and others are thrown; ENOENT and EACCES come as an event.
      this.#failed(`the program cannot be run: ${(error as Error).message}`);
      return;
    }
    this.#child = child;
    child.on('error', (error) => this.#gone(child, `the program cannot be run: ${error.message}`));
    child.on('exit', (code, signal) => this.#gone(child, `the program ended (${code ?? signal})`));
    // Told by `exit` as well.
    child.stdin.on('error', () => undefined);
    child.stderr.on('data', (bytes: Buffer) => {
      this.#tools.logger.debug({ said: shortLine(startOf(bytes)) }, 'the hook prints');
    });
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (child !== this.#child) return;
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (child === this.#child) this.#take(child, line);
      if (rest.length > longestAnswer) this.#gone(child, `a line of more than ${longestAnswer} characters`);
    });
  }

  #take(child: ChildProcessWithoutNullStreams, line: string): void {
    if (++this.#unasked > mostUnasked) {
      this.#gone(child, 'it writes lines that nobody asked for');
      return;
    }
    if (line.trim() === '') return;
    this.#unanswered = 0;
    let answer: unknown;
    try {
      answer = JSON.parse(line);
    } catch {
      const oldest = this.#asked.shift();
      // Nobody can say which answer this was, so the next ones cannot be told apart either.
      if (oldest !== undefined) this.#pending.refuse(oldest, 'its answer is not JSON');
      this.#gone(child, 'its answer is not JSON');
      return;
    }
    const given = typeof answer === 'object' && answer !== null ? (answer as { readonly id?: unknown }).id : undefined;
    const id = typeof given === 'number' ? given : this.#asked[0];
    if (id === undefined) return;
    this.#asked = this.#asked.filter((one) => one !== id);
    if (this.#pending.answer(id, answer)) this.#unasked = 0;
  }

  #gone(child: ChildProcessWithoutNullStreams, reason: string): void {
    if (child !== this.#child) return;
    this.#dispose(child);
    this.#failed(reason);
  }

  #failed(reason: string): void {
    this.#dismiss(reason);
    if (this.#stopped) return;
    const { clock, random, logger } = this.#tools;
    if (clock.now() - this.#bornAt > wellAfterMs) this.#ends = 0;
    const wait = restartMs(this.#ends++, random, this.#tools.restartMs);
    logger.debug({ reason, againInMs: Math.round(wait) }, 'hooks: the program is started again');
    this.#restart = clock.after(wait, () => this.#spawn());
  }

  #dismiss(reason: string): void {
    this.#child = null;
    this.#asked = [];
    this.#unanswered = 0;
    this.#unasked = 0;
    this.#why = reason;
    this.#pending.refuseAll(reason);
  }

  #dispose(child: ChildProcessWithoutNullStreams): void {
    const ending = this.#end(child).finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  /** Resolves when it is gone, or has been killed. */
  async #end(child: ChildProcessWithoutNullStreams): Promise<void> {
    const { pid } = child;
    if (pid === undefined) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        late.cancel();
        // What it started may have stayed.
        signal(pid, 'SIGKILL');
        resolve();
      };
      const late = this.#tools.clock.after(graceMs, done);
      if (child.exitCode !== null || child.signalCode !== null) {
        done();
        return;
      }
      child.once('exit', done);
      child.stdin.end();
      signal(pid, 'SIGTERM');
    });
    for (const stream of child.stdio) stream?.destroy();
  }
}

/** The whole group; one that is gone needs none. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch {
    // ESRCH: it has ended
  }
}
