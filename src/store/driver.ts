import Database from 'better-sqlite3';
import { Fault, type FaultCode } from '../model/errors.ts';

export type Value = string | number | bigint | Buffer | null;
export type Row = Readonly<Record<string, Value>>;

export interface Statement {
  run(...values: readonly Value[]): void;
  all(...values: readonly Value[]): Row[];
  get(...values: readonly Value[]): Row | undefined;
  /** All rows, each as its values in the order of the columns: objects would cost twice as much. */
  values(...values: readonly Value[]): (readonly Value[])[];
}

/** The only door to better-sqlite3: one connection; every SQLite error leaves as a `store-*` Fault. */
export class Driver {
  readonly #db: Database.Database;
  readonly #path: string;
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #rollback: Statement;

  /** @param how `readonly`: it must be there, and nothing of it changes. */
  constructor(path: string, { readonly = false }: { readonly readonly?: boolean } = {}) {
    this.#path = path;
    try {
      this.#db = new Database(path, { timeout: 2000, readonly });
    } catch (error) {
      throw storeFault(path, error);
    }
    try {
      // Prepared once: better-sqlite3's own `transaction` makes four closures for each one, 4 us.
      this.#begin = this.prepare('BEGIN IMMEDIATE');
      this.#commit = this.prepare('COMMIT');
      this.#rollback = this.prepare('ROLLBACK');
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  exec(sql: string): void {
    this.#guard(() => this.#db.exec(sql));
  }

  pragma(text: string): unknown {
    return this.#guard(() => this.#db.pragma(text, { simple: true }));
  }

  prepare(sql: string): Statement {
    const statement = this.#guard(() => this.#db.prepare<Value[], Row>(sql));
    let raw: Database.Statement<Value[], Value[]> | null = null;
    return {
      run: (...values) => {
        try {
          statement.run(...values);
        } catch (error) {
          throw storeFault(this.#path, error);
        }
      },
      all: (...values) => this.#guard(() => statement.all(...values)),
      get: (...values) => this.#guard(() => statement.get(...values)),
      values: (...values) =>
        this.#guard(() => {
          raw ??= this.#db.prepare<Value[], Value[]>(sql).raw(true);
          return raw.all(...values);
        }),
    };
  }

  /** All or nothing. */
  transaction(work: () => void): void {
    this.#begin.run();
    try {
      work();
      this.#commit.run();
    } catch (error) {
      // A full disk may have ended it already (sqlite.org/lang_transaction.html, 3).
      if (this.#db.inTransaction) this.#rollback.run();
      throw error;
    }
  }

  async backup(path: string): Promise<void> {
    try {
      await this.#db.backup(path);
    } catch (error) {
      throw storeFault(path, error);
    }
  }

  close(): void {
    this.#db.close();
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw storeFault(this.#path, error);
    }
  }
}

const codes: readonly (readonly [RegExp, FaultCode])[] = [
  [/^SQLITE_(FULL|IOERR)/, 'store-full'],
  [/^SQLITE_(CORRUPT|NOTADB)/, 'store-corrupt'],
  [/^SQLITE_(BUSY|LOCKED)/, 'store-locked'],
  [/^SQLITE_(READONLY|CANTOPEN|PERM|AUTH)/, 'store-unwritable'],
];

function storeFault(path: string, error: unknown): Fault {
  if (error instanceof Fault) return error;
  const detail = error instanceof Error ? error.message : String(error);
  const sqlite = error instanceof Error && 'code' in error ? String(error.code) : '';
  const known = codes.find(([pattern]) => pattern.test(sqlite));
  // better-sqlite3 throws a plain TypeError where the folder is missing
  const code = known?.[1] ?? (/directory does not exist/.test(detail) ? 'store-unwritable' : 'internal');
  return new Fault(code, `database ${path}: ${detail}`, error);
}
