import type { Flow } from './engine.ts';

/** RFC 3261 12 for the notifier's side (UAS of the SUBSCRIBE). Plain data: it is stored with the subscription. */
export interface DialogState {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** Whole header values for From and To of our NOTIFYs: the SUBSCRIBE's To (with our tag) and From, byte by byte. */
  readonly localParty: string;
  readonly remoteParty: string;
  /** RFC 3261 12.2.2: refreshed by each SUBSCRIBE. A URI without headers. */
  remoteTarget: string;
  /** RFC 3261 12.1.1: as in Record-Route, order kept; fixed for the dialog's life. */
  readonly routeSet: readonly string[];
  /** The last CSeq sent; the next request takes one more. */
  localCseq: number;
  /** CSeqs up to this one may be used without a write to the store first. */
  localCseqLimit: number;
  remoteCseq: number;
  /** The flow of the last authenticated SUBSCRIBE. */
  flow: Flow;
  /** The credentials the dialog was made with; in-dialog requests must show the same. */
  readonly user: string | null;
}
