import type { Aor } from '../model/aor.ts';
import type { Outcome } from '../model/outcome.ts';
import type { DialogPath, DialogState } from './dialog.ts';
import type { Awaited } from './engine.ts';

/** The party behind a SUBSCRIBE, after authentication. */
export interface Watcher {
  /** null only for a trusted source without a usable From. */
  readonly aor: Aor | null;
  /** `registered`: by a path that a phone of his has just registered by through us. */
  readonly how: 'digest' | 'trusted' | 'registered';
}

/** A SUBSCRIBE as the notifier sees it: authenticated, grammar checked, no SIP headers left. */
export interface SubscribeRequest {
  /** An existing dialog, or the one that a 2xx answer will create. */
  readonly dialog: DialogState;
  readonly initial: boolean;
  /** Where the phone is now. The dialog follows when this SUBSCRIBE is granted, and not before (RFC 3261 12.2.2). */
  readonly path: DialogPath;
  /** The Request-URI, byte by byte. */
  readonly requestUri: string;
  /** The resource the Request-URI names; null where it names none of this domain (refreshes to our bare Contact). */
  readonly resource: Aor | null;
  readonly watcher: Watcher;
  /** RFC 6665 8.2.1: package name and `id`, byte by byte. */
  readonly event: string;
  readonly eventId: string | null;
  /** The other parameters of Event: names in lower case, values without quotes. Foreign text. */
  readonly eventParams: Readonly<Record<string, string>>;
  /** Option tags of Supported, in lower case. */
  readonly supported: readonly string[];
  /** RFC 5839: the entity tag of the state that the phone has, or `*`; null: it makes no condition. */
  readonly suppressIfMatch: string | null;
  /** Seconds; null where the header is absent. */
  readonly expires: number | null;
  /** Media ranges, lower case, without parameters, the most wanted (q) first, q=0 left out; null where the header is absent. */
  readonly accept: readonly string[] | null;
  /** Media type, lower case, without parameters; null where absent. */
  readonly contentType: string | null;
  readonly body: Buffer;
  /** The body says itself that it must be understood (RFC 3261 20.11 `handling=required`). Absent: it does not. */
  readonly bodyRequired?: boolean;
  readonly userAgent: string | null;
  /** `+sip.instance` or the Contact URI: tells the devices of one user apart. */
  readonly device: string;
  /** `udp:192.0.2.1:5060`, for log and audit. */
  readonly source: string;
}

export interface SubscribeAnswer {
  readonly status: number;
  readonly reason?: string;
  /** Granted seconds; must be there for 2xx. */
  readonly expires?: number;
  /** Further headers, canonical names: Min-Expires, Accept, Retry-After. Allow-Events is added by the front. */
  readonly headers?: readonly (readonly [string, string])[];
  /** Runs after the answer has left: the moment for NOTIFY. */
  readonly after?: () => void;
}

export interface SubscriptionStateHeader {
  readonly state: 'active' | 'pending' | 'terminated';
  /** Seconds left; for active and pending. */
  readonly expires?: number;
  readonly reason?: 'deactivated' | 'probation' | 'rejected' | 'timeout' | 'giveup' | 'noresource' | 'invariant';
  /** Seconds. */
  readonly retryAfter?: number;
  /** Further parameters, RFC 6446 5.2: `max-rate` and the like. */
  readonly params?: Readonly<Record<string, string>>;
}

export interface NotifyMessage {
  readonly event: string;
  readonly eventId: string | null;
  readonly subscription: SubscriptionStateHeader;
  /** Further headers, canonical names: SIP-ETag, Require. */
  readonly headers?: readonly (readonly [string, string])[] | undefined;
  /** Parameters of the Event header beside `id`; names and values are tokens. */
  readonly eventParams?: Readonly<Record<string, string>>;
  /** Of the last NOTIFY of a subscription: others of its dialog go on. */
  readonly dialogLives?: boolean;
  /** null contentType: no body. */
  readonly contentType: string | null;
  readonly content: string;
  /** Over: a newer one has overtaken it, and it must not be repeated behind that. Absent: nothing overtakes it. */
  readonly awaited?: Awaited | undefined;
}

export interface NotifyResult {
  /** The final status; 408 after Timer F; 503 with `local` where the flow is gone. */
  readonly status: number;
  readonly local: boolean;
  /** Seconds, from Retry-After; null where absent. */
  readonly retryAfter: number | null;
  /** Of Event in a 2xx (RFC 6446 4.1), as in a SUBSCRIBE; null, or not there: it had none. */
  readonly eventParams?: Readonly<Record<string, string>> | null;
}

/** What the notifier may ask of SIP. */
export interface NotifySender {
  /** Sends one NOTIFY in the dialog, with `++localCseq`; the caller has made sure that localCseqLimit allows it. */
  notify(dialog: DialogState, message: NotifyMessage): Promise<NotifyResult>;
  /** True: so many requests wait for their answers that NOTIFYs had better wait too. Absent: never. */
  readonly crowded?: boolean;
  /** Bytes of body a NOTIFY of this dialog can carry within the transport's size rule. */
  roomBytes(dialog: DialogState, message: Omit<NotifyMessage, 'content' | 'contentType'>): number;
  /** True: a NOTIFY may arrive even where the connection of the last SUBSCRIBE is gone. Absent: never. */
  reachable?(dialog: DialogState): boolean;
  /** Makes a stored dialog known again; answers the one of this name that is known already, or else this one. */
  restore(dialog: DialogState): DialogState;
  /** Forgets a dialog: nothing uses it any more. Later requests in it get 481. */
  release(dialog: DialogState): void;
}

/** An answer that needs no disk comes at once. */
export type OnSubscribe = (request: SubscribeRequest) => SubscribeAnswer | Promise<SubscribeAnswer>;

/** Where a phone says that it can be reached; from the network. */
export interface PhonePlace {
  /** Its contact. */
  readonly uri: string;
  /** The next hop where the contact does not lead there; null: it does. */
  readonly via: string | null;
}

/** What Lamplighter asks of a phone (RFC 6665 4.1). */
export interface PhoneAsked {
  readonly event: string;
  /** Seconds; 0: no more. */
  readonly expires: number;
  /** Media types. */
  readonly accept: readonly string[];
}

/** How the phone answered; credentials have been tried by then. */
export interface PhoneAnswer {
  /** The final status; 408 after Timer F. */
  readonly status: number;
  /** Seconds; each null where absent. */
  readonly expires: number | null;
  readonly minExpires: number | null;
  readonly retryAfter: number | null;
}

/** A NOTIFY of a phone, its sender proven. */
export interface HeardNotify {
  readonly event: string;
  readonly eventId: string | null;
  readonly state: 'active' | 'pending' | 'terminated';
  /** Seconds; null where absent. */
  readonly expires: number | null;
  /** Lower case; null where absent. */
  readonly reason: string | null;
  /** Seconds; null where absent. */
  readonly retryAfter: number | null;
  /** With its parameters; null where absent. */
  readonly contentType: string | null;
  readonly body: Buffer;
}

export type NotifyReply = Pick<SubscribeAnswer, 'status' | 'reason' | 'headers'>;

/** A dialog of which we are the subscriber: born with the first 2xx or NOTIFY, whichever comes first. */
export interface PhoneDialog {
  /** `udp:192.0.2.1:5060`, for log and audit. */
  readonly source: string;
}

export interface PhoneDialogSeed {
  /** Whose phone; his are the credentials. */
  readonly aor: Aor;
  readonly place: PhonePlace;
  readonly event: string;
  /** What shows that a NOTIFY is the phone's: the address it comes from, or a digest with its user's password. */
  readonly proof: 'address' | 'digest';
  /** Each NOTIFY of the dialog, in the order of CSeq; answers what the phone is told. */
  readonly hear: (notify: HeardNotify) => NotifyReply;
}

/** What the watcher may ask of SIP. */
export interface SubscribeSender {
  /**
   * Finds the way to a phone; nothing is sent. Refusals: `address-forbidden` (it leads to a listener of ours, or where no
   * phone can be), `uri-malformed`, and those of the locator. Never rejects.
   */
  open(seed: PhoneDialogSeed): Promise<Outcome<PhoneDialog>>;
  /** Sends one SUBSCRIBE in the dialog, or the one that makes it. One at a time. Never rejects. */
  subscribe(dialog: PhoneDialog, asked: PhoneAsked): Promise<PhoneAnswer>;
  /** Forgets it: later NOTIFYs in it get 481. */
  close(dialog: PhoneDialog): void;
}

/** A PUBLISH (RFC 3903) as the compositor sees it: authenticated, grammar checked, its resource of our domains. */
export interface PublishRequest {
  readonly resource: Aor;
  readonly publisher: Watcher;
  /** The package's name, byte by byte; RFC 3903 6: `id` means nothing here. */
  readonly event: string;
  /** The entity tag in SIP-If-Match; null: an initial publication. */
  readonly ifMatch: string | null;
  /** Seconds; null where the header is absent. */
  readonly expires: number | null;
  /** Media type, lower case, without parameters; null where absent. */
  readonly contentType: string | null;
  readonly body: Buffer;
  readonly userAgent: string | null;
  /** `udp:192.0.2.1:5060`, for log and audit. */
  readonly source: string;
}

export interface PublishAnswer {
  readonly status: number;
  readonly reason?: string;
  /** Of a 403, for the security log: it was about the settings of another. */
  readonly settings?: boolean;
  /** Granted seconds and the new entity tag; there for 2xx. */
  readonly granted?: { readonly expires: number; readonly etag: string };
  /** Further headers, canonical names: Min-Expires, Accept, Retry-After. Allow-Events is added by the front. */
  readonly headers?: readonly (readonly [string, string])[];
  /** Runs after the answer has left. */
  readonly after?: () => void;
}

export type OnPublish = (request: PublishRequest) => PublishAnswer | Promise<PublishAnswer>;
