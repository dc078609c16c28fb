/** Whatever is not among the names that are counted apart; so that no stranger can make a count grow in width. */
export const otherName = 'other';

/** Columns that one row of a `Grid` may have: statuses, codes, kinds. All are ours; the bound is for what we overlook. */
const mostColumns = 96;

/** How often each of a few names came. Plain numbers: adding allocates nothing, and they are read when somebody asks. */
export class Tally {
  readonly #counts: Map<string, number>;
  readonly #most: number;

  /** `names`: there from the start, with 0. `more`: further names that may come; beyond them they are `other`. */
  constructor(names: readonly string[] = [], more = 0) {
    this.#counts = new Map(names.map((name) => [name, 0]));
    this.#most = names.length + more;
  }

  add(name: string, by = 1): void {
    const count = this.#counts.get(name);
    if (count !== undefined) this.#counts.set(name, count + by);
    else if (this.#counts.size < this.#most) this.#counts.set(name, by);
    else this.#counts.set(otherName, (this.#counts.get(otherName) ?? 0) + by);
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  entries(): Iterable<readonly [name: string, count: number]> {
    return this.#counts;
  }
}

/** How often each of a few names came together with each of a few words or numbers (statuses). */
export class Grid {
  readonly #rows: Map<string, Map<string | number, number>>;
  readonly #most: number;

  /** `names`: of rows; `more`: further ones that may come; beyond them they are `other`. */
  constructor(names: readonly string[], more = 0) {
    this.#rows = new Map(names.map((name) => [name, new Map()]));
    this.#most = names.length + more;
  }

  add(name: string, column: string | number): void {
    const row = this.#rows.get(name) ?? this.#newRow(name);
    const count = row.get(column);
    if (count !== undefined) row.set(column, count + 1);
    else if (row.size < mostColumns) row.set(column, 1);
    else row.set(otherName, (row.get(otherName) ?? 0) + 1);
  }

  of(name: string, column: string | number): number {
    return this.#rows.get(name)?.get(column) ?? 0;
  }

  *entries(): Iterable<readonly [name: string, column: string, count: number]> {
    for (const [name, row] of this.#rows) for (const [column, count] of row) yield [name, String(column), count];
  }

  #newRow(name: string): Map<string | number, number> {
    const key = this.#rows.size < this.#most ? name : otherName;
    const there = this.#rows.get(key);
    if (there !== undefined) return there;
    const row = new Map<string | number, number>();
    this.#rows.set(key, row);
    return row;
  }
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
