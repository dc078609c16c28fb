import type { Aor } from '../model/aor.ts';
import {
  lapsedMs,
  type SubscriptionPulse,
  type SubscriptionRow,
  type SubscriptionRows,
} from '../model/subscription-row.ts';
import type { Driver, Statement, Value } from './driver.ts';

const columns =
  'id, aor, event, event_id, entity, content_type, watcher, device, user_agent, created_at, expires_at, dialog, shown, cseq_limit, version_limit';

/** What every row's limits have been moved up by, in all. */
export interface Raised {
  readonly cseqs: number;
  readonly versions: number;
}

/**
 * The subscriptions table and its pulses. Limits only grow: no write may take one back. They are stored less what all of
 * them have been raised by since the first start, so that raising them all is one number and not 100,000 rows.
 */
export class SubscriptionTable {
  readonly #put: Statement;
  readonly #touch: Statement;
  readonly #pulse: Statement;
  readonly #remove: Statement;
  readonly #reserve: Statement;
  readonly #page: Statement;
  readonly #pulses: Statement;
  readonly #count: Statement;
  readonly #last: Statement;
  readonly #expired: Statement;
  readonly #orphans: Statement;
  readonly #putExtra: Statement;
  readonly #removeExtra: Statement;
  readonly #extras: Statement;
  /** Ids of rows that have something in `extras`: a look-up here is cheaper than a DELETE of nothing. */
  readonly #extraIds = new Set<number>();
  #raised: Raised;

  /** `hard`: the connection that syncs, for limits. */
  constructor(driver: Driver, hard: Driver, raised: Raised) {
    this.#raised = raised;
    this.#put = driver.prepare(
      `INSERT INTO subscriptions (${columns}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
       ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at, dialog = excluded.dialog, shown = excluded.shown,
         content_type = excluded.content_type, device = excluded.device, user_agent = excluded.user_agent,
         cseq_limit = max(cseq_limit, excluded.cseq_limit), version_limit = max(version_limit, excluded.version_limit)`,
    );
    this.#touch = driver.prepare('UPDATE subscriptions SET dialog = ? WHERE id = ?');
    this.#pulse = driver.prepare(
      `INSERT INTO pulses (id, expires_at, remote_cseq, shown) VALUES (?,?,?,?)
       ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at, remote_cseq = excluded.remote_cseq,
         shown = excluded.shown`,
    );
    this.#remove = driver.prepare('DELETE FROM subscriptions WHERE id = ?');
    this.#reserve = hard.prepare('UPDATE subscriptions SET cseq_limit = ?, version_limit = ? WHERE id = ?');
    this.#page = driver.prepare(
      `SELECT id, aor || char(10) || entity, event || char(10) || content_type || coalesce(char(10) || user_agent, ''),
         event_id, watcher, device, created_at, expires_at, dialog, nullif(shown, '[]'), cseq_limit, version_limit
       FROM subscriptions WHERE id > ? ORDER BY id LIMIT ${pageSize}`,
    );
    this.#pulses = driver.prepare(
      'SELECT id, expires_at, remote_cseq, shown FROM pulses WHERE id > ? AND id <= ? ORDER BY id',
    );
    this.#count = driver.prepare('SELECT count(*) AS count FROM subscriptions');
    this.#last = driver.prepare('SELECT max(id) AS last FROM subscriptions');
    this.#expired = driver.prepare(
      `DELETE FROM subscriptions WHERE ? >=
         coalesce((SELECT expires_at FROM pulses WHERE pulses.id = subscriptions.id), expires_at)`,
    );
    this.#orphans = driver.prepare('DELETE FROM pulses WHERE id NOT IN (SELECT id FROM subscriptions)');
    this.#putExtra = driver.prepare('INSERT OR REPLACE INTO extras (id, extra) VALUES (?,?)');
    this.#removeExtra = driver.prepare('DELETE FROM extras WHERE id = ?');
    this.#extras = driver.prepare('SELECT id, extra FROM extras');
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
      textOf(row.shown),
      row.cseqLimit - this.#raised.cseqs,
      row.versionLimit - this.#raised.versions,
    );
    if (row.extra !== null) {
      this.#putExtra.run(row.id, row.extra);
      this.#extraIds.add(row.id);
    } else if (this.#extraIds.delete(row.id)) this.#removeExtra.run(row.id);
  }

  /** The dialog goes another way; its pulse is written beside it. */
  touch({ id, dialog }: SubscriptionRow): void {
    this.#touch.run(dialog, id);
  }

  pulse({ id, expiresAt, remoteCseq, shown }: SubscriptionPulse): void {
    this.#pulse.run(id, expiresAt, remoteCseq, textOf(shown));
  }

  remove(id: number): void {
    this.#extraIds.delete(id);
    this.#remove.run(id);
  }

  reserve(id: number, cseqLimit: number, versionLimit: number): void {
    this.#reserve.run(cseqLimit - this.#raised.cseqs, versionLimit - this.#raised.versions, id);
  }

  /** The caller has `raised` on disk. */
  raise(raised: Raised): void {
    this.#raised = raised;
  }

  /** The largest id in the table; 0: it is empty. */
  get last(): number {
    return Number(this.#last.get()?.['last'] ?? 0);
  }

  /** What has not expired at `now`, or only just: those phones are still to be told. The rest is deleted. */
  load(now: number): SubscriptionRows {
    this.#expired.run(now - lapsedMs);
    this.#orphans.run();
    const extras = new Map(this.#extras.values().map(([id, extra]) => [Number(id), String(extra)] as const));
    for (const id of extras.keys()) this.#extraIds.add(id);
    const length = Number(this.#count.get()?.['count'] ?? 0);
    const raised = this.#raised; // as it is now: the caller may raise it before he reads
    return { length, [Symbol.iterator]: () => this.#read(raised, extras) };
  }

  *#read(raised: Raised, extras: ReadonlyMap<number, string>): Iterator<SubscriptionRow> {
    const words = new Words();
    let last = 0;
    for (;;) {
      const page = this.#page.values(last);
      const before = last;
      last = Number(page.at(-1)?.[0] ?? last);
      // beside each other, both by id: a join looks for each row's pulse, a sixth of what reading it costs
      const pulses = this.#pulses.values(before, last);
      let next = 0;
      for (const values of page) {
        const id = Number(values[0]);
        while (Number(pulses[next]?.[0]) < id) next += 1; // of a row that is gone
        const pulse = pulses[next]?.[0] === id ? pulses[next] : undefined;
        yield read(values, pulse, words, raised, extras);
      }
      if (page.length < pageSize) return;
    }
  }
}

/** Rows read at once: what is made of them dies young. */
const pageSize = 250;

function textOf(shown: readonly string[]): string {
  return shown.length === 0 ? '[]' : JSON.stringify(shown);
}

/** In the order of `#page` and of `#pulses`. By index: taken apart they would cost twice as much. */
function read(
  values: readonly Value[],
  pulse: readonly Value[] | undefined,
  words: Words,
  raised: Raised,
  extras: ReadonlyMap<number, string>,
): SubscriptionRow {
  const id = Number(values[0]);
  const [aor = '', entity = ''] = words.of(String(values[1]));
  const [event = '', contentType = '', userAgent = null] = words.of(String(values[2]));
  return {
    id,
    aor: aor as Aor,
    event,
    eventId: text(values[3]),
    entity,
    contentType,
    watcher: text(values[4]) as Aor | null,
    device: String(values[5]),
    userAgent,
    createdAt: Number(values[6]),
    expiresAt: Number(pulse?.[1] ?? values[7]),
    dialog: String(values[8]),
    remoteCseq: Number(pulse?.[2] ?? 0),
    shown: listOf(String(pulse?.[3] ?? values[9] ?? '[]')),
    cseqLimit: Number(values[10]) + raised.cseqs,
    versionLimit: Number(values[11]) + raised.versions,
    extra: extras.size === 0 ? null : (extras.get(id) ?? null),
  };
}

/**
 * What many rows have in common comes as one text of two or three lines, and is taken apart once: a thousand phones watch one
 * extension and are one model, and each text that SQLite hands over costs as much as half of all numbers of a row.
 */
class Words {
  readonly #known = new Map<string, readonly string[]>();

  of(lines: string): readonly string[] {
    const known = this.#known.get(lines);
    if (known !== undefined) return known;
    const words = lines.split('\n', 3);
    this.#known.set(lines, words);
    return words;
  }
}

function listOf(shown: string): readonly string[] {
  return shown === '[]' ? none : (JSON.parse(shown) as string[]);
}

const none: readonly string[] = [];

function text(value: Value | undefined): string | null {
  return value === null || value === undefined ? null : String(value);
}
