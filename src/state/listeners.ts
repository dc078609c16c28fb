import type { Logger } from '../model/logger.ts';

/** Who wants to be told. One that throws is logged and disturbs nobody else. */
export class Listeners<T> {
  readonly #logger: Logger;
  readonly #listeners = new Set<(value: T) => void>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Answers the way to stop listening. */
  add(listener: (value: T) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(value: T): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(value);
      } catch (error) {
        this.#logger.error({ err: error, value }, 'a listener failed');
      }
    }
  }
}
