/** Places of those that left that are kept at most; a burst of a rehearsal (src/rehearsal) is larger. */
const least = 32;

/** First in, first out; each step costs the same however many wait (the first key of a large Map does not). */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  get first(): T | undefined {
    return this.#items[this.#head];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#items[this.#head++] = undefined; // not kept alive until the next clearing: that doubled the work of the collector (measured)
    if (this.#head === this.#items.length) this.clear();
    else if (this.#head >= least && 2 * this.#head >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
