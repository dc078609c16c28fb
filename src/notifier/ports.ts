import type { Aor } from '../model/aor.ts';
import type { ResourceList } from '../model/resource-list.ts';
import type { SubscriptionPulse, SubscriptionRow } from '../model/subscription-row.ts';
import type { Change, ResourceView } from '../model/views.ts';

/** What the notifier asks of the store. Faults have the codes `store-*`. */
export interface SubscriptionStore {
  /** Resolves when the birth is on disk. */
  putSubscription(row: SubscriptionRow): Promise<void>;
  deleteSubscription(id: number): Promise<void>;
  /** Write-behind: dialog, expiry, shown. */
  touchSubscription(row: SubscriptionRow): void;
  /** Write-behind, where the dialog goes on as it was. */
  pulseSubscription(pulse: SubscriptionPulse): void;
  /** Synchronous; the numbers up to the new limits may be used as soon as it returns. */
  reserve(id: number, cseqLimit: number, versionLimit: number): void;
  /** Moves every row's limits up, in one write. */
  reserveAll(cseqs: number, versions: number): void;
}

/** The truth, as the notifier reads it. */
export interface StateReader {
  view(aor: Aor): ResourceView;
  /**
   * False: the PBX certainly has no such extension. `reads`: what a package tells; a device that is no extension has a
   * profile and nothing else.
   */
  has(aor: Aor, reads?: readonly Change['topic'][]): boolean;
  /** Answers a function that ends it. */
  onChange(listener: (change: Change) => void): () => void;
}

/** The lists of the configuration and of the PBXs. */
export interface ListReader {
  /** null: there is no such list. The same object as long as nobody comes or goes. */
  find(aor: Aor): ResourceList | null;
  /** Every PBX has told which groups it has: what is not found is not there. */
  readonly complete: boolean;
  /** Told when any of them may have changed; answers a function that ends it. */
  onChange(listener: () => void): () => void;
}
