import { granted, type Outcome, refused } from '../model/outcome.ts';
import { type Random, token } from '../model/random.ts';
import type { Flow, Transport } from './engine.ts';
import { detached } from './message/wire-text.ts';

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
  /**
   * A datagram from another address moved it there, and nobody has answered from there yet: that address may be forged, by
   * whoever has the password. Not stored.
   */
  moved: boolean;
  /** Whose credentials (user@domain) the dialog was made with; in-dialog requests must show the same. */
  readonly user: string | null;
  /** What its owner, the notifier, keeps of it; SIP does not look inside. A Map from one to the other costs 60 B a dialog. */
  note: object | null;
}

/** What a dialog-forming SUBSCRIBE brings. Texts may be cuts of the message: the dialog keeps copies. */
export interface DialogSeed {
  readonly callId: string;
  /** The From header value, tag included, and that tag. */
  readonly from: string;
  readonly remoteTag: string;
  /** The To header value, without a tag. */
  readonly to: string;
  readonly localTag: string;
  readonly cseq: number;
  /** The Contact URI, without headers. */
  readonly remoteTarget: string;
  /** Record-Route values, top to bottom. */
  readonly recordRoute: readonly string[];
  readonly flow: Flow;
  readonly user: string | null;
}

const noRoutes: readonly string[] = [];
const transports: readonly string[] = ['udp', 'tcp', 'tls', 'ws', 'wss'] satisfies readonly Transport[];

/** For stored flows: what a newer version wrote may be unknown here. */
export function isTransport(raw: unknown): raw is Transport {
  return typeof raw === 'string' && transports.includes(raw);
}

/** A tag of ours: 96 random bits, so that nobody can guess his way into a dialog (RFC 3261 19.3 asks for 32). */
export function newTag(random: Random): string {
  return token(random, 96);
}

/**
 * The tag of a dialog that was asked for by a `sips:` URI (RFC 3261 12.1.1). The tag itself says so, for the life of the dialog
 * and over restarts: it is stored with it, and means nothing to anybody else. The others are hexadecimal.
 */
export function newSecureTag(random: Random): string {
  return `s${newTag(random)}`;
}

/** Our Contact in its dialog must be a `sips:` URI. */
export function isSecureTag(localTag: string): boolean {
  return localTag.startsWith('s');
}

/** RFC 3261 12.1.1, with both own CSeq numbers at 0: nothing is sent before the owner has reserved some. */
export function newDialog(seed: DialogSeed): DialogState {
  return {
    callId: detached(seed.callId),
    localTag: seed.localTag,
    remoteTag: detached(seed.remoteTag),
    localParty: detached(`${seed.to};tag=${seed.localTag}`),
    remoteParty: detached(seed.from),
    remoteTarget: detached(seed.remoteTarget),
    // RFC 3261 12.1.1: a UAS keeps the order
    routeSet: seed.recordRoute.length === 0 ? noRoutes : seed.recordRoute.map(detached),
    localCseq: 0,
    localCseqLimit: 0,
    remoteCseq: seed.cseq,
    flow: seed.flow,
    moved: false,
    user: seed.user,
    note: null,
  };
}

/** Where the other side is: what a target refresh brings. */
export type DialogPath = Pick<DialogState, 'remoteTarget' | 'flow'>;

/**
 * Takes the number of an authenticated in-dialog request (RFC 3261 12.2.2), whatever is answered to it afterwards. One
 * below the last is refused with 500 and changes nothing; an equal one is a retransmission that came another way.
 */
export function takeCseq(dialog: DialogState, cseq: number): Outcome<DialogState> {
  if (cseq < dialog.remoteCseq) return refused('cseq-too-low', 'CSeq Out Of Order', 500);
  dialog.remoteCseq = cseq;
  return granted(dialog);
}

/** The request was granted: the dialog follows its sender (RFC 3261 12.2.2: only a 2xx refreshes the target). False: it goes on as it was. */
export function moveDialog(dialog: DialogState, { remoteTarget, flow }: DialogPath): boolean {
  const sameTarget = dialog.remoteTarget === remoteTarget;
  const sameFlow = isSameFlow(dialog.flow, flow);
  if (!sameTarget) dialog.remoteTarget = detached(remoteTarget);
  // An equal one stays: the old object is in the old generation already.
  if (!sameFlow) {
    const elsewhere = dialog.flow.remote.address !== flow.remote.address;
    dialog.moved = flow.transport === 'udp' && (dialog.moved || elsewhere);
    dialog.flow = flow;
  }
  return !(sameTarget && sameFlow);
}

/** A request that went by this flow was answered: only who was there could know its branch. */
export function proveFlow(dialog: DialogState, flow: Flow): void {
  if (dialog.flow === flow) dialog.moved = false;
}

/** True where both mean one path. */
export function isSameFlow(a: Flow, b: Flow): boolean {
  return (
    a.transport === b.transport &&
    a.connection === b.connection &&
    a.remote.address === b.remote.address &&
    a.remote.port === b.remote.port &&
    a.local.address === b.local.address &&
    a.local.port === b.local.port
  );
}

/** RFC 3261 12: a dialog is named by Call-ID and both tags, compared byte by byte. */
export interface DialogId {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
}

/** The dialogs that are alive, found by the tag we gave them: no second key to keep in memory. */
export class DialogTable {
  readonly #byLocalTag = new Map<string, DialogState>();

  add(dialog: DialogState): void {
    this.#byLocalTag.set(dialog.localTag, dialog);
  }

  /** As `add`, but where this very dialog is alive already that one stays; answers the one that is alive. */
  join(dialog: DialogState): DialogState {
    const there = this.find(dialog);
    if (there !== null) return there;
    this.add(dialog);
    return dialog;
  }

  remove(dialog: DialogState): void {
    if (this.has(dialog)) this.#byLocalTag.delete(dialog.localTag);
  }

  has(dialog: DialogState): boolean {
    return this.#byLocalTag.get(dialog.localTag) === dialog;
  }

  find(id: DialogId): DialogState | null {
    const dialog = this.#byLocalTag.get(id.localTag);
    return dialog?.callId === id.callId && dialog.remoteTag === id.remoteTag ? dialog : null;
  }

  /** Oldest first. */
  all(): Iterable<DialogState> {
    return this.#byLocalTag.values();
  }

  get size(): number {
    return this.#byLocalTag.size;
  }
}
