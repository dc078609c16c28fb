import type { Aor } from './aor.ts';

/** One end of a path: an IP address without brackets. */
export interface TracedEnd {
  readonly address: string;
  readonly port: number;
}

/** How a message travelled. `connection` names one TCP connection of this process life; the empty string for UDP. */
export interface TracedPath {
  readonly transport: 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';
  readonly local: TracedEnd;
  readonly remote: TracedEnd;
  readonly connection: string;
}

/** Whether it came to us or left. */
export type TraceDirection = 'in' | 'out';

/** Hears of every SIP message that comes in or leaves, also of what no parser would read. Cheap, and never throws. */
export interface Tap {
  /** `wire`: the bytes, or a string with one character a byte. Nothing of it is kept but a copy. */
  passed(direction: TraceDirection, path: TracedPath, wire: Buffer | string): void;
}

/** One SIP message as the admin sees it: secrets are masked, and what cannot be shown is escaped. */
export interface TracedMessage {
  /** `<start of process>-<n>`; n grows by one with each message, whether it is shown or not. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly direction: TraceDirection;
  readonly transport: TracedPath['transport'];
  /** `192.0.2.1:5060`, `[2001:db8::1]:5060`. */
  readonly local: string;
  readonly remote: string;
  /** null, here and below: it says none, or cannot be read. */
  readonly callId: string | null;
  readonly cseq: number | null;
  /** Of a response that of its request. */
  readonly method: string | null;
  /** null: a request, or no SIP at all. */
  readonly status: number | null;
  /** One line for a ladder: `NOTIFY dialog, active`, `200 OK`. */
  readonly summary: string;
  /** The same message has passed before. */
  readonly retransmission: boolean;
  /** The extension it is about; of a subscription that which is watched. */
  readonly ext: string | null;
  /** The domain that is asked in and is none of ours, cleaned; null: it is ours, or nothing is asked. */
  readonly unserved: string | null;
  /** Whose phone it is from or to, where that is known. */
  readonly watcher: Aor | null;
  /** The subscription it belongs to, where that lives or has ended not long ago. */
  readonly subscription: number | null;
  /** So many passed between the one before it and this that were not recorded, whatever was asked for. */
  readonly missed: number;
  /** The whole message. */
  readonly text: string;
}

/** A subscription as far as messages can be told to be its own. */
export interface TracedSubscription {
  readonly id: number;
  readonly aor: Aor;
  readonly watcher: Aor | null;
  readonly event: string;
  readonly eventId: string | null;
  readonly callId: string;
}

/** Which messages; all that are given must hold. */
export interface TraceFilter {
  /** From or to this user's phones, or about him; also where he has his number in a domain that is not served. */
  readonly aor?: Aor;
  readonly subscription?: number;
  readonly callId?: string;
}

/** Who reads the messages as they pass. Must not throw. */
export interface TraceReader {
  readonly message: (message: TracedMessage) => void;
  /** So many passed that cannot be shown: there were too many at once. Of any kind, whatever is asked for. */
  readonly missed: (count: number) => void;
}

/** What is remembered of the messages that passed, oldest first everywhere. */
export interface TraceDesk {
  /** The newest `limit` that fit. Never rejects. */
  list(filter: TraceFilter, limit: number): Promise<readonly TracedMessage[]>;
  /**
   * From now on, or from behind the message with the id `after` where that is still known; answers how to stop. null: too
   * many read already.
   */
  follow(filter: TraceFilter, after: string | null, reader: TraceReader): (() => void) | null;
  /** A capture file (pcap, LINKTYPE_RAW), in pieces. */
  pcap(filter: TraceFilter): AsyncIterable<Uint8Array>;
}
