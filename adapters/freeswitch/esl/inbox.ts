import type { Clock, Timer } from '../../../src/model/clock.ts';

/** Events that wait for their turn, some 5 kB each: the burst of 2,000 calls at once. More mean that we are too slow. */
const mostWaiting = 20_000;

/** Milliseconds of work before the socket is read again. */
const turnMs = 5;

/**
 * Events between the socket and who handles them. Reading goes first: a socket that is not read lets the queue inside
 * FreeSWITCH grow, and in the end stops every command there for minutes. Here the queue has an end.
 */
export class Inbox<E> {
  readonly #clock: Clock;
  readonly #handle: (event: E) => void;
  #waiting: E[] = [];
  #at = 0;
  #turn: Timer | null = null;
  #closed = false;

  constructor(clock: Clock, handle: (event: E) => void) {
    this.#clock = clock;
    this.#handle = handle;
  }

  /** False: too many wait, the connection must be given up. */
  push(event: E): boolean {
    this.#waiting.push(event);
    return this.#waiting.length - this.#at <= mostWaiting;
  }

  /** All that was read was pushed: handles what a turn allows, the rest in turns of its own. */
  flush(): void {
    if (this.#turn === null) this.#work();
  }

  close(): void {
    this.#closed = true;
    this.#turn?.cancel();
    this.#waiting = [];
    this.#at = 0;
  }

  #work(): void {
    this.#turn = null;
    const end = this.#clock.now() + turnMs;
    while (this.#at < this.#waiting.length) {
      const event = this.#waiting[this.#at++];
      if (event !== undefined) this.#handle(event);
      if (this.#closed) return;
      if (this.#clock.now() >= end) break;
    }
    if (this.#at >= this.#waiting.length) {
      this.#waiting = [];
      this.#at = 0;
      return;
    }
    if (this.#at > mostWaiting) {
      this.#waiting = this.#waiting.slice(this.#at);
      this.#at = 0;
    }
    this.#turn = this.#clock.after(0, () => this.#work());
  }
}
