/** Whatever is not among the names that are counted apart; so that no stranger can make a count grow in width. */
export const otherName = 'other';

/** Columns that one row of a `Grid` may have: statuses, codes, kinds. All are ours; the bound is for what we overlook. */
const mostColumns = 96;

/** A number that is found once and then counted up. */
interface Count {
  value: number;
}

/**
 * How often each of a few names came. Plain numbers: adding allocates nothing, and they are read when somebody asks. The
 * last name is looked at first, as it nearly always comes again: a look-up in a Map costs ten times as much.
 */
export class Tally {
  readonly #counts: Map<string, Count>;
  readonly #most: number;
  #name: string | null = null;
  #count: Count = { value: 0 };

  /** `names`: there from the start, with 0. `more`: further names that may come; beyond them they are `other`. */
  constructor(names: readonly string[] = [], more = 0) {
    this.#counts = new Map(names.map((name) => [name, { value: 0 }]));
    this.#most = names.length + more;
  }

  add(name: string, by = 1): void {
    if (name !== this.#name) {
      this.#count = countOf(this.#counts, name, this.#most);
      this.#name = name;
    }
    this.#count.value += by;
  }

  of(name: string): number {
    return this.#counts.get(name)?.value ?? 0;
  }

  *entries(): Iterable<readonly [name: string, count: number]> {
    for (const [name, { value }] of this.#counts) yield [name, value];
  }
}

/** How often each of a few names came together with each of a few words or numbers (statuses). As cheap as a `Tally`. */
export class Grid {
  readonly #rows: Map<string, Map<string | number, Count>>;
  readonly #most: number;
  #name: string | null = null;
  #column: string | number | null = null;
  #count: Count = { value: 0 };

  /** `names`: of rows; `more`: further ones that may come; beyond them they are `other`. */
  constructor(names: readonly string[], more = 0) {
    this.#rows = new Map(names.map((name) => [name, new Map()]));
    this.#most = names.length + more;
  }

  add(name: string, column: string | number): void {
    if (name !== this.#name || column !== this.#column) {
      this.#count = countOf(this.#rows.get(name) ?? this.#newRow(name), column, mostColumns);
      this.#name = name;
      this.#column = column;
    }
    this.#count.value += 1;
  }

  of(name: string, column: string | number): number {
    return this.#rows.get(name)?.get(column)?.value ?? 0;
  }

  *entries(): Iterable<readonly [name: string, column: string, count: number]> {
    for (const [name, row] of this.#rows) for (const [column, { value }] of row) yield [name, String(column), value];
  }

  #newRow(name: string): Map<string | number, Count> {
    const key = this.#rows.size < this.#most ? name : otherName;
    const there = this.#rows.get(key);
    if (there !== undefined) return there;
    const row = new Map<string | number, Count>();
    this.#rows.set(key, row);
    return row;
  }
}

/** The count of a name, there from now on; that of `other` where there are `most` already. */
function countOf<K>(counts: Map<K | string, Count>, name: K, most: number): Count {
  const key = counts.has(name) || counts.size < most ? name : otherName;
  const there = counts.get(key);
  if (there !== undefined) return there;
  const count = { value: 0 };
  counts.set(key, count);
  return count;
}

/** How measured values are spread: the counts of a histogram with fixed bounds. */
export class Spread {
  /** Upper bounds, ascending; a last bucket without one follows. */
  readonly bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  add(value: number): void {
    let at = 0;
    while (at < this.bounds.length && value > (this.bounds[at] ?? 0)) at++;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
  }

  get sum(): number {
    return this.#sum;
  }

  /** All values. */
  get count(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /** How many values were at most each bound: as many as there are bounds. */
  get cumulative(): readonly number[] {
    let sum = 0;
    return this.bounds.map((_, index) => {
      sum += this.#counts[index] ?? 0;
      return sum;
    });
  }
}
