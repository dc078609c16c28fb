import type { Aor } from './aor.ts';
import type { DialogPhase, Direction, Party } from './dialog-state.ts';
import type { FeatureName, FeatureState } from './feature.ts';
import type { LinkState, MailboxCounts } from './pbx-event.ts';

/** One logical call of an extension. */
export interface DialogView {
  /** Opaque and stable for the life of the call; never a Call-ID or channel name (call takeover). */
  readonly id: string;
  readonly phase: Exclude<DialogPhase, 'terminated'>;
  readonly direction: Direction;
  readonly holding: boolean;
  readonly remote: Party;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly callId?: string | undefined;
  readonly localTag?: string | undefined;
  readonly remoteTag?: string | undefined;
}

/** All the hub knows of one resource; what event packages render and the API shows. Immutable. */
export interface ResourceView {
  readonly aor: Aor;
  readonly displayName: string | null;
  /** The PBX has this extension, or has not said yet which it has. */
  readonly known: boolean;
  /** No user but a lamp, such as `park+5901` or `dnd+1001`: nobody registers there. */
  readonly lamp?: true;
  /** The PBX that owns it is away: this is its last truth. */
  readonly stale: boolean;
  /** Reachable contacts at the PBX. */
  readonly contacts: number;
  /** Their SIP URIs, as far as the PBX tells them; from the network. */
  readonly contactUris?: readonly string[];
  /** Live calls by start time, oldest first. */
  readonly dialogs: readonly DialogView[];
  readonly features: Readonly<Record<FeatureName, FeatureState>>;
  readonly mailbox: MailboxCounts | null;
}

export type Topic = 'dialogs' | 'features' | 'registration' | 'mailbox' | 'extension';

/** Something differs from before. Emitted only then. */
export interface Change {
  readonly topic: Topic;
  readonly aor: Aor;
  /**
   * What in the topic changed: feature names for `features`; `known`, `stale`, `displayName` for `extension` (`stale` is
   * for people who watch: the last truth stands, and no phone is told); `contacts` for `registration`, with `reachable`
   * where the first came or the last went; empty otherwise.
   */
  readonly aspects: readonly string[];
}

export interface LinkView {
  readonly source: string;
  readonly state: LinkState;
  readonly reason: string | null;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** A phone's subscription as the admin sees it. */
export interface SubscriptionView {
  readonly id: number;
  readonly aor: Aor;
  readonly event: string;
  readonly eventId: string | null;
  readonly watcher: Aor | null;
  readonly device: string;
  readonly userAgent: string | null;
  /** `udp:192.0.2.1:5060`: where NOTIFYs go. */
  readonly source: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly expiresAt: number;
  /** null before the first NOTIFY. */
  readonly lastNotifyAt: number | null;
  /** Final status of the last NOTIFY; 408 = unanswered; null while the first is under way. */
  readonly lastStatus: number | null;
  /** NOTIFYs sent since this process started. */
  readonly notifies: number;
}
