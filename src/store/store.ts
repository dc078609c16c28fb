import type { Aor } from '../model/aor.ts';
import type { AuditRow } from '../model/audit.ts';
import type { FeatureRow } from '../model/feature.ts';
import type { Leg } from '../model/pbx-event.ts';
import type { RegistrationRow } from '../model/phone.ts';
import type { ProfileDocument, ProfileKey } from '../model/profile-document.ts';
import type { PublicationRow } from '../model/publication-row.ts';
import type { SubscriptionPulse, SubscriptionRow, SubscriptionRows } from '../model/subscription-row.ts';

export interface StoredState {
  /** To be read before anything of them is written. */
  readonly subscriptions: SubscriptionRows;
  /** By id, which is the order they were made in. */
  readonly publications: readonly PublicationRow[];
  /** Registrations that went through us, the oldest first. */
  readonly registrations: readonly RegistrationRow[];
  /** Those that came by the API. */
  readonly profiles: readonly ProfileDocument[];
  readonly features: readonly FeatureRow[];
  readonly dialogs: readonly { readonly source: string; readonly aor: Aor; readonly legs: readonly Leg[] }[];
  /** Larger than any subscription id ever handed out. */
  readonly nextSubscriptionId: number;
  /** A secret of this installation, 32 bytes: dialog ids (HMAC) and nonces survive restarts with it. */
  readonly secret: Buffer;
}

export interface AuditQuery {
  readonly aor?: Aor;
  /** Newest first; at most this many (1 to 1000). */
  readonly limit: number;
}

/** What survives a restart. Faults have the codes `store-*`. */
export interface Store {
  /** Once, at start. Drops rows expired before `now`. */
  load(now: number): StoredState;
  /** Birth or change of identity: resolves when it is on disk (group commit of one turn of the event loop). */
  putSubscription(row: SubscriptionRow): Promise<void>;
  deleteSubscription(id: number): Promise<void>;
  /** Birth or change: resolves when it is on disk, like that of a subscription. */
  putPublication(row: PublicationRow): Promise<void>;
  deletePublication(id: number): Promise<void>;
  /** Birth, or another path or contact: resolves when it is on disk, like that of a subscription. */
  putRegistration(row: RegistrationRow): Promise<void>;
  /** Write-behind, of a refresh. */
  touchRegistration(row: RegistrationRow): void;
  deleteRegistration(id: string): Promise<void>;
  /** Synchronous and FULL. */
  putProfile(document: ProfileDocument): void;
  /** Synchronous and FULL. */
  deleteProfile(key: ProfileKey): void;
  /** Synchronous and FULL: the numbers up to the new limits may be used as soon as it returns. */
  reserve(id: number, cseqLimit: number, versionLimit: number): void;
  /** At start: moves every row's limits up by a block, in one write. */
  reserveAll(cseqs: number, versions: number): void;
  /** The last limit of `reservePushVersions`; 0: none was reserved. */
  pushVersionLimit(): number;
  /** Synchronous and FULL: versions of pushed documents up to the new limit may be used as soon as it returns. */
  reservePushVersions(limit: number): void;
  /** Write-behind: dialog, expiry, shown. Lost at most 100 ms of it by kill -9. */
  touchSubscription(row: SubscriptionRow): void;
  /** Write-behind, of a refresh or a NOTIFY that leaves the dialog's way as it is: a tenth of the price. */
  pulseSubscription(pulse: SubscriptionPulse): void;
  /** Synchronous and FULL, feature and audit row in one transaction, before anybody is told. */
  commitFeature(row: FeatureRow, audit: AuditRow | null): void;
  appendAudit(row: AuditRow): void;
  /** Write-behind. */
  putLegs(source: string, aor: Aor, legs: readonly Leg[]): void;
  /** Newest first. */
  audit(query: AuditQuery): readonly AuditRow[];
  /** null, or why writing fails at the moment. */
  health(): string | null;
  flush(): void;
  /** Copies the whole database to `path` while running. */
  backup(path: string): Promise<void>;
  /** Flushes and closes. */
  close(): void;
}
