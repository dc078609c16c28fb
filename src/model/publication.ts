import type { DialogPhase, Direction, Party } from './dialog-state.ts';
import type { MailboxCounts } from './pbx-event.ts';

/** A call that somebody else than a PBX of ours published (RFC 3903, RFC 4235). All texts come from the network. */
export interface PublishedDialog {
  /** As the publisher wrote it: names the dialog within one publication. No phone is shown it. */
  readonly id: string;
  /** `terminated` ones are as good as missing. */
  readonly phase: DialogPhase;
  readonly direction: Direction;
  /** The resource itself pressed hold. */
  readonly holding: boolean;
  readonly remote: Party;
  /** Milliseconds since the epoch: first published. Parsers leave it out, the compositor sets it. */
  readonly since?: number | undefined;
  readonly callId?: string | undefined;
  readonly localTag?: string | undefined;
  readonly remoteTag?: string | undefined;
}

export interface PublishedPresence {
  readonly kind: 'presence';
  /** null: the document has no tuple with a status. */
  readonly basic: 'open' | 'closed' | null;
  /** RFC 4480, local names such as `busy`, in the order of the document. */
  readonly activities: readonly string[];
  /** Free text for people. */
  readonly notes: readonly string[];
  /**
   * What the publication last said of do not disturb, so that its next document is a wish only where it says otherwise;
   * absent: nothing. It lights no lamp: the truth is the PBX's.
   */
  readonly dnd?: boolean | undefined;
}

/** What one publication says of a resource; which kind is the event package's. */
export type Published =
  | { readonly kind: 'dialogs'; readonly dialogs: readonly PublishedDialog[] }
  | PublishedPresence
  | { readonly kind: 'mailbox'; readonly counts: MailboxCounts };

/** The source of what publications say; it is no PBX and never configured. */
export const publicationSource = 'publications';
