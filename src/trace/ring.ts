import type { TraceDirection, TracedPath } from '../model/trace.ts';

/** One message as it lies in the ring. */
export interface Recorded {
  /** Counts from 1. */
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly direction: TraceDirection;
  readonly path: TracedPath;
  /** So many passed just before it that were not recorded. */
  readonly missed: number;
  /** One character a byte. */
  readonly wire: string;
}

/** What is longer is cut; twice the largest message the parser takes, so only what a broken stream brought. Bytes. */
export const longestRecorded = 128 * 1024;
/** Room for a few of the longest, whatever else is asked for; bytes. */
const leastBytes = 4 * longestRecorded;

/**
 * The last messages, in memory that is taken once and never again: a message costs a copy of its bytes and nothing that
 * the garbage collector would have to look at. What is not used yet is not in RAM either: the system gives pages when they
 * are written.
 */
export class Ring {
  readonly #slab: Buffer;
  readonly #at: Float64Array;
  readonly #start: Uint32Array;
  readonly #length: Uint32Array;
  readonly #missed: Uint32Array;
  readonly #out: Uint8Array;
  readonly #paths: (TracedPath | undefined)[];
  readonly #capacity: number;
  #first = 1;
  #next = 1;
  #free = 0;

  /** @param messages at least 1. `bytes`: of all of them together. */
  constructor(messages: number, bytes: number) {
    this.#capacity = messages;
    this.#slab = Buffer.alloc(Math.max(bytes, leastBytes));
    this.#at = new Float64Array(messages);
    this.#start = new Uint32Array(messages);
    this.#length = new Uint32Array(messages);
    this.#missed = new Uint32Array(messages);
    this.#out = new Uint8Array(messages);
    this.#paths = new Array<TracedPath | undefined>(messages).fill(undefined);
  }

  /** The number of the oldest that is still there; where there is none, that of the next. */
  get first(): number {
    return this.#first;
  }

  /** The number that the next will have. */
  get next(): number {
    return this.#next;
  }

  add(at: number, direction: TraceDirection, path: TracedPath, wire: Buffer | string, missed: number): void {
    const length = Math.min(wire.length, longestRecorded);
    this.#makeRoom(length);
    const slot = this.#next % this.#capacity;
    const start = this.#free;
    if (typeof wire === 'string') this.#slab.write(wire, start, length, 'latin1');
    else wire.copy(this.#slab, start, 0, length);
    this.#at[slot] = at;
    this.#start[slot] = start;
    this.#length[slot] = length;
    this.#missed[slot] = missed;
    this.#out[slot] = direction === 'out' ? 1 : 0;
    this.#paths[slot] = path;
    this.#free = start + length;
    this.#next += 1;
  }

  /** null: it has been overwritten, or has not come yet. */
  read(number: number): Recorded | null {
    const slot = number % this.#capacity;
    const path = this.#paths[slot];
    if (number < this.#first || number >= this.#next || path === undefined) return null;
    const start = this.#start[slot] ?? 0;
    return {
      number,
      at: this.#at[slot] ?? 0,
      direction: this.#out[slot] === 1 ? 'out' : 'in',
      path,
      missed: this.#missed[slot] ?? 0,
      wire: this.#slab.toString('latin1', start, start + (this.#length[slot] ?? 0)),
    };
  }

  /** The oldest lie right behind the place that is written next: they go until `length` bytes are free there. */
  #makeRoom(length: number): void {
    if (this.#next - this.#first >= this.#capacity) this.#first += 1;
    if (this.#free + length > this.#slab.length) {
      this.#drop(this.#slab.length); // what is left at the end is too short for it
      this.#free = 0;
    }
    this.#drop(this.#free + length);
  }

  /** Forgets the oldest as long as they begin between the place that is written next and `end`. */
  #drop(end: number): void {
    while (this.#first < this.#next) {
      const start = this.#start[this.#first % this.#capacity] ?? 0;
      if (start < this.#free || start >= end) return;
      this.#first += 1;
    }
  }
}
