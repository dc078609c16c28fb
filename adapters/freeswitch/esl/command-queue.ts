import type { Clock, Timer } from '../../../src/model/clock.ts';
import { Fault } from '../../../src/model/errors.ts';

/** How a command is answered: `api` by an api/response, everything else by a command/reply. */
export type ReplyKind = 'api' | 'reply';

export interface Command {
  /** Its bytes. */
  readonly text: string;
  readonly kind: ReplyKind;
  /** How messages call it; no values in it. */
  readonly name: string;
  readonly deadlineMs: number;
  /** Called once, synchronously with the answer. */
  settle(answer: string | Fault): void;
}

interface Waiting {
  readonly command: Command;
  readonly timer: Timer;
}

/** A command without an answer for so long means that FreeSWITCH stands still. Milliseconds. */
const stallMs = 10_000;

/**
 * One command at a time: nothing in an answer says which command it belongs to. Who asked stops waiting at his deadline;
 * the connection waits on for the answer, so that it does not become the next one's.
 */
export class CommandQueue {
  readonly #clock: Clock;
  readonly #write: (text: string) => void;
  readonly #stalled: (fault: Fault) => void;
  readonly #queue: Waiting[] = [];
  #asked: { readonly kind: ReplyKind; readonly name: string; readonly stall: Timer; who: Waiting | null } | null = null;
  #closed: Fault | null = null;

  /** `stalled` is called when an answer does not come at all. */
  constructor(clock: Clock, write: (text: string) => void, stalled: (fault: Fault) => void) {
    this.#clock = clock;
    this.#write = write;
    this.#stalled = stalled;
  }

  run(command: Command): void {
    if (this.#closed !== null) {
      command.settle(this.#closed);
      return;
    }
    const timer = this.#clock.after(command.deadlineMs, () => this.#late(waiting));
    const waiting: Waiting = { command, timer };
    this.#queue.push(waiting);
    this.#next();
  }

  /** False: an answer that nobody can have asked for, the stream is out of step. */
  answer(kind: ReplyKind, text: string): boolean {
    const asked = this.#asked;
    if (asked === null) return false;
    // COMPAT(FreeSWITCH 1.11): an `api` that the account may not run is answered by a command/reply.
    const denied = asked.kind === 'api' && kind === 'reply' && /^-ERR permission denied/i.test(text);
    if (kind !== asked.kind && !denied) return false;
    asked.stall.cancel();
    this.#asked = null;
    if (asked.who !== null) {
      asked.who.timer.cancel();
      asked.who.command.settle(denied ? forbidden(asked.name) : text);
    }
    this.#next();
    return true;
  }

  /** The connection is gone: all that wait are told, nothing is asked again. */
  close(why: Fault): void {
    this.#closed = why;
    this.#asked?.stall.cancel();
    const left = [...(this.#asked?.who ? [this.#asked.who] : []), ...this.#queue.splice(0)];
    this.#asked = null;
    for (const { command, timer } of left) {
      timer.cancel();
      command.settle(why);
    }
  }

  #next(): void {
    if (this.#asked !== null || this.#closed !== null) return;
    const waiting = this.#queue.shift();
    if (waiting === undefined) return;
    const { kind, name, text, deadlineMs } = waiting.command;
    const stall = this.#clock.after(Math.max(stallMs, deadlineMs), () =>
      this.#stalled(new Fault('pbx-unreachable', `FreeSWITCH stands still: no answer to ${name}`)),
    );
    this.#asked = { kind, name, stall, who: waiting };
    this.#write(text);
  }

  #late(waiting: Waiting): void {
    const { name, deadlineMs, settle } = waiting.command;
    const asked = this.#asked;
    const sent = asked?.who === waiting;
    if (sent) asked.who = null;
    else this.#queue.splice(this.#queue.indexOf(waiting), 1);
    const what = sent ? 'no answer' : 'not asked, so many wait,';
    settle(new Fault('pbx-unreachable', `FreeSWITCH: ${what} to ${name} within ${deadlineMs} ms`));
  }
}

/** The account may not run this. */
export function forbidden(name: string): Fault {
  return new Fault('pbx-refused', `FreeSWITCH refuses ${name}: esl-allowed-api of the account must name the command`);
}
