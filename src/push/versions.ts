import type { Logger } from '../model/logger.ts';

/** What the versions ask of the store. Faults have the codes `store-*`. */
export interface VersionStore {
  /** The last limit that was reserved; 0: none. */
  pushVersionLimit(): number;
  /** Synchronous; the versions up to the limit may be used as soon as it returns. */
  reservePushVersions(limit: number): void;
}

/** Documents for one write to the store. */
const block = 1000;
/** Documents until the next attempt after a failed write. */
const retryBlock = 100;

/**
 * The versions of all that is pushed, from one counter: of each phone's documents of a resource they only grow, over restarts
 * and kill -9 too, and gaps do no harm where documents are full (RFC 4235 4.3). Where the store fails they go on from memory:
 * a dark lamp now is certain, a version that goes back needs a crash on top.
 */
export class Versions {
  readonly #store: VersionStore;
  readonly #logger: Logger;
  #next: number | null = null;
  #limit = 0;
  #failing = false;

  constructor(store: VersionStore, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  /** The first of `count` versions that nobody has had. */
  take(count: number): number {
    this.#next ??= this.#limit = this.#stored();
    const first = this.#next;
    this.#next += count;
    if (this.#next > this.#limit) this.#reserve(this.#next + block);
    return first;
  }

  #stored(): number {
    const stored = this.#store.pushVersionLimit();
    return Number.isSafeInteger(stored) && stored > 0 ? stored : 0;
  }

  #reserve(limit: number): void {
    try {
      this.#store.reservePushVersions(limit);
      this.#limit = limit;
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) {
        this.#logger.error({ err: error }, 'versions of pushed documents cannot be reserved, they go on without');
      }
      this.#failing = true;
      this.#limit = limit - block + retryBlock;
    }
  }
}
