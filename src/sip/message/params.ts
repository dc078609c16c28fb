interface Param {
  readonly name: string;
  readonly value: string | null;
  next: Param | null;
}

/** Beyond so many they are found by a Map: a header with 4,000 of them must not be compared pair by pair. */
const few = 8;

/**
 * The parameters of a header or a URI. Nearly always one to four: a chain costs a fifth of a Map, of which a SUBSCRIBE
 * and the answer to its NOTIFY would make eight.
 */
export class Params {
  #first: Param | null = null;
  #last: Param | null = null;
  #byName: Map<string, Param> | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** `name`: lower case. null: a parameter without value; undefined: there is none. */
  get(name: string): string | null | undefined {
    return this.#find(name)?.value;
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** False: it is there with another value, so that two readers would read two things. */
  add(name: string, value: string | null): boolean {
    const same = this.#find(name);
    if (same !== undefined) return same.value === value;
    const param = { name, value, next: null };
    if (this.#last === null) this.#first = param;
    else this.#last.next = param;
    this.#last = param;
    this.#size += 1;
    if (this.#size === few) this.#byName = new Map(this.#all().map((each) => [each.name, each]));
    else this.#byName?.set(name, param);
    return true;
  }

  *[Symbol.iterator](): Iterator<readonly [name: string, value: string | null]> {
    for (const { name, value } of this.#all()) yield [name, value];
  }

  #find(name: string): Param | undefined {
    if (this.#byName !== null) return this.#byName.get(name);
    for (let param = this.#first; param !== null; param = param.next) if (param.name === name) return param;
    return undefined;
  }

  #all(): Param[] {
    const all: Param[] = [];
    for (let param = this.#first; param !== null; param = param.next) all.push(param);
    return all;
  }
}

/** Names lower case; null for a parameter without value; a quoted value without its quotes and escapes. */
export type ReadParams = Omit<Params, 'add'>;

/** Where there are none. */
export const noParams: ReadParams = new Params();
