import type { EventPackage } from '../event-packages/event-package.ts';
import type { Aor } from '../model/aor.ts';
import type { Clock } from '../model/clock.ts';
import type { Wish } from '../model/feature.ts';
import type { Logger } from '../model/logger.ts';
import type { PhoneProfile } from '../model/profile.ts';
import type { Random } from '../model/random.ts';
import type { SubscriptionRow } from '../model/subscription-row.ts';
import type { Verdict } from '../model/verdict.ts';
import type { Change, SubscriptionView } from '../model/views.ts';
import type { NotifySender, OnSubscribe, SubscribeAnswer } from '../sip/front.ts';
import { ExpiryWheel } from './expiry.ts';
import { block, Numbers } from './numbers.ts';
import { Outbox } from './outbox.ts';
import type { StateReader, SubscriptionStore } from './ports.ts';
import { type EndReason, type Subscription, toRow, toView } from './record.ts';
import { RestartRound } from './restart.ts';
import { restoreRows } from './restore.ts';
import { isReplaceable, Roster } from './roster.ts';
import { type Desk, type Draft, examine, newSubscription, tellScope } from './subscribe.ts';
import { asked, changed, ends, held, released } from './subscription.ts';
import { putWishes } from './wishes.ts';

export interface NotifierDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly packages: readonly EventPackage[];
  readonly state: StateReader;
  readonly sender: NotifySender;
  readonly store: SubscriptionStore;
  /** The gate: puts a wish to the PBX and answers what the PBX then holds. Bounded, never rejects. */
  readonly grant: (wish: Wish) => Promise<Verdict>;
  readonly profileFor: (userAgent: string | null) => PhoneProfile;
  /** Subscriptions of one user, and from one address; trusted sources are exempt. */
  readonly limits: { readonly perUser: number; readonly perAddress: number };
  /** First NOTIFYs a second for each source address after our own restart. Default 20. */
  readonly restartNotifyPerSecond?: number;
  /** Runs a task after the sockets were read. Default: setImmediate. */
  readonly defer?: (task: () => void) => void;
}

/** One wish takes the gate at most 2 s; this many milliseconds each, and this many in all, a NOTIFY waits for verdicts. */
const verdictMs = 2500;
const longestHoldMs = 10_000;

/** Who must be told, when, and in which order: RFC 6665 from the notifier's side. */
export class Notifier {
  readonly #deps: NotifierDeps;
  readonly #desk: Desk;
  readonly #roster = new Roster();
  readonly #numbers: Numbers;
  readonly #outbox: Outbox;
  readonly #expiry: ExpiryWheel<Subscription>;
  readonly #deaf: () => void;
  /** Restored, and not told everything since. */
  readonly #untold = new Set<Subscription>();
  #round: RestartRound | null = null;
  #nextId = 1;
  #stopped = false;

  constructor(deps: NotifierDeps) {
    const { clock, random, logger, state, sender, store, packages, limits } = deps;
    this.#deps = deps;
    this.#numbers = new Numbers(store, logger);
    this.#outbox = new Outbox({
      clock,
      random,
      logger,
      state,
      sender,
      numbers: this.#numbers,
      defer: deps.defer ?? setImmediate,
      onDropped: (sub) => {
        void this.#forget(sub);
      },
      onShown: (sub) => store.touchSubscription(toRow(sub)),
    });
    this.#expiry = new ExpiryWheel(clock, (sub) => {
      void this.#end(sub, 'timeout'); // RFC 6665 4.2.1.4
    });
    this.#desk = {
      clock,
      packages: new Map(packages.map((pkg) => [pkg.event, pkg])),
      state,
      roster: this.#roster,
      channelOf: (request) => this.#outbox.find(request.dialog),
      limits,
    };
    this.#deaf = state.onChange((change) => this.#onChange(change));
  }

  /** Once, before the sockets open: the stored subscriptions are known again, nothing is sent. */
  restore(rows: readonly SubscriptionRow[], nextId: number): void {
    const { clock, logger, profileFor, sender } = this.#deps;
    const secured = rows.length === 0 || this.#numbers.reserveAll();
    const { subs, useless } = restoreRows(rows, {
      now: clock.now(),
      logger,
      packages: this.#desk.packages,
      profileFor,
    });
    for (const id of useless) void this.#delete(id);
    this.#nextId = Math.max(this.#nextId, nextId);
    for (const sub of subs) {
      if (!secured) unsecured(sub);
      if (this.#outbox.find(sub.channel.dialog) === null) sender.restore(sub.channel.dialog);
      this.#outbox.attach(sub);
      this.#roster.take(sub.watcher, sub.address);
      // Lamp keys that stand beside each other on disk did so before; of a phone's feature keys only the last is left.
      for (const twin of this.#roster.twins(sub)) if (sub.pkg.watchers === 'owner') this.#remove(twin);
      this.#keep(sub);
      if (!sub.debt.strict) this.#untold.add(sub);
      this.#nextId = Math.max(this.#nextId, sub.id + 1);
    }
    // Usages of one dialog that were stored with different limits: the highest holds for all, on disk too.
    for (const { id, cseqLimit } of secured ? rows : []) {
      const sub = this.#roster.byId(id);
      if (sub !== null && sub.channel.dialog.localCseqLimit !== cseqLimit + block) this.#numbers.reserve([sub]);
    }
  }

  /** After `restore`, when the state is worth telling: one full NOTIFY for each stored subscription, within 5 s. */
  start(): void {
    const { clock, random } = this.#deps;
    const perSecond = this.#deps.restartNotifyPerSecond ?? 20;
    this.#round = new RestartRound([...this.#untold], perSecond, clock, random, (sub) => {
      if (!this.#untold.delete(sub)) return;
      sub.debt = asked(sub.debt, 'full');
      this.#outbox.wake(sub.channel);
    });
  }

  /** Judges a SUBSCRIBE. Never rejects. */
  readonly onSubscribe: OnSubscribe = async (request) => {
    try {
      const examined = examine(request, this.#desk);
      if (examined.ok) return await this.#accept(examined.draft);
      if (examined.gone !== null) this.#remove(examined.gone);
      return examined.answer;
    } catch (error) {
      this.#deps.logger.error({ err: error, event: request.event, source: request.source }, 'a SUBSCRIBE failed');
      return { status: 500 };
    }
  };

  /** All living subscriptions, oldest first. */
  list(): readonly SubscriptionView[] {
    return [...this.#roster.all()].map(toView);
  }

  /** Living subscriptions to this resource. */
  count(aor: Aor): number {
    return this.#roster.count(aor);
  }

  /**
   * Ends a subscription: its phone is told `terminated` with this reason (`deactivated`: it subscribes again at once,
   * RFC 6665 4.1.3). Resolves when it is out of the store; false: no such subscription.
   */
  async remove(id: number, reason: EndReason = 'deactivated'): Promise<boolean> {
    const sub = this.#roster.byId(id);
    if (sub === null) return false;
    await this.#end(sub, reason);
    return true;
  }

  /** Sends everything again, whatever pause it is in. False: no such subscription. */
  renotify(id: number): boolean {
    const sub = this.#roster.byId(id);
    if (sub === null) return false;
    sub.debt = asked(sub.debt, 'full');
    this.#outbox.flush(sub.channel);
    return true;
  }

  /** Sends nothing more and no `terminated`: a restart must be invisible. Answers under way are not waited for. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#deaf();
    this.#round?.stop();
    this.#expiry.stop();
    this.#outbox.stop();
    return Promise.resolve();
  }

  #onChange(change: Change): void {
    // Scopes are made of feature names: a change of anything else is about the whole document.
    const aspects = change.topic === 'features' ? change.aspects : [];
    for (const sub of this.#roster.watching(change.aor)) {
      if (!isNews(change, sub.pkg)) continue;
      sub.debt = changed(sub.debt, aspects);
      this.#outbox.wake(sub.channel);
    }
  }

  #accept(draft: Draft): Promise<SubscribeAnswer> {
    if (draft.sub === null) return draft.expires === 0 ? this.#fetch(draft) : this.#birth(draft);
    return draft.expires === 0 ? this.#unsubscribe(draft, draft.sub) : this.#refresh(draft, draft.sub);
  }

  /** RFC 6665 4.4.3: state once, nothing kept. */
  #fetch(draft: Draft): Promise<SubscribeAnswer> {
    const sub = this.#drafted(draft, 0);
    sub.ending = 'timeout';
    sub.debt = ends(sub.debt);
    this.#outbox.attach(sub);
    return Promise.resolve(this.#granted(draft, sub));
  }

  async #birth(draft: Draft): Promise<SubscribeAnswer> {
    const sub = this.#drafted(draft, this.#nextId++);
    // In an old dialog it is there from now on, so that the dialog cannot end meanwhile; it owes nothing yet.
    if (draft.channel !== null) this.#outbox.attach(sub);
    this.#roster.take(sub.watcher, sub.address);
    const { localCseqLimit } = sub.channel.dialog;
    try {
      await this.#deps.store.putSubscription(toRow(sub));
    } catch (error) {
      this.#deps.logger.error({ err: error, aor: sub.aor }, 'a subscription cannot be stored');
      this.#roster.giveBack(sub.watcher, sub.address);
      if (draft.channel !== null) this.#outbox.discard(sub);
      return { status: 503, headers: [['Retry-After', '30']] };
    }
    if (draft.channel !== null && isOver(sub)) {
      // The phone ended it meanwhile, before it was in any index: what is left is its place and its row.
      this.#roster.giveBack(sub.watcher, sub.address);
      this.#expiry.remove(sub);
      await this.#delete(sub.id);
      return { status: 200, expires: draft.expires };
    }
    if (draft.channel === null) this.#outbox.attach(sub);
    else if (sub.channel.dialog.localCseqLimit !== localCseqLimit) this.#numbers.reserve([sub]);
    this.#supersede(sub);
    this.#keep(sub);
    sub.debt = asked(sub.debt, 'full');
    return this.#granted(draft, sub);
  }

  async #refresh(draft: Draft, sub: Subscription): Promise<SubscribeAnswer> {
    sub.granted = draft.expires;
    sub.expiresAt = this.#deps.clock.now() + draft.expires * 1000;
    sub.profile = this.#deps.profileFor(sub.userAgent);
    this.#expiry.put(sub);
    const scope = tellScope(draft);
    if (scope === 'full') this.#untold.delete(sub);
    sub.debt = asked(sub.debt, scope);
    const answer = this.#granted(draft, sub);
    if (sub.contentType === draft.contentType) {
      this.#deps.store.touchSubscription(toRow(sub));
      return answer;
    }
    sub.contentType = draft.contentType;
    await this.#deps.store.putSubscription(toRow(sub)).catch((error: unknown) => {
      this.#deps.logger.warn({ err: error, id: sub.id }, 'the new form of a subscription cannot be stored');
    });
    return answer;
  }

  /** RFC 6665 4.2.1.4: Expires 0 in the dialog. */
  async #unsubscribe(draft: Draft, sub: Subscription): Promise<SubscribeAnswer> {
    const dead = this.#forget(sub);
    sub.ending = 'timeout';
    sub.debt = ends(sub.debt);
    const answer = this.#granted(draft, sub);
    await dead;
    return answer;
  }

  /** The 200: no NOTIFY before it, nor before the verdicts on what the phone wished with it. */
  #granted(draft: Draft, sub: Subscription): SubscribeAnswer {
    const wishes = draft.phone?.wishes ?? [];
    const holdMs = Math.min(verdictMs * Math.max(wishes.length, 1), longestHoldMs);
    sub.debt = held(sub.debt, this.#deps.clock.now() + holdMs);
    this.#outbox.heard(sub.channel);
    this.#outbox.flush(sub.channel); // sets the timer for the case that the 200 never leaves
    const release = () => {
      sub.debt = released(sub.debt);
      this.#outbox.flush(sub.channel);
    };
    const after = () => {
      if (wishes.length === 0) release();
      else void putWishes(wishes, draft, this.#deps.grant, this.#deps.logger).then(release);
    };
    return { status: 200, expires: draft.expires, after };
  }

  #drafted(draft: Draft, id: number): Subscription {
    return newSubscription(draft, id, this.#deps.clock.now(), this.#deps.profileFor(draft.request.userAgent));
  }

  #keep(sub: Subscription): void {
    this.#roster.add(sub);
    this.#expiry.put(sub);
  }

  /**
   * The same phone's older subscription goes without a word into its dead dialog; one that may be its other key is told
   * everything, so that a phone which has forgotten that dialog can say so (481).
   */
  #supersede(sub: Subscription): void {
    for (const twin of this.#roster.twins(sub)) {
      if (isReplaceable(twin, sub.channel.dialog.flow, this.#deps.clock.now())) this.#remove(twin);
      else {
        twin.debt = asked(twin.debt, 'full');
        this.#outbox.wake(twin.channel);
      }
    }
  }

  /** The last NOTIFY is owed, and it is gone from everywhere else at once. */
  #end(sub: Subscription, reason: EndReason): Promise<void> {
    const dead = this.#forget(sub);
    sub.ending = reason;
    sub.debt = ends(sub.debt);
    this.#outbox.wake(sub.channel);
    return dead;
  }

  /** Gone without a NOTIFY. */
  #remove(sub: Subscription): void {
    void this.#forget(sub);
    this.#outbox.discard(sub);
  }

  /** Out of the indexes and the store. Never rejects. */
  #forget(sub: Subscription): Promise<void> {
    if (!this.#roster.remove(sub)) return Promise.resolve();
    this.#roster.giveBack(sub.watcher, sub.address);
    this.#expiry.remove(sub);
    this.#untold.delete(sub);
    return this.#delete(sub.id);
  }

  /** A row that stays costs one NOTIFY after the next start, which its phone answers with 481. */
  #delete(id: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return this.#deps.store.deleteSubscription(id).catch((error: unknown) => {
      this.#deps.logger.warn({ err: error, id }, 'a subscription that ended cannot be deleted from the store');
    });
  }
}

/** The last truth stands while a PBX is away, so `stale` is not told to phones. */
function isNews(change: Change, pkg: EventPackage): boolean {
  if (!pkg.reads.includes(change.topic)) return false;
  if (change.topic === 'extension' && change.aspects.length === 1 && change.aspects[0] === 'stale') return false;
  return pkg.concerns?.(change) ?? true;
}

/** Ended by a SUBSCRIBE, or dropped by the answer to a NOTIFY. */
function isOver(sub: Subscription): boolean {
  return sub.ending !== null || !sub.channel.usages.includes(sub);
}

/** The store took no reservation: the old ends stand, and each NOTIFY tries again. */
function unsecured(sub: Subscription): void {
  sub.versionLimit = sub.version;
  sub.channel.dialog.localCseqLimit = sub.channel.dialog.localCseq;
}
