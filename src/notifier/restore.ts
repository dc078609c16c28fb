import type { EventPackage } from '../event-packages/event-package.ts';
import type { Aor } from '../model/aor.ts';
import type { Logger } from '../model/logger.ts';
import type { PhoneProfile } from '../model/profile.ts';
import type { SubscriptionRow, SubscriptionRows } from '../model/subscription-row.ts';
import type { DialogState } from '../sip/dialog.ts';
import { readDialog } from './dialog-json.ts';
import { block } from './numbers.ts';
import { type Channel, newChannel, type Subscription } from './record.ts';
import { kindOf } from './roster.ts';
import { nothingOwed, parked } from './subscription.ts';
import { readExtra } from './terms.ts';

export interface RestoreDeps {
  readonly now: number;
  readonly logger: Logger;
  readonly packages: ReadonlyMap<string, EventPackage>;
  readonly profileFor: (userAgent: string | null) => PhoneProfile;
  /** Makes a dialog known again; answers the one of this name that is known already, or else this one. */
  readonly known: (dialog: DialogState) => DialogState;
  /** Whether a NOTIFY can arrive although its connection died with the last process. */
  readonly reachable: (dialog: DialogState) => boolean;
}

export interface Restored {
  readonly subs: readonly Subscription[];
  /** Rows that are over with nobody to be told, or make no sense: to be deleted. */
  readonly useless: readonly number[];
  /** Usages of one dialog that were stored with different limits: the highest holds for all, and must on disk. */
  readonly uneven: readonly Subscription[];
}

/** Ids in one line of the log. */
const mostNamed = 10;

/**
 * Stored rows become subscriptions again. Numbers go on at the stored ends of the reserved blocks, which the caller has
 * moved up by one block on disk; usages of one dialog share it, with the highest CSeq of them. What has run out has its end
 * before it: `ending` is set, and its phone is still to be told.
 */
export function restoreRows(rows: SubscriptionRows, deps: RestoreDeps): Restored {
  const texts = new SharedTexts();
  const subs: Subscription[] = [];
  const limits: number[] = [];
  const useless: number[] = [];
  const senseless: number[] = [];
  let near: DialogState['flow'] | null = null;
  for (const row of rows) {
    const sub = restoreRow(row, texts, near, deps);
    if (typeof sub === 'string') {
      useless.push(row.id);
      if (sub === 'senseless') senseless.push(row.id);
    } else {
      near = sub.channel.dialog.flow;
      subs.push(sub);
      limits.push(row.cseqLimit + block);
    }
  }
  if (senseless.length > 0) {
    const ids = senseless.slice(0, mostNamed);
    deps.logger.warn(
      { count: senseless.length, ids },
      'stored subscriptions make no sense and are dropped; their phones will come back',
    );
  }
  const uneven = subs.filter((sub, index) => sub.channel.dialog.localCseqLimit !== limits[index]);
  // A connection died with the last process; its phone is told when it subscribes over a new one.
  for (const sub of subs) {
    if (!canArrive(sub.channel.dialog, deps)) sub.debt = parked;
  }
  return { subs, useless, uneven };
}

function restoreRow(
  row: SubscriptionRow,
  texts: SharedTexts,
  near: DialogState['flow'] | null,
  deps: RestoreDeps,
): Subscription | 'over' | 'senseless' {
  const pkg = deps.packages.get(row.event);
  const dialog = readDialog(row.dialog, row.cseqLimit, near);
  if (pkg === undefined || dialog === null || !isRow(row)) return 'senseless';
  const isOver = row.expiresAt <= deps.now;
  if (isOver && !canArrive(dialog, deps)) return 'over';
  dialog.remoteCseq = Math.max(dialog.remoteCseq, row.remoteCseq);
  const channel = channelFor(dialog, row, deps);
  const { eventId } = row;
  // as nearly always: kept once
  const watcher = row.watcher === dialog.user ? (dialog.user as Aor | null) : row.watcher;
  const device = row.device === dialog.remoteTarget ? dialog.remoteTarget : row.device;
  const aor = texts.one(row.aor);
  const terms = readExtra(row.extra);
  const userAgent = row.userAgent === null ? null : texts.one(row.userAgent);
  return {
    id: row.id,
    aor,
    pkg,
    eventId,
    entity: texts.one(row.entity),
    contentType: contentTypeOf(pkg, row.contentType),
    watcher,
    device,
    kind: kindOf(pkg, terms?.params),
    terms,
    userAgent,
    profile: deps.profileFor(userAgent),
    createdAt: row.createdAt,
    channel,
    address: dialog.flow.remote.address,
    counted: true,
    expiresAt: row.expiresAt,
    bucket: 0,
    nextToExpire: null,
    previousToExpire: null,
    granted: Math.ceil((row.expiresAt - deps.now) / 1000),
    debt: nothingOwed,
    ending: isOver ? 'timeout' : null,
    version: row.versionLimit,
    versionLimit: row.versionLimit + block,
    shown: row.shown,
    lastNotifyAt: null,
    lastStatus: null,
    notifies: 0,
  };
}

/** Over UDP there is no connection that could have died. */
function canArrive(dialog: DialogState, { reachable }: RestoreDeps): boolean {
  return dialog.flow.transport === 'udp' || reachable(dialog);
}

function channelFor(dialog: DialogState, row: SubscriptionRow, { known }: RestoreDeps): Channel {
  const shared = known(dialog);
  const channel = (shared.note as Channel | null) ?? newChannel(shared, row.aor, row.entity);
  shared.note = channel;
  // who left before the restart is not on the disk any more
  channel.firstVersion = Math.max(channel.firstVersion, row.versionLimit);
  shared.localCseq = Math.max(shared.localCseq, row.cseqLimit);
  shared.localCseqLimit = shared.localCseq + block;
  if (dialog.remoteCseq > shared.remoteCseq) {
    // A refresh is written with its own usage only: the row that saw the last SUBSCRIBE knows where the phone is.
    shared.remoteCseq = dialog.remoteCseq;
    shared.remoteTarget = dialog.remoteTarget;
    shared.flow = dialog.flow;
  }
  return channel;
}

/** A package that judges Accept itself kept what it understands. */
function contentTypeOf({ contentTypes, admits }: EventPackage, stored: string): string {
  return admits !== undefined ? stored : (contentTypes.find((type) => type === stored) ?? contentTypes[0]);
}

/** A thousand phones watch one extension and are one model: what they have in common is kept once. */
class SharedTexts {
  readonly #known = new Map<string, string>();

  one<T extends string>(text: T): T {
    const known = this.#known.get(text);
    if (known !== undefined) return known as T;
    this.#known.set(text, text);
    return text;
  }
}

function isRow(row: SubscriptionRow): boolean {
  return Number.isSafeInteger(row.id) && Number.isSafeInteger(row.versionLimit) && row.versionLimit >= 0;
}
