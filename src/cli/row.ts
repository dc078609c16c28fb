/**
 * One thing that the API told, read by path: `remote.number`. It may come from a daemon of another version: what is not
 * there, or of another kind, is null.
 */
export class Row {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  /** null: `body` is no list of objects that all have this text: no answer of ours. */
  static list(body: unknown, key: string): readonly Row[] | null {
    if (!Array.isArray(body)) return null;
    const rows = body.map((one) => new Row(one));
    return rows.every((row) => row.text(key) !== null) ? rows : null;
  }

  get value(): unknown {
    return this.#value;
  }

  /** Text as it came, foreign; a number in its digits. */
  text(path: string): string | null {
    const value = this.#at(path);
    if (typeof value === 'number') return String(value);
    return typeof value === 'string' ? value : null;
  }

  number(path: string): number | null {
    const value = this.#at(path);
    return typeof value === 'number' ? value : null;
  }

  /** Absent is false. */
  flag(path: string): boolean {
    return this.#at(path) === true;
  }

  row(path: string): Row {
    return new Row(this.#at(path));
  }

  rows(path: string): readonly Row[] {
    const value = this.#at(path);
    return Array.isArray(value) ? value.map((one) => new Row(one)) : [];
  }

  /** The texts of a list. */
  texts(path: string): readonly string[] {
    const value = this.#at(path);
    return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
  }

  /** Milliseconds since the epoch. */
  time(path: string): number | null {
    const time = Date.parse(this.text(path) ?? '');
    return Number.isNaN(time) ? null : time;
  }

  #at(path: string): unknown {
    let value = this.#value;
    for (const key of path.split('.')) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
      value = (value as Readonly<Record<string, unknown>>)[key];
    }
    return value;
  }
}
