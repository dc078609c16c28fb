import type { Aor } from '../../../src/model/aor.ts';
import type { FeatureRow } from '../../../src/model/feature.ts';
import type { Leg } from '../../../src/model/pbx-event.ts';
import type { SubscriptionPulse, SubscriptionRow } from '../../../src/model/subscription-row.ts';
import type { SubscriptionStore } from '../../../src/notifier/ports.ts';
import type { HubMemory, HubStore } from '../../../src/state/hub-store.ts';

/**
 * A disk of which a crash takes what was only written behind: births, deaths, reservations and features are on it at once,
 * the rest with `flush`.
 */
export class LampStore implements SubscriptionStore, HubStore {
  readonly rows = new Map<number, SubscriptionRow>();
  readonly #features = new Map<string, FeatureRow>();
  readonly #legs = new Map<string, HubMemory['dialogs'][number]>();
  #behind: (() => void)[] = [];

  flush(): void {
    for (const write of this.#behind.splice(0)) write();
  }

  /** The power fails. */
  crash(): void {
    this.#behind = [];
  }

  memory(): HubMemory {
    return { features: [...this.#features.values()], dialogs: [...this.#legs.values()] };
  }

  putSubscription(row: SubscriptionRow): Promise<void> {
    this.rows.set(row.id, row);
    return Promise.resolve();
  }

  deleteSubscription(id: number): Promise<void> {
    this.rows.delete(id);
    return Promise.resolve();
  }

  touchSubscription({ id, expiresAt, dialog, shown }: SubscriptionRow): void {
    this.#later(id, { expiresAt, dialog, shown });
  }

  pulseSubscription({ id, expiresAt, remoteCseq, shown }: SubscriptionPulse): void {
    this.#later(id, { expiresAt, remoteCseq, shown });
  }

  reserve(id: number, cseqLimit: number, versionLimit: number): void {
    this.#write(id, { cseqLimit, versionLimit });
  }

  reserveAll(cseqs: number, versions: number): void {
    for (const [id, { cseqLimit, versionLimit }] of this.rows) {
      this.#write(id, { cseqLimit: cseqLimit + cseqs, versionLimit: versionLimit + versions });
    }
  }

  commitFeature(row: FeatureRow): void {
    this.#features.set(`${row.aor} ${row.feature}`, row);
  }

  putLegs(source: string, aor: Aor, legs: readonly Leg[]): void {
    this.#behind.push(() => {
      if (legs.length === 0) this.#legs.delete(`${source} ${aor}`);
      else this.#legs.set(`${source} ${aor}`, { source, aor, legs });
    });
  }

  #later(id: number, parts: Partial<SubscriptionRow>): void {
    this.#behind.push(() => this.#write(id, parts));
  }

  #write(id: number, parts: Partial<SubscriptionRow>): void {
    const row = this.rows.get(id);
    if (row !== undefined) this.rows.set(id, { ...row, ...parts });
  }
}
