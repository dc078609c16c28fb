import type { Clock, Timer } from '../model/clock.ts';
import type { Tap, TraceDirection, TracedPath } from '../model/trace.ts';
import { Ring } from './ring.ts';

/** Messages a second that are recorded, and at once after a silence. Exported for the tests. */
export const rates = {
  /** Nobody looks: ten times what 500 busy phones need. Where there are more, recording is off until there are fewer. */
  unread: 2_000,
  /** Somebody follows, or a Homer wants them: of more, as many as these are recorded. */
  read: 10_000,
} as const;

/** How often the allowance is filled up, ms. */
const refillMs = 100;

/** Bytes of memory for each message that is to be kept: most have 500 to 900. */
const bytesEach = 1024;

/**
 * The tap: puts each message into the ring, unless there are too many. A storm costs a comparison a message then, and leaves
 * in the ring what was there before it (`docs/trace.md`, "What it costs").
 */
export class Recorder implements Tap {
  readonly ring: Ring;
  readonly #clock: Clock;
  readonly #readers = new Set<() => void>();
  #room: number = rates.unread;
  /** null: the allowance is full, and no timer runs. */
  #filling: Timer | null = null;
  #missed = 0;
  #missedInAll = 0;

  /** @param keep messages to remember, at least 1. */
  constructor(clock: Clock, keep: number) {
    this.#clock = clock;
    this.ring = new Ring(keep, keep * bytesEach);
  }

  /** Messages that passed and were not recorded, since the start. */
  get missed(): number {
    return this.#missedInAll;
  }

  passed(direction: TraceDirection, path: TracedPath, wire: Buffer | string): void {
    if (this.#room === 0) {
      this.#missed += 1;
      this.#missedInAll += 1;
      return;
    }
    this.#room -= 1;
    this.ring.add(this.#clock.now(), direction, path, wire, this.#missed);
    this.#missed = 0;
    if (this.#filling === null) this.#fillLater();
    if (this.#readers.size > 0) for (const wake of this.#readers) wake();
  }

  /** `wake` runs after each message, in the middle of SIP: it must only note that there is something. Answers how to stop. */
  onPassed(wake: () => void): () => void {
    this.#readers.add(wake);
    return () => this.#readers.delete(wake);
  }

  get #most(): number {
    return this.#readers.size > 0 ? rates.read : rates.unread;
  }

  /** Ends its timer; messages may still pass. */
  stop(): void {
    this.#filling?.cancel();
  }

  #fillLater(): void {
    const before = this.#missedInAll;
    this.#filling = this.#clock.after(refillMs, () => {
      const most = this.#most;
      const more = (most * refillMs) / 1000;
      const isCalm = this.#missedInAll - before <= more;
      if (isCalm || this.#readers.size > 0) this.#room = Math.min(this.#room + more, most);
      this.#filling = null;
      if (this.#room < most) this.#fillLater();
    });
  }
}
