import type { AgentView } from './agent.ts';
import type { Aor } from './aor.ts';
import type { DialogPhase, Direction, Party } from './dialog-state.ts';
import type { FeatureName, FeatureState } from './feature.ts';
import type { Device, LinkState, MailboxCounts } from './pbx-event.ts';
import type { ProfileShelf } from './profile-document.ts';
import type { Published, PublishedPresence } from './publication.ts';

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
  /** No PBX has told of it since the start: a feature that nobody remembers either (`rev` 0) is not known, and no phone is. */
  readonly untold?: true;
  /** The PBX that owns it is away: this is its last truth. */
  readonly stale: boolean;
  /** Reachable contacts at the PBX. */
  readonly contacts: number;
  /** Their SIP URIs, as far as the PBX tells them; from the network. */
  readonly contactUris?: readonly string[];
  /** The phones behind them; absent where no PBX tells more than URIs. */
  readonly devices?: readonly Device[];
  /** Live calls by start time, oldest first. */
  readonly dialogs: readonly DialogView[];
  readonly features: Readonly<Record<FeatureName, FeatureState>>;
  readonly mailbox: MailboxCounts | null;
  /** Presence that was published for it (RFC 3903), oldest publication first; absent where there is none. */
  readonly published?: readonly PublishedPresence[] | undefined;
  /** Profile documents for whoever asks for this resource (RFC 6080); absent where there can be none. */
  readonly profiles?: ProfileShelf | undefined;
  /** Absent: he is no agent of any queue. */
  readonly agent?: AgentView | undefined;
}

/** `published`: presence that was published; published dialogs and counts are `dialogs` and `mailbox`. */
export type Topic =
  | 'dialogs'
  | 'features'
  | 'registration'
  | 'mailbox'
  | 'extension'
  | 'published'
  | 'agent'
  | 'profile';

/** Something differs from before. Emitted only then. */
export interface Change {
  readonly topic: Topic;
  readonly aor: Aor;
  /**
   * What in the topic changed: feature names for `features`; `known`, `stale`, `displayName` for `extension` (`stale` is
   * for people who watch: the last truth stands, and no phone is told); `contacts` for `registration`, with `reachable`
   * where the first came or the last went, or only `devices` where no more than what is known of the phones behind them; `agent` for `agent`, with `loggedOn` where he was logged off and
   * `dismissed` where he is none any more; empty otherwise.
   */
  readonly aspects: readonly string[];
  /** A hook wants no NOTIFY of it: the user's own phones are not told. Everybody else is. */
  readonly quiet?: true;
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

/** Somebody's publication (RFC 3903) as the admin sees it. */
export interface PublicationView {
  readonly id: number;
  readonly aor: Aor;
  readonly event: string;
  /** null: the API. */
  readonly publisher: Aor | null;
  /** null: it only wished something. */
  readonly said: Published | null;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** null: until it is removed. */
  readonly expiresAt: number | null;
  /** `udp:192.0.2.1:5060`, or the address of an HTTP client. */
  readonly source: string;
  readonly userAgent: string | null;
}

/** A subscription of ours at a phone as the admin sees it. */
export interface PhoneWatchView {
  readonly aor: Aor;
  readonly event: string;
  /** The phone's contact; from the network. */
  readonly contact: string;
  readonly userAgent: string | null;
  /** `waiting`: to be asked again; `over`: not before the phone registers anew. */
  readonly state: 'new' | 'asking' | 'watching' | 'waiting' | 'over';
  /** Why it is not watching; null: it is, or has only begun. */
  readonly reason: string | null;
  /** `udp:192.0.2.1:5060`; null: not known at the moment. */
  readonly source: string | null;
  /** Milliseconds since the epoch; null: it is not watching. */
  readonly expiresAt: number | null;
}
