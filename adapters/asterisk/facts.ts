import type { FeatureName, FeatureValue } from '../../src/model/feature.ts';
import type { MailboxCounts } from '../../src/model/pbx-event.ts';

/** One channel as ARI or AMI shows it; both say the same in other words. */
export interface ChannelFact {
  readonly fact: 'channel';
  readonly id: string;
  readonly name: string;
  /** `Down`, `Ring`, `Ringing`, `Up`, `Busy`, … */
  readonly state: string;
  /** Null where the source does not say. */
  readonly connectedNumber: string | null;
  readonly connectedName: string | null;
  /** What was dialled, or where in the dialplan the channel is. */
  readonly exten: string | null;
  readonly app: string | null;
  /** Milliseconds since the epoch; null where unknown. */
  readonly since: number | null;
  readonly callId: string | null;
  readonly linkedid: string | null;
  /** The phone placed this call; where the PBX was asked. */
  readonly placed?: boolean;
}

/** A channel that lights a lamp, and whom it shows; foreign text. */
export interface LampCaller {
  readonly channel: string;
  readonly channelName: string;
  readonly number: string | null;
  readonly name: string | null;
}

/** Lamps that are no phone: resources such as `park+701`. */
export const lampKinds = ['park', 'queue', 'conf', 'agent', 'flow', 'custom'] as const;
export type LampKind = (typeof lampKinds)[number];

/** Something that lights a lamp, or does no more. A lamp is lit while at least one thing does. */
export interface LampFact {
  readonly fact: 'lamp';
  /** `park+701`: the kind is the word before the first `+`. The case of letters counts. */
  readonly lamp: string;
  /** What lights it: the parked or waiting channel, the room, the state. */
  readonly subject: string;
  /** null: no more. */
  readonly phase: 'early' | 'confirmed' | null;
  readonly holding: boolean;
  /** null: nobody. */
  readonly caller: LampCaller | null;
  /** Whatever else lit this lamp does no more. */
  readonly sole: boolean;
}

/** One membership: an interface in a queue. */
export interface Member {
  readonly queue: string;
  /** `PJSIP/1001`, `Local/1001@from-queue/n`. */
  readonly interface: string;
  /** `hint:1001@ext-local`; empty where it is the interface itself. */
  readonly stateInterface: string;
  /** Of queues.conf or a realtime table: the PBX does not let it be removed. */
  readonly fixed: boolean;
  readonly penalty: string;
  readonly paused: boolean;
  readonly pauseReason: string;
  /** When he paused last; seconds since the epoch, 0 = never. */
  readonly lastPause: number;
  /** Only lists can be believed: an event may say what was a moment before, and no other follows. */
  readonly inCall: boolean;
  /** When his last call of this queue ended; seconds since the epoch, 0 = never. */
  readonly lastCall: number;
  /** Seconds after a call, of this member alone; 0 = what the queue says. */
  readonly wrapUp: number;
}

/** Everything of all queues, as one list of the PBX says it. */
export interface QueuesFact {
  readonly fact: 'queues';
  readonly names: readonly string[];
  readonly waiting: readonly LampFact[];
  readonly members: readonly Member[];
}

/** What one may learn of a PBX's life; the only language of the state. Each is harmless when repeated. */
export type Fact =
  | ChannelFact
  | LampFact
  | QueuesFact
  | { readonly fact: 'member'; readonly member: Member; readonly present: boolean }
  /** A member of a queue talks with a caller of it, or does no more. */
  | { readonly fact: 'serving'; readonly queue: string; readonly interface: string; readonly on: boolean }
  /** Somebody enters or leaves a conference room. */
  | { readonly fact: 'room'; readonly room: string; readonly channel: string; readonly inside: boolean }
  | { readonly fact: 'room-closed'; readonly room: string }
  /** Time has passed: somebody's wrap-up may be over. */
  | { readonly fact: 'tick' }
  | { readonly fact: 'linked'; readonly id: string; readonly linkedid: string }
  | { readonly fact: 'dial'; readonly caller: string | null; readonly peer: string; readonly status: string }
  /** `id` is the channel of who pressed the key. */
  | { readonly fact: 'hold'; readonly id: string; readonly on: boolean }
  | { readonly fact: 'caller-withheld'; readonly id: string; readonly withheld: boolean }
  /** The PBX is being asked for the details of a channel, or no more. */
  | { readonly fact: 'asking'; readonly id: string; readonly on: boolean }
  | ({ readonly fact: 'details'; readonly id: string } & Details)
  | { readonly fact: 'gone'; readonly id: string }
  | { readonly fact: 'contact'; readonly endpoint: string; readonly uri: string; readonly reachable: boolean }
  /** The phone behind a contact; `via`: the first proxy on the way to it. */
  | {
      readonly fact: 'device';
      readonly endpoint: string;
      readonly uri: string;
      readonly userAgent: string | null;
      readonly via: string | null;
    }
  /** `newUrgent` null: how many of the new ones are urgent is not said. */
  | {
      readonly fact: 'mailbox';
      readonly mailbox: string;
      readonly counts: Omit<MailboxCounts, 'newUrgent'> & { readonly newUrgent: number | null };
    }
  | {
      readonly fact: 'feature';
      readonly user: string;
      readonly feature: FeatureName;
      readonly value: FeatureValue;
    };

/** What must be asked for, channel by channel. Absent = not known yet. */
export interface Details {
  readonly callId?: string | undefined;
  readonly localTag?: string | undefined;
  readonly remoteTag?: string | undefined;
  /** The other side withholds its identity. */
  readonly withheld?: boolean | undefined;
}
