import type { Random } from '../../model/random.ts';

const poolSize = 4096;

/** Unguessable tokens for branches and tags, drawn from the source of chance in large pieces: one call a message is slow. */
export class Tokens {
  readonly #random: Random;
  #pool: Buffer = Buffer.alloc(0);
  #used = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Hexadecimal, two characters a byte. */
  next(bytes: number): string {
    if (this.#used + bytes > this.#pool.length) {
      this.#pool = this.#random.bytes(poolSize);
      this.#used = 0;
    }
    this.#used += bytes;
    return this.#pool.toString('hex', this.#used - bytes, this.#used);
  }
}
