import { limits } from '../message/limits.ts';
import { trimmed } from '../message/wire-text.ts';

/** What the bytes of a stream turned out to be. */
export type Frame =
  | { readonly kind: 'message'; readonly bytes: Buffer }
  /** RFC 5626 4.4.1: CRLFCRLF, to be answered with CRLF. */
  | { readonly kind: 'ping' }
  /** The next message cannot be found any more; nothing further is read. */
  | { readonly kind: 'broken'; readonly bytes: Buffer; readonly status: 400 | 513; readonly reason: string };

const lengthHeader = /\r\n(?:Content-Length|l)[ \t]*:((?:[^\r\n]|\r\n[ \t])*)/gi;
const cr = 0x0d;
const lf = 0x0a;

/**
 * Cuts a byte stream into messages (RFC 3261 18.3), wherever the segments were split. Looks at each byte once, holds at
 * most one message and one segment. The bytes of a frame are never written to again.
 */
export class StreamFramer {
  #held: Buffer = Buffer.alloc(0);
  /** Whether `#held` was made here and may be written behind `#end`. */
  #owned = false;
  #start = 0;
  #end = 0;
  /** No blank line starts before this place. */
  #searched = 0;
  /** Bytes of the message whose head was read; 0: not known yet. */
  #messageLength = 0;
  #emptyLines = 0;
  #broken = false;

  /** True while a message has begun and is not complete. */
  get midMessage(): boolean {
    return this.#end > this.#start;
  }

  push(chunk: Buffer, emit: (frame: Frame) => void): void {
    if (this.#broken) return;
    this.#append(chunk);
    while (!this.#broken && this.#skipEmptyLines(emit) && this.#findEnd(emit)) {
      const bytes = this.#held.subarray(this.#start, this.#start + this.#messageLength);
      this.#restart(this.#start + this.#messageLength);
      emit({ kind: 'message', bytes });
    }
  }

  /** Nobody hears what is left, and what will come; may be called by who is told of a frame. */
  stop(): void {
    this.#broken = true;
    this.#held = Buffer.alloc(0);
    this.#start = 0;
    this.#end = 0;
  }

  #append(chunk: Buffer): void {
    const held = this.#end - this.#start;
    if (held === 0) {
      this.#held = chunk; // the usual case: whole messages in one segment, nothing is copied
      this.#owned = false;
      this.#end = chunk.length;
      this.#restart(0);
      return;
    }
    if (!this.#owned || this.#held.length - this.#end < chunk.length) this.#grow(held, chunk.length);
    chunk.copy(this.#held, this.#end);
    this.#end += chunk.length;
  }

  #grow(held: number, more: number): void {
    const larger = Buffer.allocUnsafe(Math.max(2 * (held + more), 4096));
    this.#held.copy(larger, 0, this.#start, this.#end);
    this.#searched -= this.#start;
    this.#start = 0;
    this.#end = held;
    this.#held = larger;
    this.#owned = true;
  }

  #restart(next: number): void {
    this.#start = next;
    this.#searched = next;
    this.#messageLength = 0;
  }

  /** True where a message begins; false: nothing left but perhaps half an empty line. */
  #skipEmptyLines(emit: (frame: Frame) => void): boolean {
    if (this.#messageLength > 0) return true;
    while (this.#end - this.#start >= 2 && this.#held[this.#start] === cr && this.#held[this.#start + 1] === lf) {
      this.#restart(this.#start + 2);
      if (++this.#emptyLines === 2) {
        this.#emptyLines = 0;
        emit({ kind: 'ping' });
      }
    }
    const left = this.#end - this.#start;
    if (left === 0 || (left === 1 && this.#held[this.#start] === cr)) return false;
    this.#emptyLines = 0;
    return true;
  }

  /** True where the whole message is there. */
  #findEnd(emit: (frame: Frame) => void): boolean {
    if (this.#messageLength === 0) {
      const blank = this.#held.subarray(0, this.#end).indexOf('\r\n\r\n', this.#searched, 'latin1');
      if (blank < 0) {
        if (this.#end - this.#start > limits.message) return this.#break(emit, this.#end, 513, 'Message Too Large');
        this.#searched = Math.max(this.#start, this.#end - 3);
        return false;
      }
      const headEnd = blank + 4;
      const body = contentLength(this.#held.toString('latin1', this.#start, blank));
      if (body === null) return this.#break(emit, headEnd, 400, 'Content-Length Required Once');
      this.#messageLength = headEnd - this.#start + body;
      if (this.#messageLength > limits.message) return this.#break(emit, headEnd, 513, 'Message Too Large');
    }
    return this.#end - this.#start >= this.#messageLength;
  }

  #break(emit: (frame: Frame) => void, end: number, status: 400 | 513, reason: string): false {
    const bytes = this.#held.subarray(this.#start, end);
    this.stop();
    emit({ kind: 'broken', bytes, status, reason });
    return false;
  }
}

/** The one Content-Length of a head; null: none, several, or no number. Reads names as the parser does. */
function contentLength(head: string): number | null {
  let length: number | null = null;
  for (const match of head.matchAll(lengthHeader)) {
    const value = trimmed((match[1] ?? '').replaceAll('\r\n', ' '));
    if (length !== null || !/^\d{1,10}$/.test(value)) return null;
    length = Number(value);
  }
  return length;
}
