/** For answers that take much memory until they are sent: only so many at a time. */
export class Places {
  #left: number;

  constructor(most: number) {
    this.#left = most;
  }

  /** How to leave it, of which only the first time counts; null: all are taken. */
  take(): (() => void) | null {
    if (this.#left === 0) return null;
    this.#left -= 1;
    let left = false;
    return () => {
      if (!left) this.#left += 1;
      left = true;
    };
  }
}
