import type { Aor } from '../model/aor.ts';
import type { PublicationRow } from '../model/publication-row.ts';
import type { Driver, Statement } from './driver.ts';

/** The publications table: what was published, for whom and until when. */
export class PublicationTable {
  readonly #put: Statement;
  readonly #remove: Statement;
  readonly #prune: Statement;
  readonly #all: Statement;

  constructor(driver: Driver) {
    this.#put = driver.prepare('INSERT OR REPLACE INTO publications VALUES (?,?,?,?,?,?,?,?,?,?)');
    this.#remove = driver.prepare('DELETE FROM publications WHERE id = ?');
    this.#prune = driver.prepare('DELETE FROM publications WHERE expires_at <= ?');
    this.#all = driver.prepare('SELECT * FROM publications ORDER BY id');
  }

  put(row: PublicationRow): void {
    this.#put.run(
      row.id,
      row.aor,
      row.event,
      row.publisher,
      row.etag,
      row.said,
      row.createdAt,
      row.expiresAt,
      row.source,
      row.userAgent,
    );
  }

  remove(id: number): void {
    this.#remove.run(id);
  }

  /** What has not expired at `now`, by id; the rest is deleted. */
  load(now: number): PublicationRow[] {
    this.#prune.run(now);
    return this.#all.all().map((row) => ({
      id: Number(row['id']),
      aor: String(row['aor']) as Aor,
      event: String(row['event']),
      publisher: row['publisher'] === null ? null : (String(row['publisher']) as Aor),
      etag: row['etag'] === null ? null : String(row['etag']),
      said: String(row['said']),
      createdAt: Number(row['created_at']),
      expiresAt: row['expires_at'] === null ? null : Number(row['expires_at']),
      source: String(row['source']),
      userAgent: row['user_agent'] === null ? null : String(row['user_agent']),
    }));
  }
}
