/** Events, and characters of them, that are kept for clients that were away. */
const mostEvents = 5_000;
const mostLength = 4 * 1024 * 1024;

/** The last events as they were sent, numbered without a gap. */
export class EventRing {
  #events: { readonly number: number; readonly text: string }[] = [];
  /** Those before it have been dropped. */
  #first = 0;
  #length = 0;

  push(number: number, text: string): void {
    this.#events.push({ number, text });
    this.#length += text.length;
    while (this.#events.length - this.#first > mostEvents || this.#length > mostLength) {
      this.#length -= this.#events[this.#first]?.text.length ?? 0;
      this.#first++;
    }
    // Moving them all for each one that goes would cost more than keeping twice as many.
    if (this.#first > mostEvents) {
      this.#events = this.#events.slice(this.#first);
      this.#first = 0;
    }
  }

  clear(): void {
    this.#events = [];
    this.#first = 0;
    this.#length = 0;
  }

  /** What came after event `number`; null: some of that is not here any more. */
  after(number: number): string | null {
    const oldest = this.#events[this.#first];
    if (oldest === undefined || oldest.number > number + 1) return null;
    const from = this.#first + (number + 1 - oldest.number);
    return this.#events
      .slice(from)
      .map(({ text }) => text)
      .join('');
  }
}
