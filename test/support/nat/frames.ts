/** m: a SIP message, either way; d: the connection went down, and why; l: where the wire stands, as JSON. */
type Kind = 'm' | 'd' | 'l';

/** One letter, four bytes of length, and the bytes. */
export function frame(kind: Kind, bytes: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(kind, 0, 'latin1');
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** Cuts what comes by a pipe into frames again. */
export class Frames {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): { readonly kind: Kind; readonly bytes: Buffer }[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const whole: { kind: Kind; bytes: Buffer }[] = [];
    while (this.#rest.length >= 5) {
      const end = 5 + this.#rest.readUInt32BE(1);
      if (this.#rest.length < end) break;
      whole.push({ kind: this.#rest.toString('latin1', 0, 1) as Kind, bytes: this.#rest.subarray(5, end) });
      this.#rest = this.#rest.subarray(end);
    }
    return whole;
  }
}
