/** Of each turn of the event loop; ms. */
const turnMs = 5;

/** Work for clients of the API, in turns that are short, so that phones need not wait however many ask at once. */
export class Turns {
  readonly #due: (() => void)[] = [];
  #turning = false;

  /** Runs a task when its turn comes; in the order in which they were asked for. It must not throw. */
  later(task: () => void): void {
    this.#due.push(task);
    this.#begin();
  }

  #begin(): void {
    if (this.#turning || this.#due.length === 0) return;
    this.#turning = true;
    setImmediate(() => {
      this.#turning = false;
      this.#turn();
      this.#begin();
    });
  }

  #turn(): void {
    const end = performance.now() + turnMs;
    while (performance.now() < end) {
      const task = this.#due.shift();
      if (task === undefined) return;
      task();
    }
  }
}
