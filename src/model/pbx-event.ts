import type { AgentState } from './agent.ts';
import type { Aor } from './aor.ts';
import type { DialogPhase, Direction, Party } from './dialog-state.ts';
import type { FeatureName, FeatureValue, Origin, Wish } from './feature.ts';
import type { Published } from './publication.ts';

/** One channel of one extension. Several legs with one `call` and direction are branches of one forked call. */
export interface Leg {
  /** Unique for ever within its source (Asterisk channel id, FreeSWITCH Unique-ID). */
  readonly id: string;
  /** The logical call: Asterisk linkedid, FreeSWITCH call_uuid. */
  readonly call: string;
  readonly phase: DialogPhase;
  readonly direction: Direction;
  /** This extension pressed hold (not: is being held). */
  readonly holding: boolean;
  readonly remote: Party;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** SIP identifiers of the leg between PBX and phone, for pickup by Replaces; absent while unknown. */
  readonly callId?: string | undefined;
  readonly localTag?: string | undefined;
  readonly remoteTag?: string | undefined;
}

export interface MailboxCounts {
  readonly new: number;
  readonly old: number;
  readonly newUrgent: number;
  readonly oldUrgent: number;
}

/** Where a user can be reached. */
export interface Contacts {
  /** How many. */
  readonly contacts: number;
  /** Their SIP URIs, where the PBX tells them; from the network. */
  readonly uris?: readonly string[] | undefined;
  /** The phones behind them, where the PBX tells more than URIs. */
  readonly devices?: readonly Device[] | undefined;
}

/** A phone as its registration tells it; all of it comes from the network. */
export interface Device {
  /** Its contact. */
  readonly uri: string;
  /** null: the PBX does not tell. */
  readonly userAgent: string | null;
  /** The SIP URI of the next hop to it, where its contact does not lead there (NAT, a proxy in between). */
  readonly via?: string | undefined;
}

/** An extension the PBX knows. */
export interface ExtensionInfo {
  readonly aor: Aor;
  readonly displayName: string | null;
  /** The features this user has; undefined = all. */
  readonly features?: readonly FeatureName[] | undefined;
  /** True: no user but a lamp such as `park+5901`, that may be watched; it is in no list and no forward leads to it. */
  readonly lamp?: boolean | undefined;
}

export interface FeatureReport {
  readonly aor: Aor;
  readonly feature: FeatureName;
  readonly value: FeatureValue;
}

/** Extensions that the PBX groups under a name: they can be watched as a list. */
export interface PbxGroup {
  /** The user part of its address. */
  readonly name: string;
  /** Absent: that of its members; of several domains it is a group in each. */
  readonly domain?: string | undefined;
  readonly members: readonly Aor[];
}

export interface AgentReport {
  readonly aor: Aor;
  readonly agent: AgentState;
}

/**
 * Everything one PBX holds at one moment. The hub takes it as a diff: legs that are missing here have ended, equal
 * things stay silent.
 */
export interface Snapshot {
  readonly extensions: readonly ExtensionInfo[];
  readonly dialogs: readonly { readonly aor: Aor; readonly legs: readonly Leg[] }[];
  /** Only what the PBX can read; a feature missing here keeps its last truth. */
  readonly features: readonly FeatureReport[];
  readonly registrations: readonly ({ readonly aor: Aor } & Contacts)[];
  readonly mailboxes: readonly { readonly aor: Aor; readonly counts: MailboxCounts }[];
  /** Every agent of its queues, logged off ones too: who is missing is no agent. Absent: the PBX knows of none. */
  readonly agents?: readonly AgentReport[] | undefined;
  /** All groups it has. Absent: it has none, or cannot list them. */
  readonly groups?: readonly PbxGroup[] | undefined;
}

/**
 * What an adapter may tell. Each event carries the whole state of one object, so that replaying it is harmless. Plain,
 * structured-clonable values only.
 */
export type PbxEvent = { /** The PBX's name in the configuration. */ readonly source: string } & (
  | { readonly type: 'dialogs'; readonly aor: Aor /** The complete list. */; readonly legs: readonly Leg[] }
  | ({
      readonly type: 'feature';
      /** Absent: the PBX itself. */
      readonly origin?: Origin;
      /** What `origin` wished, for the audit trail; adapters leave it out. */
      readonly wished?: FeatureValue;
      /** A hook wants no NOTIFY of this change (OpenSIPS `$dfks(notify)`); adapters leave it out. */
      readonly quiet?: true;
    } & FeatureReport)
  | {
      /** A hook hides a feature from a user, or shows again what it hid (OpenSIPS `$dfks(assigned)`). */
      readonly type: 'assignment';
      readonly aor: Aor;
      readonly feature: FeatureName;
      readonly assigned: boolean;
    }
  | { readonly type: 'mailbox'; readonly aor: Aor; readonly counts: MailboxCounts }
  | ({ readonly type: 'registration'; readonly aor: Aor } & Contacts)
  | {
      readonly type: 'agent';
      readonly aor: Aor /** null: he is no agent any more. */;
      readonly agent: AgentState | null;
    }
  | {
      readonly type: 'snapshot';
      /** The incarnation of the PBX (Asterisk startup_time, FreeSWITCH Core-UUID); a new one ends all older legs. */
      readonly epoch: string;
      readonly snapshot: Snapshot;
    }
  | { readonly type: 'link'; readonly state: LinkState; readonly reason: string | null }
  | {
      /**
       * What is published of a resource in one event package (RFC 3903); only of the source `publications`, which is no
       * PBX.
       */
      readonly type: 'published';
      readonly aor: Aor;
      /** The package's name. */
      readonly event: string;
      /** The complete list, oldest publication first; empty: nothing is published any more. */
      readonly said: readonly Published[];
    }
  | {
      /**
       * A phone that subscribes to the PBX itself pressed a key, or wants to hear how things stand. No state: it goes to the
       * gate, never to the hub, and is answered by `PbxAdapter.tellFeatures`.
       */
      readonly type: 'phone-key';
      readonly aor: Aor;
      /** All of this user. Empty: the phone only wants to hear. */
      readonly wishes: readonly Wish[];
      /** The adapter's word for the phone; opaque. */
      readonly phone: string;
    }
);

/** A key of a phone that subscribes to the PBX itself. */
export type PhoneKeyEvent = Extract<PbxEvent, { readonly type: 'phone-key' }>;

/** `up`: in step; `down`: no connection; `stale`: connected but not yet in step. */
export type LinkState = 'up' | 'down' | 'stale';
