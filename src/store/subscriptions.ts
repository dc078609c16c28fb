import type { Aor } from '../model/aor.ts';
import type { SubscriptionRow } from '../model/subscription-row.ts';
import type { Driver, Row, Statement } from './driver.ts';

const columns =
  'id, aor, event, event_id, entity, content_type, watcher, device, user_agent, created_at, expires_at, dialog, shown, cseq_limit, version_limit';

/** The subscriptions table. Limits only grow: no write may take one back. */
export class SubscriptionTable {
  readonly #put: Statement;
  readonly #touch: Statement;
  readonly #show: Statement;
  readonly #remove: Statement;
  readonly #all: Statement;
  readonly #expire: Statement;

  constructor(driver: Driver) {
    this.#put = driver.prepare(
      `INSERT INTO subscriptions (${columns}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
       ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at, dialog = excluded.dialog, shown = excluded.shown,
         content_type = excluded.content_type, device = excluded.device, user_agent = excluded.user_agent,
         cseq_limit = max(cseq_limit, excluded.cseq_limit), version_limit = max(version_limit, excluded.version_limit)`,
    );
    this.#touch = driver.prepare('UPDATE subscriptions SET expires_at = ?, dialog = ?, shown = ? WHERE id = ?');
    this.#show = driver.prepare('UPDATE subscriptions SET shown = ? WHERE id = ?');
    this.#remove = driver.prepare('DELETE FROM subscriptions WHERE id = ?');
    this.#all = driver.prepare(`SELECT ${columns} FROM subscriptions ORDER BY id`);
    this.#expire = driver.prepare('DELETE FROM subscriptions WHERE expires_at <= ?');
  }

  put(row: SubscriptionRow): void {
    this.#put.run(
      row.id,
      row.aor,
      row.event,
      row.eventId,
      row.entity,
      row.contentType,
      row.watcher,
      row.device,
      row.userAgent,
      row.createdAt,
      row.expiresAt,
      row.dialog,
      JSON.stringify(row.shown),
      row.cseqLimit,
      row.versionLimit,
    );
  }

  touch(row: SubscriptionRow): void {
    this.#touch.run(row.expiresAt, row.dialog, JSON.stringify(row.shown), row.id);
  }

  show(id: number, shown: readonly string[]): void {
    this.#show.run(JSON.stringify(shown), id);
  }

  remove(id: number): void {
    this.#remove.run(id);
  }

  load(now: number): SubscriptionRow[] {
    this.#expire.run(now);
    return this.#all.map(read);
  }
}

function read(row: Row): SubscriptionRow {
  return {
    id: Number(row['id']),
    aor: String(row['aor']) as Aor,
    event: String(row['event']),
    eventId: text(row['event_id']),
    entity: String(row['entity']),
    contentType: String(row['content_type']),
    watcher: text(row['watcher']) as Aor | null,
    device: String(row['device']),
    userAgent: text(row['user_agent']),
    createdAt: Number(row['created_at']),
    expiresAt: Number(row['expires_at']),
    dialog: String(row['dialog']),
    shown: JSON.parse(String(row['shown'])) as string[],
    cseqLimit: Number(row['cseq_limit']),
    versionLimit: Number(row['version_limit']),
  };
}

function text(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}
