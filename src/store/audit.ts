import type { Aor } from '../model/aor.ts';
import type { AuditRow, Decision } from '../model/audit.ts';
import type { Origin } from '../model/feature.ts';
import type { Driver, Row, Statement } from './driver.ts';
import type { AuditQuery } from './store.ts';

/** Rows kept of changes, and as many of wishes that changed nothing: those must not push out what happened. */
const mostKept = 100_000;
/** Older ones go at start, and after so many new ones. */
const pruneEvery = 10_000;

/** The audit table: append only. */
export class AuditTable {
  readonly #kept: number;
  #sincePrune = 0;
  readonly #append: Statement;
  readonly #newest: Statement;
  readonly #newestOf: Statement;
  readonly #prune: Statement;

  constructor(driver: Driver, kept = mostKept) {
    this.#kept = kept;
    this.#append = driver.prepare(
      'INSERT INTO audit (at, aor, feature, decision, origin, before, after, wished, reason) VALUES (?,?,?,?,?,?,?,?,?)',
    );
    this.#newest = driver.prepare('SELECT * FROM audit ORDER BY id DESC LIMIT ?');
    this.#newestOf = driver.prepare('SELECT * FROM audit WHERE aor = ? ORDER BY id DESC LIMIT ?');
    this.#prune = driver.prepare(
      `DELETE FROM audit WHERE (decision IN ('granted', 'observed')) = ? AND id <= (
        SELECT id FROM audit WHERE (decision IN ('granted', 'observed')) = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`,
    );
  }

  append(row: AuditRow): void {
    this.#append.run(
      row.at,
      row.aor,
      row.feature,
      row.decision,
      JSON.stringify(row.origin),
      JSON.stringify(row.before),
      JSON.stringify(row.after),
      row.wished === null ? null : JSON.stringify(row.wished),
      row.reason,
    );
    this.#sincePrune += 1;
    if (this.#sincePrune >= Math.min(pruneEvery, this.#kept)) this.prune();
  }

  query(query: AuditQuery): AuditRow[] {
    const limit = Math.min(Math.max(Math.trunc(query.limit), 1), 1000);
    const rows = query.aor === undefined ? this.#newest.all(limit) : this.#newestOf.all(query.aor, limit);
    return rows.map(read);
  }

  prune(): void {
    this.#sincePrune = 0;
    for (const changed of [0, 1]) this.#prune.run(changed, changed, this.#kept);
  }
}

function read(row: Row): AuditRow {
  // As it was written: `append` takes nothing else.
  return {
    at: Number(row['at']),
    aor: String(row['aor']) as Aor,
    feature: String(row['feature']),
    decision: String(row['decision']) as Decision,
    origin: JSON.parse(String(row['origin'])) as Origin,
    before: JSON.parse(String(row['before'])),
    after: JSON.parse(String(row['after'])),
    wished: row['wished'] === null ? null : JSON.parse(String(row['wished'])),
    reason: row['reason'] === null ? null : String(row['reason']),
  } as AuditRow;
}
