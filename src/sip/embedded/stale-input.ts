import { timerF } from './timers.ts';

/**
 * Knows when the datagrams in the kernel are too old. A loop that stood still for as long as Timer F (a machine that
 * slept, a process that was stopped) finds requests of clients that have given up, and their repetitions behind them:
 * all are read and dropped, until a turn of the loop finds nothing more. Who still waits repeats, and is served.
 */
export class StaleInput {
  #dropping = false;
  #read = false;

  /** Datagrams are not to be looked at. */
  get dropping(): boolean {
    return this.#dropping;
  }

  /** A datagram was read. */
  read(): void {
    this.#read = true;
  }

  /** The timers of the loop run this late, ms. */
  late(ms: number): void {
    if (ms < timerF || this.#dropping) return;
    this.#dropping = true;
    this.#nextTurn();
  }

  #nextTurn(): void {
    this.#read = false;
    setImmediate(() => {
      if (this.#read) this.#nextTurn();
      else this.#dropping = false;
    });
  }
}
