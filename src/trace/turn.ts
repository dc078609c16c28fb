/** Bytes of messages that are worked on in one turn of the event loop: a millisecond, of what a stranger makes slow a few. */
const mostBytes = 64 * 1024;
/** What a message costs beside its bytes, in bytes. */
const each = 500;

/** Long work over messages in small turns: strangers say how long a message is, so that a count of them bounds nothing. */
export class Turn {
  #left = mostBytes;

  /** One more was worked on. True: that is enough for one turn; the next one begins. */
  isOver(bytes: number): boolean {
    this.#left -= bytes + each;
    if (this.#left > 0) return false;
    this.#left = mostBytes;
    return true;
  }
}
