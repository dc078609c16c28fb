import { statSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type { Aor } from '../model/aor.ts';
import type { AuditRow } from '../model/audit.ts';
import type { Clock } from '../model/clock.ts';
import { Fault } from '../model/errors.ts';
import type { FeatureRow } from '../model/feature.ts';
import type { Logger } from '../model/logger.ts';
import type { Meters } from '../model/meters.ts';
import type { Leg } from '../model/pbx-event.ts';
import type { RegistrationRow } from '../model/phone.ts';
import type { ProfileDocument, ProfileKey } from '../model/profile-document.ts';
import type { PublicationRow } from '../model/publication-row.ts';
import type { Random } from '../model/random.ts';
import type { SubscriptionPulse, SubscriptionRow } from '../model/subscription-row.ts';
import { AuditTable } from './audit.ts';
import { connect } from './connect.ts';
import type { Driver, Statement } from './driver.ts';
import { FeatureTable } from './features.ts';
import { GroupCommit } from './group-commit.ts';
import { makePrivate } from './privacy.ts';
import { ProfileTable } from './profiles.ts';
import { PublicationTable } from './publications.ts';
import { RegistrationTable } from './registrations.ts';
import type { AuditQuery, Store, StoredState } from './store.ts';
import { type Raised, SubscriptionTable } from './subscriptions.ts';
import { WriteBehind } from './write-behind.ts';

/** Subscription ids promised to the memory at a time; an id is never handed out twice, not even after a crash. */
const idBlock = 10_000;

export interface SqliteStoreOptions {
  /** The database file; its folder is made where missing. */
  readonly path: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Where it counts; default: it does not. */
  readonly meters?: Pick<Meters, 'commits' | 'storeFailures'>;
}

/**
 * SQLite in WAL mode, two connections on the one file: `hard` syncs every commit (features, audit, number
 * reservations), `soft` does not (subscriptions, publications, registrations, legs). Both live in this thread, so they
 * never wait for each other.
 */
export class SqliteStore implements Store {
  readonly #logger: Logger;
  readonly #random: Random;
  readonly #path: string;
  readonly #meters: SqliteStoreOptions['meters'];
  readonly #lock: Driver;
  readonly #hard: Driver;
  readonly #soft: Driver;
  readonly #subscriptions: SubscriptionTable;
  readonly #publications: PublicationTable;
  readonly #registrations: RegistrationTable;
  readonly #profiles: ProfileTable;
  readonly #features: FeatureTable;
  readonly #audit: AuditTable;
  readonly #putLegs: Statement;
  readonly #setMeta: Statement;
  readonly #births: GroupCommit;
  readonly #behind: WriteBehind;
  #idLimit = 0;
  #failure: string | null = null;

  /** Opens, locks and migrates; throws a `store-*` Fault. */
  constructor(options: SqliteStoreOptions) {
    this.#logger = options.logger;
    this.#random = options.random;
    this.#path = options.path;
    this.#meters = options.meters;
    const { lock, hard, soft } = connect(options.path);
    this.#lock = lock;
    this.#hard = hard;
    this.#soft = soft;
    try {
      this.#subscriptions = new SubscriptionTable(this.#soft, this.#hard, this.#raised());
      this.#publications = new PublicationTable(this.#soft);
      this.#registrations = new RegistrationTable(this.#soft);
      this.#putLegs = this.#soft.prepare('INSERT OR REPLACE INTO legs VALUES (?,?,?)');
      this.#setMeta = this.#soft.prepare('INSERT OR REPLACE INTO meta VALUES (?,?)');
      this.#profiles = new ProfileTable(this.#hard);
      this.#features = new FeatureTable(this.#hard);
      this.#audit = new AuditTable(this.#hard);
    } catch (error) {
      for (const driver of [soft, hard, lock]) driver.close();
      throw error;
    }
    const settled = (error: unknown) => this.#settle(error);
    const took = (seconds: number) => options.meters?.commits.normal.add(seconds);
    this.#births = new GroupCommit(this.#soft, settled, took);
    this.#behind = new WriteBehind(this.#soft, options.clock, settled, took);
  }

  load(now: number): StoredState {
    const subscriptions = this.#subscriptions.load(now);
    this.#audit.prune();
    const next = Math.max(Number(this.#meta('next_subscription_id') ?? 1), this.#subscriptions.last + 1);
    this.#reserveIds(next + idBlock);
    return {
      subscriptions,
      publications: this.#publications.load(now),
      registrations: this.#registrations.load(now),
      profiles: this.#profiles.load(),
      features: this.#features.load(),
      dialogs: this.#legs(),
      nextSubscriptionId: next,
      secret: this.#secret(),
    };
  }

  putSubscription(row: SubscriptionRow): Promise<void> {
    this.#dropTouches(row.id);
    return this.#births.add(() => {
      this.#subscriptions.put(row);
      if (row.id >= this.#idLimit) this.#reserveIds(row.id + idBlock);
    });
  }

  deleteSubscription(id: number): Promise<void> {
    this.#dropTouches(id);
    return this.#births.add(() => this.#subscriptions.remove(id));
  }

  putPublication(row: PublicationRow): Promise<void> {
    return this.#births.add(() => this.#publications.put(row));
  }

  deletePublication(id: number): Promise<void> {
    return this.#births.add(() => this.#publications.remove(id));
  }

  putRegistration(row: RegistrationRow): Promise<void> {
    this.#behind.drop(`registration ${row.id}`);
    const written = this.#births.add(() => this.#registrations.put(row));
    this.#births.flush(); // the answer that tells the phone of it leaves in this very turn
    return written;
  }

  touchRegistration(row: RegistrationRow): void {
    this.#behind.put(`registration ${row.id}`, () => this.#registrations.touch(row));
  }

  deleteRegistration(id: string): Promise<void> {
    this.#behind.drop(`registration ${id}`);
    return this.#births.add(() => this.#registrations.remove(id));
  }

  putProfile(document: ProfileDocument): void {
    this.#write(() => this.#profiles.put(document));
  }

  deleteProfile(key: ProfileKey): void {
    this.#write(() => this.#profiles.remove(key));
  }

  reserve(id: number, cseqLimit: number, versionLimit: number): void {
    this.#births.flush();
    this.#write(() => this.#subscriptions.reserve(id, cseqLimit, versionLimit));
  }

  reserveAll(cseqs: number, versions: number): void {
    const before = this.#raised();
    const raised = { cseqs: before.cseqs + cseqs, versions: before.versions + versions };
    this.#write(() => {
      this.#hard
        .prepare('INSERT OR REPLACE INTO meta VALUES (?,?)')
        .run('raised', Buffer.from(`${raised.cseqs} ${raised.versions}`));
      this.#subscriptions.raise(raised);
    });
  }

  pushVersionLimit(): number {
    return Number(this.#meta('push_versions') ?? 0);
  }

  reservePushVersions(limit: number): void {
    this.#write(() => {
      this.#hard.prepare('INSERT OR REPLACE INTO meta VALUES (?,?)').run('push_versions', Buffer.from(String(limit)));
    });
  }

  pulseSubscription(pulse: SubscriptionPulse): void {
    this.#behind.put(pulseOf(pulse.id), () => this.#subscriptions.pulse(pulse));
  }

  touchSubscription(row: SubscriptionRow): void {
    this.#behind.put(dialogOf(row.id), () => this.#subscriptions.touch(row));
    this.pulseSubscription(row);
  }

  commitFeature(row: FeatureRow, audit: AuditRow | null): void {
    this.#write(() =>
      this.#hard.transaction(() => {
        this.#features.put(row);
        if (audit !== null) this.#audit.append(audit);
      }),
    );
  }

  appendAudit(row: AuditRow): void {
    this.#write(() => this.#audit.append(row));
  }

  putLegs(source: string, aor: Aor, legs: readonly Leg[]): void {
    this.#behind.put(`legs ${source} ${aor}`, () => this.#putLegs.run(source, aor, JSON.stringify(legs)));
  }

  audit(query: AuditQuery): readonly AuditRow[] {
    return this.#audit.query(query);
  }

  health(): string | null {
    return this.#failure;
  }

  /** Rows that wait to be written. */
  get waiting(): number {
    return this.#births.size + this.#behind.size;
  }

  /** Bytes of the database, and of the log beside it that is not part of it yet. */
  sizes(): { readonly database: number; readonly wal: number } {
    const size = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    return { database: size(this.#path), wal: size(`${this.#path}-wal`) };
  }

  flush(): void {
    this.#births.flush();
    this.#write(() => this.#behind.flush());
  }

  backup(path: string): Promise<void> {
    makePrivate(path);
    return this.#soft.backup(path);
  }

  close(): void {
    try {
      this.flush();
    } catch {
      // told by #settle; closing goes on
    }
    for (const driver of [this.#soft, this.#hard, this.#lock]) driver.close();
  }

  /** Caps the database file, pages of 4 kB: what a full disk is like, for tests and for quotas. */
  limitPages(count: number): void {
    for (const driver of [this.#hard, this.#soft]) driver.pragma(`max_page_count = ${Math.trunc(count)}`);
  }

  #dropTouches(id: number): void {
    this.#behind.drop(pulseOf(id));
    this.#behind.drop(dialogOf(id));
  }

  #write(work: () => void): void {
    const began = performance.now();
    try {
      work();
      this.#meters?.commits.full.add((performance.now() - began) / 1000);
      this.#settle(null);
    } catch (error) {
      this.#settle(error);
      throw error;
    }
  }

  /** Remembers and logs the first failure of a row of failures, and the recovery. */
  #settle(error: unknown): void {
    if (error === null) {
      if (this.#failure !== null) this.#logger.info({}, 'the database can be written again');
      this.#failure = null;
      return;
    }
    this.#meters?.storeFailures.add('failed');
    const message = error instanceof Error ? error.message : String(error);
    if (this.#failure === null) {
      const fix = error instanceof Fault ? error.fix : undefined;
      this.#logger.error({ reason: message, fix }, 'the database cannot be written; the lamps go on from memory');
    }
    this.#failure = message;
  }

  #legs(): StoredState['dialogs'] {
    return this.#soft
      .prepare('SELECT source, aor, legs FROM legs')
      .all()
      .map((row) => ({
        source: String(row['source']),
        aor: String(row['aor']) as Aor,
        legs: JSON.parse(String(row['legs'])) as Leg[],
      }));
  }

  /** By how much `reserveAll` has moved every limit up since the first start. */
  #raised(): Raised {
    const [cseqs = 0, versions = 0] = String(this.#meta('raised') ?? '')
      .split(' ')
      .map(Number);
    return { cseqs, versions };
  }

  #meta(key: string): unknown {
    return this.#hard.prepare('SELECT value FROM meta WHERE key = ?').get(key)?.['value'];
  }

  #secret(): Buffer {
    const stored = this.#meta('secret');
    if (Buffer.isBuffer(stored) && stored.length === 32) return stored;
    const fresh = this.#random.bytes(32);
    this.#hard.prepare('INSERT OR REPLACE INTO meta VALUES (?,?)').run('secret', fresh);
    return fresh;
  }

  #reserveIds(limit: number): void {
    this.#setMeta.run('next_subscription_id', Buffer.from(String(limit)));
    this.#idLimit = limit;
  }
}

/** Names of what waits of a subscription: ids are positive. */
const pulseOf = (id: number): number => id;
const dialogOf = (id: number): number => -id;
