import { hash } from 'node:crypto';

/**
 * A hash over a short text that nobody can make, or check, who has not the key: SHA-256 of both, cut short. In one call of a
 * buffer that is there: 0.4 us, where HMAC takes 3.5 and leaves objects behind.
 */
export class KeyedHash {
  readonly #input: Buffer;
  readonly #keyBytes: number;
  readonly #bytes: number;

  /** `bytes`: of the 32, at most half: from a whole hash the hash of a longer text could be computed without the key. */
  constructor(key: Buffer, bytes: number, longestText: number) {
    this.#input = Buffer.concat([key, Buffer.alloc(longestText)]);
    this.#keyBytes = key.length;
    this.#bytes = Math.min(bytes, 16);
  }

  /** Bytes as Latin-1; so is `text`, and what of it is longer than `longestText` counts for nothing. */
  of(text: string): string {
    const input = this.#input;
    const end = this.#keyBytes + input.write(text, this.#keyBytes, 'latin1');
    return hash('sha256', end === input.length ? input : input.subarray(0, end), 'binary').slice(0, this.#bytes);
  }
}
