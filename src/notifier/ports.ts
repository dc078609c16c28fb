import type { Aor } from '../model/aor.ts';
import type { Change, ResourceView } from '../model/views.ts';

/** A subscription as it survives a restart; the same shape as the store's row. */
export interface SubscriptionRow {
  readonly id: number;
  readonly aor: Aor;
  readonly event: string;
  readonly eventId: string | null;
  readonly entity: string;
  readonly contentType: string;
  readonly watcher: Aor | null;
  readonly device: string;
  readonly userAgent: string | null;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly expiresAt: number;
  /** JSON of the DialogState without our CSeq numbers; written and read by `dialog-json.ts`. */
  readonly dialog: string;
  readonly shown: readonly string[];
  /** Ends of the reserved blocks: every start begins here. */
  readonly cseqLimit: number;
  readonly versionLimit: number;
}

/** What the notifier asks of the store. Faults have the codes `store-*`. */
export interface SubscriptionStore {
  /** Resolves when the birth is on disk. */
  putSubscription(row: SubscriptionRow): Promise<void>;
  deleteSubscription(id: number): Promise<void>;
  /** Write-behind: expiry, remote target, shown. */
  touchSubscription(row: SubscriptionRow): void;
  /** Synchronous; the numbers up to the new limits may be used as soon as it returns. */
  reserve(id: number, cseqLimit: number, versionLimit: number): void;
  /** Moves every row's limits up, in one write. */
  reserveAll(cseqs: number, versions: number): void;
}

/** The truth, as the notifier reads it. */
export interface StateReader {
  view(aor: Aor): ResourceView;
  /** False: the PBX certainly has no such extension. */
  has(aor: Aor): boolean;
  /** Answers a function that ends it. */
  onChange(listener: (change: Change) => void): () => void;
}
