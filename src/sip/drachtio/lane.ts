import { freely } from './sizes.ts';

/** Sends one control message and resolves when the server has answered it. Must not throw, must not reject. */
type Message = () => Promise<void>;

interface Waiting {
  readonly bytes: number;
  readonly send: Message;
}

/**
 * The order in which control messages leave. Small ones go at once; a large one waits until all before it have been
 * answered, and all after it wait for its own answer: so it is alone in the server's buffer (sizes.ts).
 */
export class ControlLane {
  #waiting: Waiting[] = [];
  #under = 0;
  #alone = false;

  /** Messages sent and not answered, and those that wait. */
  get size(): number {
    return this.#under + this.#waiting.length;
  }

  /** @param bytes of the whole control message. */
  send(bytes: number, send: Message): void {
    if (this.#waiting.length === 0 && this.#fits(bytes)) this.#go({ bytes, send });
    else this.#waiting.push({ bytes, send });
  }

  #fits(bytes: number): boolean {
    return !this.#alone && (bytes <= freely || this.#under === 0);
  }

  #go({ bytes, send }: Waiting): void {
    this.#under += 1;
    this.#alone = bytes > freely;
    void send().then(() => {
      this.#under -= 1;
      this.#alone = false;
      this.#next();
    });
  }

  #next(): void {
    for (;;) {
      const [first] = this.#waiting;
      if (first === undefined || !this.#fits(first.bytes)) return;
      this.#waiting.shift();
      this.#go(first);
    }
  }
}
