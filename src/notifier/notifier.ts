import type { EventPackage, Rendered } from '../event-packages/event-package.ts';
import type { Aor } from '../model/aor.ts';
import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { Meters } from '../model/meters.ts';
import type { PhoneProfile } from '../model/profile.ts';
import type { Random } from '../model/random.ts';
import type { SubscriptionRows } from '../model/subscription-row.ts';
import type { TracedSubscription } from '../model/trace.ts';
import type { SubscriptionView } from '../model/views.ts';
import type { NotifySender, OnSubscribe, SubscribeAnswer } from '../sip/front.ts';
import {
  callOf,
  countsOf,
  type Device,
  devicesOf,
  pathOf,
  type SubscriptionCount,
  type SubscriptionPath,
} from './census.ts';
import { Crowd } from './crowd.ts';
import { Debts } from './debts.ts';
import { Lifecycle } from './lifecycle.ts';
import { renderWatched } from './list-render.ts';
import type { ListTools } from './list-request.ts';
import { ListWatches } from './list-watches.ts';
import { Numbers } from './numbers.ts';
import { Outbox } from './outbox.ts';
import type { StateReader, SubscriptionStore } from './ports.ts';
import { type EndReason, type Subscription, toPulse, toView } from './record.ts';
import { RestartRound } from './restart.ts';
import { restoreRows } from './restore.ts';
import { Roster } from './roster.ts';
import { restyledBy, type Style } from './style.ts';
import { type Desk, examine } from './subscribe.ts';
import { asked } from './subscription.ts';
import { Watchers } from './watchers.ts';
import type { Grant } from './wishes.ts';

export interface NotifierDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly packages: readonly EventPackage[];
  readonly state: StateReader;
  readonly sender: NotifySender;
  readonly store: SubscriptionStore;
  /** The gate: puts a wish to the PBX and answers what the PBX then holds. Bounded, never rejects. */
  readonly grant: Grant;
  readonly profileFor: (userAgent: string | null) => PhoneProfile;
  /** May this watcher take calls that ring at this resource? null: a trusted source without a name. Default: nobody. */
  readonly mayPickUp?: (watcher: Aor | null, resource: Aor) => boolean;
  /** Absent: no lists are served. */
  readonly lists?: ListTools;
  /** Subscriptions of one user, and from one address; trusted sources are exempt. */
  readonly limits: { readonly perUser: number; readonly perAddress: number };
  /** Share of an interval, 0 to 0.5, by which it may be granted shorter, at random; asked each time. Default 0. */
  readonly expirySpread?: () => number;
  /** First NOTIFYs a second for each source address after our own restart. Default 20. */
  readonly restartNotifyPerSecond?: number;
  /** Runs a task after the sockets were read. Default: setImmediate. */
  readonly defer?: (task: () => void) => void;
  /** Hears of each that is over, whose messages may still be looked at. */
  readonly onEnded?: (subscription: TracedSubscription) => void;
  /** Where it counts; default: it does not. */
  readonly meters?: Meters;
}

/** Who must be told, when, and in which order: RFC 6665 from the notifier's side. */
export class Notifier {
  readonly #deps: NotifierDeps;
  readonly #desk: Desk;
  readonly #roster = new Roster((sub, here) => {
    this.#watchers.moved(sub, here, this.#lists.moved(sub, here));
    if (!here) this.#deps.onEnded?.(callOf(sub));
  });
  readonly #lists: ListWatches;
  readonly #watchers: Watchers;
  readonly #numbers: Numbers;
  readonly #outbox: Outbox;
  readonly #lives: Lifecycle;
  readonly #debts: Debts;
  readonly #deaf: readonly (() => void)[];
  #round: RestartRound | null = null;

  constructor(deps: NotifierDeps) {
    const { clock, random, logger, state, sender, store, packages, limits, meters } = deps;
    this.#deps = deps;
    this.#numbers = new Numbers(store, logger);
    const { lists = null } = deps;
    this.#lists = new ListWatches(lists?.reader ?? null);
    const watching = (aor: Aor) => this.#debts.watching(aor);
    this.#watchers = new Watchers(clock, { watching }, (sub) => this.#debts.tellAll(sub));
    const mayPickUp = deps.mayPickUp ?? (() => false);
    const watchersFor = (sub: Subscription) => this.#watchers.for(sub);
    const leftFor = (sub: Subscription) => this.#watchers.leftFor(sub);
    const listTools = { sender, random, mayPickUp, state, logger };
    this.#outbox = new Outbox({
      clock,
      random,
      logger,
      state,
      sender,
      numbers: this.#numbers,
      mayPickUp,
      watchersFor,
      leftFor,
      renderList: (sub, scope, head) => {
        const list = lists === null ? null : this.#lists.listOf(sub);
        return lists === null ? noState : renderWatched(sub, list, scope, head, lists.format, listTools);
      },
      defer: deps.defer ?? setImmediate,
      onDropped: (sub, cause) => {
        void this.#lives.unlist(sub, cause);
      },
      onRate: (sub, params) => this.#lives.repace(sub, params),
      onShown: (sub) => store.pulseSubscription(toPulse(sub)),
      meters,
    });
    const { grant, profileFor } = deps;
    this.#lives = new Lifecycle({
      clock,
      logger,
      store,
      roster: this.#roster,
      outbox: this.#outbox,
      numbers: this.#numbers,
      grant,
      profileFor,
      meters,
    });
    this.#desk = {
      clock,
      packages: new Map(packages.map((pkg) => [pkg.event, pkg])),
      state,
      roster: this.#roster,
      channelOf: (request) => this.#outbox.find(request.dialog),
      limits,
      random,
      expirySpread: deps.expirySpread ?? (() => 0),
      crowd: new Crowd(),
      lists,
      listsOf: (watcher) => this.#lists.ofUser(watcher),
    };
    this.#debts = new Debts({
      roster: this.#roster,
      lists: this.#lists,
      watchers: this.#watchers,
      outbox: this.#outbox,
      lives: this.#lives,
      profileFor,
    });
    const silent = () => undefined;
    this.#deaf = [
      state.onChange((change) => this.#debts.changed(change)),
      lists?.reader.onChange(() => this.#debts.listsRead(lists.reader)) ?? silent,
    ];
  }

  /** Once, before the sockets open: the stored subscriptions are known again, nothing is sent. Answers how many live. */
  restore(rows: SubscriptionRows, nextId: number): number {
    const { clock, logger, profileFor, sender } = this.#deps;
    const lives = this.#lives;
    const secured = rows.length === 0 || this.#numbers.reserveAll();
    const { subs, useless, uneven } = restoreRows(rows, {
      now: clock.now(),
      logger,
      packages: this.#desk.packages,
      profileFor,
      known: (dialog) => sender.restore(dialog),
      reachable: (dialog) => sender.reachable?.(dialog) ?? false,
    });
    for (const id of useless) void lives.deleteRow(id);
    lives.nextId = Math.max(lives.nextId, nextId);
    for (const sub of subs) {
      if (!secured) unsecured(sub);
      // the last one before it in this dialog may have vanished, and the dialog with it
      if (this.#outbox.find(sub.channel.dialog) === null) sender.restore(sub.channel.dialog);
      this.#outbox.attach(sub);
      this.#roster.take(sub);
      lives.nextId = Math.max(lives.nextId, sub.id + 1);
      if (sub.ending !== null) {
        lives.untold.add(sub);
        continue;
      }
      // Lamp keys that stand beside each other on disk did so before; of a phone's feature keys only the last is left.
      if (sub.pkg.watchers === 'owner') for (const twin of this.#roster.twins(sub)) lives.vanish(twin, 'replaced');
      lives.list(sub);
      if (!sub.debt.strict) lives.untold.add(sub);
    }
    if (secured) this.#numbers.reserve(uneven.filter((sub) => sub.channel.usages.includes(sub)));
    return subs.filter(({ ending }) => ending === null).length;
  }

  /**
   * After `restore`, when the state is worth telling: one full NOTIFY for each stored subscription, within 5 s; the last one for
   * those that ran out while nobody was there to say so.
   */
  start(): void {
    const { clock, random } = this.#deps;
    const perSecond = this.#deps.restartNotifyPerSecond ?? 20;
    const crowd = (address: string) => this.#roster.ofAddress(address);
    this.#round = new RestartRound(this.#lives.untold, { perSecond, crowd, clock, random }, (sub) => {
      if (!this.#lives.untold.delete(sub)) return;
      if (sub.ending !== null) {
        this.#lives.lapse(sub);
        return;
      }
      sub.debt = asked(sub.debt, 'full');
      this.#outbox.wake(sub.channel);
    });
  }

  /** Judges a SUBSCRIBE. Never rejects. */
  readonly onSubscribe: OnSubscribe = (request) => {
    const failed = (error: unknown): SubscribeAnswer => {
      this.#deps.logger.error({ err: error, event: request.event, source: request.source }, 'a SUBSCRIBE failed');
      return { status: 500 };
    };
    try {
      const examined = examine(request, this.#desk);
      if (!examined.ok) {
        if (examined.gone !== null) this.#lives.vanish(examined.gone, 'gone');
        return examined.answer;
      }
      const answer = this.#lives.accept(examined.draft);
      return answer instanceof Promise ? answer.catch(failed) : answer;
    } catch (error) {
      return failed(error);
    }
  };

  /** All living subscriptions, oldest first. */
  list(): readonly SubscriptionView[] {
    return [...this.#roster.all()].sort((a, b) => a.id - b.id).map(toView);
  }

  /** The Call-ID of each living subscription, in no order. */
  *calls(): Iterable<TracedSubscription> {
    for (const sub of this.#roster.all()) yield callOf(sub);
  }

  /** Where each living subscription is told, in no order. */
  *paths(): Iterable<SubscriptionPath> {
    for (const sub of this.#roster.all()) yield pathOf(sub);
  }

  /** How many live, by package and transport, and of how many nobody answered the last NOTIFY. Looks through them all. */
  census(): readonly SubscriptionCount[] {
    return countsOf(this.#roster.all());
  }

  /** The resources with living subscriptions to this package. Looks through them all. */
  watched(event: string): ReadonlySet<Aor> {
    const aors = new Set<Aor>();
    for (const { pkg, aor } of this.#roster.all()) if (pkg.event === event) aors.add(aor);
    return aors;
  }

  /**
   * By which dialogs the phones of this user can be reached: that of his youngest living subscription for each device, no
   * matter to what. Looks through them all.
   */
  devicesOf(user: Aor): readonly Device[] {
    return devicesOf(user, this.#roster.all());
  }

  /** A phone of this user has a living subscription that tells it of this resource, by itself or in a list. */
  isTold(user: Aor, event: string, aor: Aor): boolean {
    for (const { watcher, pkg } of this.#debts.watching(aor)) if (watcher === user && pkg.event === event) return true;
    return false;
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
    await this.#lives.terminate(sub, reason, 'removed');
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

  /**
   * Phones are to be told otherwise now: `change` makes `after` what the notifier asks. Who would read something else than he
   * was told is told at once, the others notice nothing. Looks through them all, and renders for those with another profile.
   */
  restyle(after: Style, change: () => void): void {
    const before: Style = { profileFor: this.#deps.profileFor, mayPickUp: this.#deps.mayPickUp ?? (() => false) };
    this.#debts.restyle(restyledBy(before, after), change);
  }

  /** The same where documents of one package are written otherwise now. */
  rewrite(event: string, change: () => void): void {
    this.#debts.restyle(({ pkg }) => pkg.event === event, change);
  }

  /** The resources that somebody watches, by themselves. */
  resources(): ReadonlySet<Aor> {
    return new Set([...this.#roster.all()].map(({ aor }) => aor));
  }

  /** Sends nothing more and no `terminated`: a restart must be invisible. Answers under way are not waited for. */
  stop(): Promise<void> {
    for (const stop of this.#deaf) stop();
    this.#round?.stop();
    this.#lives.stop();
    this.#outbox.stop();
    return Promise.resolve();
  }
}

const noState: Rendered = { bodies: [{ contentType: null, content: '', covers: 'full' }], shown: [] };

/** The store took no reservation: the old ends stand, and each NOTIFY tries again. */
function unsecured(sub: Subscription): void {
  sub.versionLimit = sub.version;
  sub.channel.dialog.localCseqLimit = sub.channel.dialog.localCseq;
}
