import type { Clock, Timer } from '../../../src/model/clock.ts';

interface Waiter<T> {
  readonly wants: (item: T) => boolean;
  readonly take: (item: T) => void;
  readonly fail: (error: Error) => void;
  readonly timer: Timer;
}

/**
 * What arrived, in order, and a cursor: `next` gives the first item behind the cursor that matches and moves the cursor
 * behind it, so that items passed over are not offered again.
 */
export class Inbox<T> {
  readonly #clock: Clock;
  readonly #name: string;
  readonly #describe: (item: T) => string;
  readonly #items: T[] = [];
  #waiters: Waiter<T>[] = [];
  #cursor = 0;
  #closed: string | undefined;

  constructor(clock: Clock, name: string, describe: (item: T) => string) {
    this.#clock = clock;
    this.#name = name;
    this.#describe = describe;
  }

  get all(): readonly T[] {
    return this.#items;
  }

  push(item: T): void {
    this.#items.push(item);
    const waiter = this.#waiters.find(({ wants }) => wants(item));
    if (!waiter) return;
    this.#drop(waiter);
    this.#cursor = this.#items.length;
    waiter.take(item);
  }

  /** Rejects with the list of what did arrive when nothing matches in time. */
  next(wants: (item: T) => boolean = () => true, timeoutMs = 15_000): Promise<T> {
    for (let index = this.#cursor; index < this.#items.length; index += 1) {
      const item = this.#items[index] as T;
      if (!wants(item)) continue;
      this.#cursor = index + 1;
      return Promise.resolve(item);
    }
    if (this.#closed !== undefined) return Promise.reject(new Error(`no ${this.#name}: ${this.#closed}`));
    return new Promise((take, fail) => {
      const waiter: Waiter<T> = {
        wants,
        take,
        fail,
        timer: this.#clock.after(timeoutMs, () => {
          this.#drop(waiter);
          fail(new Error(`no matching ${this.#name} in ${timeoutMs} ms; ${this.#received()}`));
        }),
      };
      this.#waiters.push(waiter);
    });
  }

  /** Everybody still waiting is told why. */
  close(reason: string): void {
    this.#closed = reason;
    for (const waiter of [...this.#waiters]) {
      this.#drop(waiter);
      waiter.fail(new Error(`no ${this.#name}: ${reason}; ${this.#received()}`));
    }
  }

  #drop(waiter: Waiter<T>): void {
    waiter.timer.cancel();
    this.#waiters = this.#waiters.filter((other) => other !== waiter);
  }

  #received(): string {
    if (this.#items.length === 0) return 'nothing was received';
    const shown = this.#items.slice(-20).map((item, index, list) => {
      const place = this.#items.length - list.length + index;
      return `\n  ${place + 1}${place < this.#cursor ? ' (taken)' : ''} ${this.#describe(item)}`;
    });
    return `received ${this.#items.length}:${shown.join('')}`;
  }
}
