import type { Clock, Timer } from '../model/clock.ts';

/**
 * One after the other, with a pause between two, so that a PBX is never flooded; what is urgent first. What is put in during
 * one turn of the event loop goes after it, so that all of that turn is known.
 */
export class Pacer<T> {
  readonly #clock: Clock;
  readonly #pauseMs: number;
  readonly #run: (item: T) => void;
  readonly #urgent: T[] = [];
  readonly #calm: T[] = [];
  #timer: Timer | null = null;
  #freeAt = 0;
  #stopped = false;

  /** @param run must not throw. */
  constructor(clock: Clock, pauseMs: number, run: (item: T) => void) {
    this.#clock = clock;
    this.#pauseMs = pauseMs;
    this.#run = run;
  }

  put(item: T, urgent: boolean): void {
    (urgent ? this.#urgent : this.#calm).push(item);
    this.#schedule();
  }

  /** Nothing more is run. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    if (this.#stopped || this.#timer !== null || this.#urgent.length + this.#calm.length === 0) return;
    const wait = Math.min(Math.max(this.#freeAt - this.#clock.now(), 0), this.#pauseMs); // a clock may be set back
    this.#timer = this.#clock.after(wait, () => {
      this.#timer = null;
      const item = this.#urgent.shift() ?? this.#calm.shift();
      this.#freeAt = this.#clock.now() + this.#pauseMs;
      if (item !== undefined) this.#run(item);
      this.#schedule();
    });
  }
}
