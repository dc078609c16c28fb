interface Lane {
  tail: Promise<unknown>;
  length: number;
}

/** Tasks of one key run one after the other, in the order they came; a key without any is not waited for at all. */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();

  /** Tasks of this key that have not ended. */
  length(key: string): number {
    return this.#lanes.get(key)?.length ?? 0;
  }

  /** Settles like `task`, whatever became of those before it. It begins at once where none is. */
  run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const lane = this.#lanes.get(key) ?? { tail: Promise.resolve(), length: 0 };
    const result = lane.length === 0 ? task() : lane.tail.then(task);
    this.#lanes.set(key, lane);
    lane.length += 1;
    const done = (): void => {
      lane.length -= 1;
      if (lane.length === 0) this.#lanes.delete(key);
    };
    lane.tail = result.then(done, done);
    return result;
  }
}
