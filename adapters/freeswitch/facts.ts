import type { Aor } from '../../src/model/aor.ts';
import type { DialogPhase, Direction } from '../../src/model/dialog-state.ts';
import type { FeatureName, FeatureValue } from '../../src/model/feature.ts';
import type { MailboxCounts } from '../../src/model/pbx-event.ts';

/** A number and a name as FreeSWITCH shows them; foreign text. */
export interface Shown {
  readonly number: string | null;
  readonly name: string | null;
}

/** SIP identifiers of the leg between PBX and phone, seen from the PBX: `localTag` is its own, `remoteTag` the phone's. */
export interface SipIds {
  readonly callId: string;
  readonly localTag: string | null;
  readonly remoteTag: string | null;
}

/** One channel, as an event, `uuid_dump` or a row of `show channels` shows it. null = not said. */
export interface ChannelFact {
  readonly fact: 'channel';
  /** Unique-ID. */
  readonly id: string;
  /** Whose phone it is; null also for trunks and domains that are not ours. */
  readonly aor: Aor | null;
  /** The PBX has authenticated that user: what other events say of the same channel is no better. */
  readonly proven: boolean;
  readonly direction: Direction | null;
  readonly phase: Exclude<DialogPhase, 'terminated' | 'proceeding'> | null;
  /** This phone pressed hold. */
  readonly holding: boolean | null;
  /** Taken out of its bridge and not yet in another one: a blind transfer under way. */
  readonly waiting: boolean;
  /** Channel-Call-UUID. */
  readonly call: string | null;
  /** The channel that made the PBX call this one. */
  readonly originator: string | null;
  readonly caller: Shown;
  readonly callee: Shown;
  readonly dialled: string | null;
  /** The caller's name and number as they may be told. */
  readonly privacy: { readonly name: boolean; readonly number: boolean } | null;
  /** Milliseconds since the epoch. */
  readonly since: number | null;
  readonly sip: SipIds | null;
}

/** Lamps that are no phone: resources such as `park+5901@pbx.example`. */
export const lampKinds = ['park', 'conf', 'queue', 'agent', 'dnd', 'forward', 'flow'] as const;
export type LampKind = (typeof lampKinds)[number];

/** Something that lights a lamp, or does no more. A lamp is lit while at least one thing does. */
export interface LampFact {
  readonly fact: 'lamp';
  /** `park+5901@pbx.example`: the kind is the word before the first `+`. */
  readonly aor: Aor;
  /** What lights it: the parked channel, the conference's id, the waiting member, the agent's status. */
  readonly subject: string;
  /** null: no more. */
  readonly phase: 'early' | 'confirmed' | null;
  readonly remote: Shown;
  /** Whatever else lit this lamp does no more. */
  readonly sole: boolean;
}

/** What one learns of an agent of mod_callcenter; what is left out stays as it was. */
export interface AgentFact {
  readonly fact: 'agent';
  /** As mod_callcenter calls him: `1001@pbx.example`, or anything (FusionPBX: a UUID). */
  readonly name: string;
  /** Whose phone he answers with; null: nobody's here. */
  readonly aor?: Aor | null;
  readonly status?: string;
  readonly state?: string;
  /** `begins`: a call is over. Else from a list: how long it takes and when it began, milliseconds (since the epoch). */
  readonly wrapUp?: 'begins' | { readonly ms: number; readonly since: number };
  /** We are about to send him on a break, for this reason or none; null: no more. */
  readonly intended?: { readonly reason: string | null } | null;
}

/** What one may learn of a PBX's life; the only language of the state. Each is harmless when repeated. */
export type Fact =
  | ChannelFact
  /** Two channels talk to each other from now on. */
  | { readonly fact: 'bridge'; readonly a: string; readonly b: string }
  | { readonly fact: 'gone'; readonly id: string }
  /** A registration is known by its Call-ID: one phone may have several contacts over time, and each may expire late. */
  | {
      readonly fact: 'contact';
      readonly aor: Aor;
      readonly profile: string;
      readonly callId: string;
      readonly contact: string;
      readonly registered: boolean;
      /** Of the phone; absent: not told. */
      readonly userAgent?: string | undefined;
    }
  | { readonly fact: 'mailbox'; readonly mailbox: Aor; readonly counts: MailboxCounts }
  | { readonly fact: 'feature'; readonly aor: Aor; readonly feature: FeatureName; readonly value: FeatureValue }
  | LampFact
  | AgentFact
  /** Time has passed: what ends by itself is over. */
  | { readonly fact: 'time' };
