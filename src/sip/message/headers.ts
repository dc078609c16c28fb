import { canonicalName } from './header-names.ts';

const none: readonly string[] = [];

/** Header lines in order: canonical names, raw wire values (unfolded, trimmed). Values are parsed by who needs them. */
export class Headers {
  readonly #names: readonly string[];
  readonly #values: readonly string[];

  /** Both lists have the same length; names are canonical. The lists are kept, not copied. */
  constructor(names: readonly string[], values: readonly string[]) {
    this.#names = names;
    this.#values = values;
  }

  /** The first value. */
  get(name: string): string | undefined {
    return this.first(canonicalName(name));
  }

  /** The first value of a name that is canonical already. */
  first(canonical: string): string | undefined {
    const index = this.#names.indexOf(canonical);
    return index < 0 ? undefined : this.#values[index];
  }

  /** One entry a header line, top to bottom; the name is canonical already. */
  lines(wanted: string): readonly string[] {
    const first = this.#names.indexOf(wanted);
    if (first < 0) return none; // half of what is asked for is not there: no list is made for it
    const found = [this.#values[first] ?? '']; // `[]` with a push would take room for 17
    for (let i = this.#names.indexOf(wanted, first + 1); i >= 0; i = this.#names.indexOf(wanted, i + 1)) {
      found.push(this.#values[i] ?? '');
    }
    return found;
  }

  /** As `lines`, by any spelling of the name. */
  all(name: string): readonly string[] {
    return this.lines(canonicalName(name));
  }

  /** Every line, as `write.ts` takes them. */
  entries(): (readonly [name: string, value: string])[] {
    return this.#names.map((name, i) => [name, this.#values[i] ?? ''] as const);
  }
}
