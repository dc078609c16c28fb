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

/** What one may learn of a PBX's life; the only language of the state. Each is harmless when repeated. */
export type Fact =
  | ChannelFact
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
