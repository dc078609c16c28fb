import type { Aor } from '../model/aor.ts';
import type { RegistrationRow } from '../model/phone.ts';
import type { Driver, Statement } from './driver.ts';

/** The registrations table: which phone went through us to the PBX, and by which path. */
export class RegistrationTable {
  readonly #put: Statement;
  readonly #touch: Statement;
  readonly #remove: Statement;
  readonly #prune: Statement;
  readonly #all: Statement;

  constructor(driver: Driver) {
    this.#put = driver.prepare('INSERT OR REPLACE INTO registrations VALUES (?,?,?,?,?,?,?,?)');
    this.#touch = driver.prepare('UPDATE registrations SET expires_at = ?, user_agent = ?, proven = ? WHERE id = ?');
    this.#remove = driver.prepare('DELETE FROM registrations WHERE id = ?');
    this.#prune = driver.prepare('DELETE FROM registrations WHERE expires_at <= ?');
    this.#all = driver.prepare('SELECT * FROM registrations ORDER BY since, id');
  }

  put(row: RegistrationRow): void {
    const { id, aor, contact, flow, since, expiresAt, userAgent, proven } = row;
    this.#put.run(id, aor, contact, flow, since, expiresAt, userAgent, proven ? 1 : 0);
  }

  /** What a refresh changes; nothing where it has been removed. */
  touch({ id, expiresAt, userAgent, proven }: RegistrationRow): void {
    this.#touch.run(expiresAt, userAgent, proven ? 1 : 0, id);
  }

  remove(id: string): void {
    this.#remove.run(id);
  }

  /** What has not expired at `now`, the oldest first; the rest is deleted. */
  load(now: number): RegistrationRow[] {
    this.#prune.run(now);
    return this.#all.all().map((row) => ({
      id: String(row['id']),
      aor: String(row['aor']) as Aor,
      contact: String(row['contact']),
      flow: String(row['flow']),
      since: Number(row['since']),
      expiresAt: Number(row['expires_at']),
      userAgent: row['user_agent'] === null ? null : String(row['user_agent']),
      proven: row['proven'] === 1,
    }));
  }
}
