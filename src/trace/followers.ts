import type { Passed } from './passed.ts';
import { Turn } from './turn.ts';

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
    const turn = new Turn();
    let isOver = false;
    for (; at < next && !isOver; at++) isOver = turn.isOver(this.#hand(at));
    if (at < next && this.#readings.size > 0) this.#wake();
  }

  /** Answers the bytes that were handled, for all who follow together. */
  #hand(number: number): number {
    const passed = this.#source.read(number);
    let bytes = 0;
    for (const reading of [...this.#readings]) {
      if (reading.next !== number) continue;
      reading.next += 1;
      if (passed === null) continue;
      if (passed.recorded.missed > 0) reading.follower.missed(passed.recorded.missed);
      reading.follower.take(passed);
      bytes += passed.recorded.wire.length;
    }
    return bytes;
  }
}
