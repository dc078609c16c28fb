import { canonicalName } from './header-names.ts';

const none: readonly string[] = [];

/** A value's place in the head as one number: a line is at most 8,192 bytes long (limits.ts), a head 2^17 with what was unfolded. */
const lengthBits = 14;
const lengthMask = (1 << lengthBits) - 1;

/** See `Headers`. */
export function cutOf(from: number, end: number): number {
  return (from << lengthBits) | (end - from);
}

/**
 * Header lines in order: canonical names, raw wire values (unfolded, trimmed). Values are parsed by who needs them, and cut
 * only for them: of an answer to a NOTIFY hardly one is ever asked for.
 */
export class Headers {
  readonly #text: string;
  readonly #names: readonly string[];
  readonly #cuts: readonly number[];

  /** Both lists have the same length, names are canonical, each cut (`cutOf`) is of `text`. They are kept, not copied. */
  constructor(text: string, names: readonly string[], cuts: readonly number[]) {
    this.#text = text;
    this.#names = names;
    this.#cuts = cuts;
  }

  /** The first value. */
  get(name: string): string | undefined {
    return this.first(canonicalName(name));
  }

  /** The first value of a name that is canonical already. */
  first(canonical: string): string | undefined {
    const index = this.#names.indexOf(canonical);
    return index < 0 ? undefined : this.valueAt(index);
  }

  /** One entry a header line, top to bottom; the name is canonical already. */
  lines(wanted: string): readonly string[] {
    const first = this.#names.indexOf(wanted);
    if (first < 0) return none; // half of what is asked for is not there: no list is made for it
    const found = [this.valueAt(first)]; // `[]` with a push would take room for 17
    for (let i = this.#names.indexOf(wanted, first + 1); i >= 0; i = this.#names.indexOf(wanted, i + 1)) {
      found.push(this.valueAt(i));
    }
    return found;
  }

  /** As `lines`, by any spelling of the name. */
  all(name: string): readonly string[] {
    return this.lines(canonicalName(name));
  }

  /** Every line, as `write.ts` takes them. */
  entries(): (readonly [name: string, value: string])[] {
    return this.#names.map((name, i) => [name, this.valueAt(i)] as const);
  }

  /** The lines with these names, in order. */
  only(names: ReadonlySet<string>): Headers {
    const isWanted = (_: unknown, index: number) => names.has(this.#names[index] ?? '');
    return new Headers(this.#text, this.#names.filter(isWanted), this.#cuts.filter(isWanted));
  }

  /** Which line has this canonical name first, from the line `from` on; -1: none. */
  indexOf(canonical: string, from = 0): number {
    return this.#names.indexOf(canonical, from);
  }

  /** Where the value of a line begins in the head. */
  startAt(index: number): number {
    return (this.#cuts[index] ?? 0) >> lengthBits;
  }

  /** Where it ends. */
  endAt(index: number): number {
    const cut = this.#cuts[index] ?? 0;
    return (cut >> lengthBits) + (cut & lengthMask);
  }

  valueAt(index: number): string {
    return this.#text.slice(this.startAt(index), this.endAt(index));
  }
}
