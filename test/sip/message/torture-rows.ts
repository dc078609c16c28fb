import { rfc4475Invalid } from './torture-4475-invalid.ts';
import { rfc4475Semantics } from './torture-4475-semantics.ts';
import { rfc4475Valid } from './torture-4475-valid.ts';
import { rfc5118 } from './torture-5118.ts';
import type { Desk, Draft } from './torture-draft.ts';

/** One message of RFC 4475 or RFC 5118 by its own name, and what becomes of our own message with the same defect. */
export interface TortureRow {
  readonly rfc: 4475 | 5118;
  readonly section: string;
  /** The RFC's name of the message. Several rows may share it where one message shows several things. */
  readonly name: string;
  /** What our message has in common with the RFC's, in our words. */
  readonly what: string;
  readonly draft: (desk: Desk) => Draft;
  /** Default udp. */
  readonly over?: 'udp' | 'tcp';
  /** What the parser makes of it: the kind of message, or the status it is refused with; `waits`: not complete yet. */
  readonly parsed: 'request' | 'response' | 'waits' | number;
  /** The final status that goes back on the wire; null: nothing does. */
  readonly answer: number | null;
  /** Who decides about the answer. */
  readonly by: 'parser' | 'engine' | 'front' | 'authentication' | 'notifier';
  readonly why: string;
  /** Sent with good credentials, as a phone would after its challenge. */
  readonly signed?: true;
  /** Header lines the answer must hold, byte by byte. */
  readonly echoes?: (desk: Desk) => readonly string[];
  /** The Request-URI of the NOTIFY that follows. */
  readonly notified?: (desk: Desk) => string;
}

export const tortureRows: readonly TortureRow[] = [...rfc4475Valid, ...rfc4475Invalid, ...rfc4475Semantics, ...rfc5118];

/** In the words of the documentation: accepted, refused, dropped, or answered by a layer above. */
export function verdict(row: TortureRow): string {
  if (row.parsed === 'waits') return 'waited for: the rest is still to come';
  if (row.answer === null) return row.parsed === 'response' ? 'read, then dropped' : 'dropped';
  if (typeof row.parsed === 'number') return `refused with ${row.answer}`;
  return row.answer < 300 ? `accepted, ${row.answer}` : `read, then ${row.answer} by the ${row.by}`;
}
