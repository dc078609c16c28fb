/** boost::circular_buffer of client.cpp: what does not fit pushes out what came first. */
const bufferBytes = 12_228;
/** One read; more than one may be waiting. */
const readBytes = 8192;

/** Thrown where the server would drop its client. */
export class BadFrame extends Error {}

/**
 * `<bytes>#<payload>` as drachtio-server reads it, with its limits: a frame that does not fit the buffer is waited for for
 * ever, frames that come faster than they are read lose their beginning, and a length has five digits at most.
 */
export class ControlInput {
  #buffer = '';
  #length = 0;
  readonly #onFrame: (payload: string) => void;

  constructor(onFrame: (payload: string) => void) {
    this.#onFrame = onFrame;
  }

  /** Latin-1 text. Throws BadFrame. */
  feed(text: string): void {
    for (let at = 0; at < text.length; at += readBytes) this.#read(text.slice(at, at + readBytes));
  }

  #read(text: string): void {
    this.#buffer = (this.#buffer + text).slice(-bufferBytes);
    if (this.#length === 0 && !this.#readLength()) return;
    while (this.#length > 0 && this.#buffer.length >= this.#length) {
      const payload = this.#buffer.slice(0, this.#length);
      this.#buffer = this.#buffer.slice(this.#length);
      this.#onFrame(payload);
      if (this.#buffer === '') this.#length = 0;
      else if (!this.#readLength()) return;
    }
  }

  /** False: there is nothing behind it yet. */
  #readLength(): boolean {
    const digits = /^\d{0,5}/.exec(this.#buffer)?.[0] ?? '';
    const next = this.#buffer.charAt(digits.length);
    if (next === '' && digits.length < 6) {
      this.#length = 0; // split in the middle: kept for the next time
      return false;
    }
    if (next !== '#' || digits === '') throw new BadFrame('invalid message length specifier');
    this.#length = Number(digits);
    this.#buffer = this.#buffer.slice(digits.length + 1);
    return this.#buffer !== '';
  }
}
