/**
 * Tells in order for each key, several keys at once. What does not fit is dropped: whoever is told too slowly has to look
 * for himself.
 */
export class TellQueue<T> {
  readonly #tell: (item: T) => Promise<void>;
  readonly #most: number;
  readonly #atOnce: number;
  readonly #waiting: { readonly key: string; readonly item: T }[] = [];
  readonly #busy = new Set<string>();

  /** `tell` never rejects. `most`: items that wait. */
  constructor(tell: (item: T) => Promise<void>, most: number, atOnce: number) {
    this.#tell = tell;
    this.#most = most;
    this.#atOnce = atOnce;
  }

  /** False: dropped. */
  put(key: string, item: T): boolean {
    if (this.#waiting.length >= this.#most) return false;
    this.#waiting.push({ key, item });
    this.#pump();
    return true;
  }

  clear(): void {
    this.#waiting.length = 0;
  }

  #pump(): void {
    while (this.#busy.size < this.#atOnce) {
      const at = this.#waiting.findIndex(({ key }) => !this.#busy.has(key));
      const [next] = at < 0 ? [] : this.#waiting.splice(at, 1);
      if (next === undefined) return;
      this.#busy.add(next.key);
      void this.#tell(next.item).then(() => {
        this.#busy.delete(next.key);
        this.#pump();
      });
    }
  }
}
