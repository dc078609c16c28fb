import type { Endpoint } from '../../engine.ts';
import type { Kernel } from './kernel.ts';
import type { MessageVector } from './message-vector.ts';

/** As many as libuv reads of a socket in one turn of the loop. */
const readAtOnce = 32;
/** The largest that UDP can carry. */
const largest = 65_536;
/** A fan-out sends 12 in a turn, a storm is answered by 8 and as many NOTIFYs. */
const sentAtOnce = 64;
/** Longer ones, documents by the kilobyte, go one by one. */
const usual = 2_048;

export interface BatchEvents {
  /** The memory of `bytes` is used again after the call. */
  onDatagram(bytes: Buffer, address: string, port: number): void;
  /** The kernel did not take it now, or does not want it. */
  onLeft(wire: string, remote: Endpoint, onError: (error: Error) => void): void;
}

/**
 * Reads what waits in one socket, and writes what one turn of the loop has to send, with a system call for many: one by one
 * a datagram costs twice as much (`docs/performance.md`).
 */
export class DatagramBatches {
  readonly #kernel: Kernel;
  readonly #events: BatchEvents;
  readonly #in: MessageVector;
  readonly #out: MessageVector;
  /** −1: closed; the number may be another socket's by now. */
  #descriptor: number;
  #readsAgain = false;
  #queued = 0;
  /** Of what is queued: as in `send`. */
  readonly #wires: string[] = [];
  readonly #remotes: Endpoint[] = [];
  readonly #errors: ((error: Error) => void)[] = [];

  constructor(kernel: Kernel, descriptor: number, events: BatchEvents) {
    this.#kernel = kernel;
    this.#descriptor = descriptor;
    this.#events = events;
    this.#in = kernel.vector(readAtOnce, largest);
    this.#out = kernel.vector(sentAtOnce, usual);
  }

  /**
   * Reads what else waits, up to 32. Where there was something, the next turn looks again before libuv does, who reads one by
   * one: under load he finds nothing any more.
   */
  readonly read = (): void => {
    const count = this.#descriptor < 0 ? 0 : this.#kernel.receive(this.#descriptor, this.#in);
    for (let index = 0; index < count; index++) {
      const port = this.#in.port(index);
      this.#events.onDatagram(this.#in.bytes(index), this.#in.address(index), port);
    }
    if (count > 0 && !this.#readsAgain) {
      this.#readsAgain = true;
      setImmediate(this.#readAgain);
    }
  };

  readonly #readAgain = (): void => {
    this.#readsAgain = false;
    this.read();
  };

  /** It leaves in this turn of the loop. False: it is none for a batch. */
  send(wire: string, remote: Endpoint, onError: (error: Error) => void): boolean {
    if (this.#descriptor < 0 || !this.#out.put(this.#queued, wire, remote.address, remote.port)) return false;
    this.#wires[this.#queued] = wire;
    this.#remotes[this.#queued] = remote;
    this.#errors[this.#queued] = onError;
    if (++this.#queued === sentAtOnce) this.flush();
    else if (this.#queued === 1) setImmediate(this.flush);
    return true;
  }

  /** Sends what is queued. */
  readonly flush = (): void => {
    const count = this.#queued;
    if (count === 0) return;
    this.#queued = 0;
    const taken = Math.max(this.#kernel.send(this.#descriptor, this.#out, count), 0);
    for (let index = 0; index < count; index++) {
      const [wire, remote, onError] = [this.#wires[index], this.#remotes[index], this.#errors[index]];
      // not kept alive until the place is needed again: whoever hears of errors is a transaction, with all that it holds
      this.#wires[index] = '';
      this.#errors[index] = nobody;
      if (index < taken || wire === undefined || remote === undefined || onError === undefined) continue;
      this.#events.onLeft(wire, remote, onError);
    }
  };

  /** Sends what is queued, and is of no use any more. */
  close(): void {
    this.flush();
    this.#descriptor = -1;
    this.#wires.length = 0;
    this.#remotes.length = 0;
    this.#errors.length = 0;
  }
}

function nobody(): void {
  // nothing is queued there
}
