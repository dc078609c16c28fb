import type { Aor } from '../model/aor.ts';
import type { FeatureName, FeatureRow, OriginKind } from '../model/feature.ts';
import type { Driver, Statement } from './driver.ts';

/** The features table: the last value per (user, feature), remembered targets included. */
export class FeatureTable {
  readonly #put: Statement;
  readonly #all: Statement;

  constructor(driver: Driver) {
    this.#put = driver.prepare('INSERT OR REPLACE INTO features VALUES (?,?,?,?,?,?,?,?)');
    this.#all = driver.prepare('SELECT * FROM features');
  }

  put(row: FeatureRow): void {
    this.#put.run(
      row.aor,
      row.feature,
      row.enabled ? 1 : 0,
      row.target,
      row.ringCount,
      row.rev,
      row.updatedBy,
      row.updatedAt,
    );
  }

  load(): FeatureRow[] {
    return this.#all.all().map((row) => ({
      aor: String(row['aor']) as Aor,
      feature: String(row['feature']) as FeatureName,
      enabled: row['enabled'] === 1,
      target: row['target'] === null ? null : String(row['target']),
      ringCount: row['ring_count'] === null ? null : Number(row['ring_count']),
      rev: Number(row['rev']),
      updatedBy: String(row['updated_by']) as OriginKind,
      updatedAt: Number(row['updated_at']),
    }));
  }
}
