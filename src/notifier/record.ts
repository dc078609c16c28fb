import type { EventPackage, Scope } from '../event-packages/event-package.ts';
import type { Aor } from '../model/aor.ts';
import type { Timer } from '../model/clock.ts';
import type { PhoneProfile } from '../model/profile.ts';
import type { SubscriptionPulse, SubscriptionRow } from '../model/subscription-row.ts';
import type { SubscriptionView } from '../model/views.ts';
import type { DialogState } from '../sip/dialog.ts';
import type { SubscriptionStateHeader } from '../sip/front.ts';
import { flowName, writeDialog } from './dialog-json.ts';
import type { Debt, Occasion } from './subscription.ts';
import { type Terms, writeExtra } from './terms.ts';

export type EndReason = NonNullable<SubscriptionStateHeader['reason']>;

/** A NOTIFY that has no final response yet. */
export interface Flight {
  readonly sub: Subscription;
  readonly occasion: Occasion;
  readonly covers: Scope;
  /** Ids of the dialogs that its document shows as alive. */
  readonly shown: readonly string[];
  readonly flow: DialogState['flow'];
  /** The phone was heard meanwhile, and waits for the next one (RFC 6665 4.2.1.2). */
  urgent: boolean;
  /** A newer one has overtaken it: it is not repeated. */
  over: boolean;
}

/**
 * One SIP dialog and the subscriptions in it (RFC 6665 4.5.2, RFC 5057 usages). They share its CSeq, so one NOTIFY at a
 * time is under way in the *dialog*: two could overtake each other, and the phone must answer 500 to the older.
 */
export interface Channel {
  readonly dialog: DialogState;
  /** What a further SUBSCRIBE in this dialog is about; its Request-URI is our Contact. */
  readonly aor: Aor;
  readonly entity: string;
  usages: readonly Subscription[];
  /** Above the documents of those that have left: the phone may not know that they ended, and take lower ones for old. */
  firstVersion: number;
  flight: Flight | null;
  timer: Timer | null;
  /** Clock time of `timer`; Infinity without one. */
  wakeAt: number;
  queued: boolean;
}

/** One subscription in RAM. */
export interface Subscription {
  readonly id: number;
  readonly aor: Aor;
  readonly pkg: EventPackage;
  readonly eventId: string | null;
  readonly entity: string;
  contentType: string;
  readonly watcher: Aor | null;
  readonly device: string;
  /** As `kindOf` says: null but for few packages. */
  readonly kind: string | null;
  terms: Terms | null;
  readonly userAgent: string | null;
  profile: PhoneProfile;
  readonly createdAt: number;
  readonly channel: Channel;
  /** Source address at birth; the limits count by it. */
  readonly address: string;
  /** False: from a trusted source, which has no limits. */
  readonly counted: boolean;
  expiresAt: number;
  /** The expiry wheel's notes. */
  bucket: number;
  nextToExpire: Subscription | null;
  previousToExpire: Subscription | null;
  /** Seconds granted last; no NOTIFY says more. */
  granted: number;
  debt: Debt;
  /** Why it ends; only its last NOTIFY is left to send. Null while it lives. */
  ending: EndReason | null;
  /** The version of the next document, and the end of the reserved block. */
  version: number;
  versionLimit: number;
  shown: readonly string[];
  lastNotifyAt: number | null;
  lastStatus: number | null;
  notifies: number;
}

const none: readonly Subscription[] = [];

export function newChannel(dialog: DialogState, aor: Aor, entity: string): Channel {
  const wakeAt = Number.POSITIVE_INFINITY;
  return { dialog, aor, entity, usages: none, firstVersion: 0, flight: null, timer: null, wakeAt, queued: false };
}

export function toRow(sub: Subscription): SubscriptionRow {
  return {
    id: sub.id,
    aor: sub.aor,
    event: sub.pkg.event,
    eventId: sub.eventId,
    entity: sub.entity,
    contentType: sub.contentType,
    watcher: sub.watcher,
    device: sub.device,
    userAgent: sub.userAgent,
    createdAt: sub.createdAt,
    expiresAt: sub.expiresAt,
    dialog: writeDialog(sub.channel.dialog),
    remoteCseq: 0,
    shown: sub.shown,
    cseqLimit: sub.channel.dialog.localCseqLimit,
    versionLimit: sub.versionLimit,
    extra: writeExtra(sub.terms),
  };
}

export function toPulse({ id, expiresAt, shown, channel }: Subscription): SubscriptionPulse {
  return { id, expiresAt, remoteCseq: channel.dialog.remoteCseq, shown };
}

export function toView(sub: Subscription): SubscriptionView {
  return {
    id: sub.id,
    aor: sub.aor,
    event: sub.pkg.event,
    eventId: sub.eventId,
    watcher: sub.watcher,
    device: sub.device,
    userAgent: sub.userAgent,
    source: flowName(sub.channel.dialog.flow),
    createdAt: sub.createdAt,
    expiresAt: sub.expiresAt,
    lastNotifyAt: sub.lastNotifyAt,
    lastStatus: sub.lastStatus,
    notifies: sub.notifies,
  };
}
