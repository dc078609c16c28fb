/** Chance that can be repeated: the same numbers for the same seed and turn. Not for secrets. */
export class Seeded {
  #state: number;

  constructor(seed: number, turn: number) {
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(turn + 1, 0xc2b2ae35);
    this.next();
  }

  /** 0 to 2^32-1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** 0 to `below` - 1; 0 for nothing. */
  below(below: number): number {
    return below < 1 ? 0 : this.next() % below;
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(list: readonly T[]): T {
    const item = list[this.below(list.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  /** A piece of a text: where it starts and ends. */
  span(text: string, longest: number): readonly [start: number, end: number] {
    const start = this.below(text.length + 1);
    return [start, Math.min(text.length, start + this.below(longest + 1))];
  }

  /** Any byte, most of the time a visible one: what is broken at first sight says little about what comes behind. */
  byte(): string {
    return String.fromCharCode(this.once(4) ? this.below(256) : 0x20 + this.below(0x5f));
  }
}
