import type { ProfileDocument, ProfileKey, ProfileKind } from '../model/profile-document.ts';
import type { Driver, Statement } from './driver.ts';

/** The profiles table: documents that came by the API. */
export class ProfileTable {
  readonly #put: Statement;
  readonly #remove: Statement;
  readonly #all: Statement;

  constructor(driver: Driver) {
    this.#put = driver.prepare('INSERT OR REPLACE INTO profiles VALUES (?,?,?,?,?,?,?,?,?)');
    this.#remove = driver.prepare('DELETE FROM profiles WHERE kind = ? AND domain = ? AND name = ?');
    this.#all = driver.prepare('SELECT * FROM profiles ORDER BY kind, domain, name');
  }

  put(document: ProfileDocument): void {
    const { kind, domain, name, contentType, content, etag, readers, effectiveBy, updatedAt } = document;
    this.#put.run(kind, domain, name, contentType, content, etag, JSON.stringify(readers), effectiveBy, updatedAt);
  }

  remove({ kind, domain, name }: ProfileKey): void {
    this.#remove.run(kind, domain, name);
  }

  load(): ProfileDocument[] {
    return this.#all.all().map((row) => ({
      kind: String(row['kind']) as ProfileKind,
      domain: String(row['domain']),
      name: String(row['name']),
      contentType: String(row['content_type']),
      content: String(row['content']),
      etag: String(row['etag']),
      readers: JSON.parse(String(row['readers'])) as ProfileDocument['readers'],
      effectiveBy: row['effective_by'] === null ? null : Number(row['effective_by']),
      updatedAt: Number(row['updated_at']),
    }));
  }
}
