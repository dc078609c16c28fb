import type { Passed } from './passed.ts';

/** Who is given each message as it passes. Must not throw. */
export interface Follower {
  take(passed: Passed): void;
  /** So many were not recorded, or overwritten before their turn came. */
  missed(count: number): void;
}

interface Reading {
  readonly follower: Follower;
  next: number;
}

/** What the followers read from. */
export interface Source {
  readonly first: number;
  readonly next: number;
  read(number: number): Passed | null;
  /** Answers how to stop. */
  onPassed(wake: () => void): () => void;
  /** Runs a task after what waits at the sockets. */
  readonly later: (task: () => void) => void;
}

/** Messages handed out in one turn of the event loop: about a millisecond. */
const atOnce = 100;

/** Hands each message to everybody who follows, outside of the path of SIP, in small turns. */
export class Followers {
  readonly #source: Source;
  readonly #readings = new Set<Reading>();
  #stop: (() => void) | null = null;
  #busy = false;

  constructor(source: Source) {
    this.#source = source;
  }

  get size(): number {
    return this.#readings.size;
  }

  /** @param from the number of the first message to read. Answers how to stop. */
  add(follower: Follower, from = this.#source.next): () => void {
    const reading: Reading = { follower, next: from };
    this.#readings.add(reading);
    this.#stop ??= this.#source.onPassed(() => this.#wake());
    if (from < this.#source.next) this.#wake();
    return () => {
      this.#readings.delete(reading);
      if (this.#readings.size > 0) return;
      this.#stop?.();
      this.#stop = null;
    };
  }

  #wake(): void {
    if (this.#busy) return;
    this.#busy = true;
    this.#source.later(() => this.#turn());
  }

  #turn(): void {
    this.#busy = false;
    const { next } = this.#source;
    let at = next;
    for (const reading of this.#readings) {
      const lost = this.#source.first - reading.next;
      if (lost > 0) {
        reading.next += lost;
        reading.follower.missed(lost);
      }
      at = Math.min(at, reading.next);
    }
    const end = Math.min(next, at + atOnce);
    for (; at < end; at++) this.#hand(at);
    if (end < next && this.#readings.size > 0) this.#wake();
  }

  #hand(number: number): void {
    const passed = this.#source.read(number);
    for (const reading of [...this.#readings]) {
      if (reading.next !== number) continue;
      reading.next += 1;
      if (passed === null) continue;
      if (passed.recorded.missed > 0) reading.follower.missed(passed.recorded.missed);
      reading.follower.take(passed);
    }
  }
}
