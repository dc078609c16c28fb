import type { Aor } from './aor.ts';

/**
 * How long a row outlives its end, milliseconds: a refresh may not have reached the disk, and its phone believes in what it was
 * answered. Most are refreshed at least once an hour.
 */
export const lapsedMs = 3_600_000;

/** A subscription as it survives a restart. `dialog` is opaque to the store. */
export interface SubscriptionRow {
  /** Handed out by the notifier; never reused. */
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
  /** The DialogState without its own CSeq numbers. */
  readonly dialog: string;
  /** The last CSeq of the phone where it is newer than the one in `dialog`; 0 where it is not. */
  readonly remoteCseq: number;
  /** Ids of dialogs last shown alive. */
  readonly shown: readonly string[];
  /** Ends of the reserved blocks: every start begins here. */
  readonly cseqLimit: number;
  readonly versionLimit: number;
  /** What few subscriptions agreed on besides, as JSON that the store does not read; null: nothing. */
  readonly extra: string | null;
}

/** Stored rows, by id: each is read when it is asked for, so that of 100,000 no second picture stands in memory. */
export interface SubscriptionRows extends Iterable<SubscriptionRow> {
  readonly length: number;
}

/** What of a subscription changes with each refresh and each call. */
export type SubscriptionPulse = Pick<SubscriptionRow, 'id' | 'expiresAt' | 'remoteCseq' | 'shown'>;
