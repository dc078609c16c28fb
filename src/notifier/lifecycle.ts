import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { Meters, SubscriptionEnd } from '../model/meters.ts';
import type { PhoneProfile } from '../model/profile.ts';
import { moveDialog } from '../sip/dialog.ts';
import type { SubscribeAnswer } from '../sip/front.ts';
import { flowName } from './dialog-json.ts';
import { ExpiryWheel } from './expiry.ts';
import { listTermsOf, requireEventlist } from './list-terms.ts';
import type { Numbers } from './numbers.ts';
import { isSuccessor, type Outbox } from './outbox.ts';
import type { SubscriptionStore } from './ports.ts';
import { RareComplaint } from './rare-complaint.ts';
import { agreedRate, leastIntervalMs } from './rate.ts';
import { type EndReason, type Subscription, toPulse, toRow } from './record.ts';
import { isReplaceable, type Roster } from './roster.ts';
import { type Draft, newSubscription, tellScope, termsAsked } from './subscribe.ts';
import { asked, ends, held, noState, nothingOwed, reached, released, spared } from './subscription.ts';
import { withRate, writeExtra } from './terms.ts';
import { type Grant, putWishes } from './wishes.ts';

export interface LifecycleDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly store: SubscriptionStore;
  readonly roster: Roster;
  readonly outbox: Outbox;
  readonly numbers: Numbers;
  /** The gate: puts a wish to the PBX and answers what the PBX then holds. Bounded, never rejects. */
  readonly grant: Grant;
  readonly profileFor: (userAgent: string | null) => PhoneProfile;
  /** Where it counts; default: it does not. */
  readonly meters?: Pick<Meters, 'births' | 'endings'> | undefined;
}

const stayed = () => undefined;

/** One wish takes the gate at most 2 s; this many milliseconds each, and this many in all, a NOTIFY waits for verdicts. */
const verdictMs = 2500;
const longestHoldMs = 10_000;

/**
 * Birth, renewal and end of subscriptions: index, expiry, store and debt change together, and only here. The three ways
 * out: `terminate` owes the phone a last NOTIFY, `vanish` owes nothing, `unlist` is what both begin with.
 */
export class Lifecycle {
  readonly #deps: LifecycleDeps;
  readonly #expiry: ExpiryWheel<Subscription>;
  readonly #unstored: RareComplaint;
  readonly #unwritten: RareComplaint;
  readonly #undeleted: RareComplaint;
  /** Restored, and not told everything since; or over, and not told so. */
  readonly untold = new Set<Subscription>();
  nextId = 1;
  #stopped = false;

  constructor(deps: LifecycleDeps) {
    this.#deps = deps;
    this.#expiry = new ExpiryWheel(deps.clock, (sub) => {
      void this.terminate(sub, 'timeout', 'expired'); // RFC 6665 4.2.1.4
    });
    const { clock, logger } = deps;
    this.#unstored = new RareComplaint(clock, (err, times) => {
      logger.error({ err, times }, 'subscriptions cannot be stored and are refused');
    });
    this.#unwritten = new RareComplaint(clock, (err, times) => {
      logger.warn({ err, times }, 'new forms of subscriptions cannot be stored');
    });
    this.#undeleted = new RareComplaint(clock, (err, times) => {
      logger.warn({ err, times }, 'subscriptions that ended cannot be deleted from the store');
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#expiry.stop();
  }

  /** A SUBSCRIBE that passed every step: the answer, at once where nothing has to be on disk before it. */
  accept(draft: Draft): SubscribeAnswer | Promise<SubscribeAnswer> {
    const { sub, expires, channel } = draft;
    if (channel === null) return expires === 0 ? this.#fetch(draft) : this.#birth(draft);
    const { remoteTarget, flow } = channel.dialog;
    const moved = moveDialog(channel.dialog, draft.request.path); // RFC 3261 12.2.2
    // After a restart every usage of the dialog must know where the phone is.
    if (moved) {
      for (const usage of channel.usages) {
        usage.debt = reached(usage.debt);
        this.#deps.store.touchSubscription(toRow(usage));
      }
      // now: what is under way to the old place may fail there before this is answered
      this.#deps.outbox.heard(channel);
    }
    if (sub === null) return this.#birth(draft, () => moveDialog(channel.dialog, { remoteTarget, flow }));
    return expires === 0 ? this.#unsubscribe(draft, sub) : this.#refresh(draft, sub);
  }

  /** The phone asks for other rates in its answer to a NOTIFY (RFC 6446 4.1); an Event without any takes none away. */
  repace(sub: Subscription, params: Readonly<Record<string, string>>): void {
    const left = Math.ceil((sub.expiresAt - this.#deps.clock.now()) / 1000);
    const rate = agreedRate(params, { expires: left, intervalMs: leastIntervalMs(sub.pkg, sub.profile) });
    if (rate === null || sub.ending !== null) return;
    const stored = writeExtra(sub.terms);
    sub.terms = withRate(sub.terms, rate);
    sub.terms?.pace?.begin(sub.lastNotifyAt ?? this.#deps.clock.now());
    if (writeExtra(sub.terms) !== stored) void this.#rewrite(sub);
  }

  /** It is found, counted down and woken from now on. */
  list(sub: Subscription): void {
    this.#deps.roster.add(sub);
    this.#expiry.put(sub);
  }

  /** The last NOTIFY is owed (RFC 6665 4.4.1), and it is gone from everywhere else at once. Resolves when off the disk. */
  terminate(sub: Subscription, reason: EndReason, cause: SubscriptionEnd): Promise<void> {
    sub.ending = reason; // first: who watches the watchers is told why
    const deleted = this.unlist(sub, cause);
    sub.debt = ends(sub.debt);
    this.#deps.outbox.wake(sub.channel);
    return deleted;
  }

  /**
   * Restored after its end, and in no index: its phone may take it for alive, where a refresh of the last moment was lost, and
   * subscribes anew when it hears (RFC 6665 4.1.3, 4.2.2). Who has done so by now hears nothing of the old one.
   */
  lapse(sub: Subscription): void {
    const { roster, outbox } = this.#deps;
    const { channel, expiresAt } = sub;
    roster.giveBack(sub);
    this.#ended(sub, 'expired');
    void this.deleteRow(sub.id);
    const isBack = roster.twins(sub).some(({ createdAt }) => createdAt >= expiresAt);
    if (isBack || channel.usages.some((other) => isSuccessor(other, sub))) {
      outbox.discard(sub);
      return;
    }
    sub.debt = ends(sub.debt);
    outbox.wake(channel);
  }

  /** Gone without a word to its phone. */
  vanish(sub: Subscription, cause: SubscriptionEnd): void {
    void this.unlist(sub, cause);
    this.#deps.outbox.discard(sub);
  }

  /** Out of the indexes and the store; what it owes still goes out. Never rejects. */
  unlist(sub: Subscription, cause: SubscriptionEnd): Promise<void> {
    const { roster } = this.#deps;
    this.#expiry.remove(sub); // first: a refresh may have put it there before its row was on disk
    if (!roster.remove(sub)) return Promise.resolve();
    roster.giveBack(sub);
    this.untold.delete(sub);
    this.#ended(sub, cause);
    return this.deleteRow(sub.id);
  }

  #began(sub: Subscription, expires: number): void {
    const { logger, meters } = this.#deps;
    meters?.births.add(sub.pkg.event);
    // the name of a flow is not made for nobody: 10,000 phones may come at once
    if (logger.verbose === true) logger.debug({ ...facts(sub), expires }, 'subscription began');
  }

  /** What phones do all day long is for who looks closely; what an admin may have to look after is for everybody. */
  #ended(sub: Subscription, cause: SubscriptionEnd): void {
    const { logger, meters, clock } = this.#deps;
    meters?.endings.add(sub.pkg.event, cause);
    const isUsual = cause === 'ended' || cause === 'replaced';
    if (isUsual && logger.verbose !== true) return;
    const seconds = Math.max(Math.round((clock.now() - sub.createdAt) / 1000), 0);
    const fields = { ...facts(sub), cause, status: sub.lastStatus, seconds, notifies: sub.notifies };
    if (isUsual) logger.debug(fields, 'subscription ended');
    else logger.info(fields, 'subscription ended');
  }

  /** A row that stays costs one NOTIFY after the next start, which its phone answers with 481. Never rejects. */
  deleteRow(id: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return this.#deps.store.deleteSubscription(id).catch((error: unknown) => this.#undeleted.say(error));
  }

  /** RFC 6665 4.4.3: state once, nothing kept. */
  #fetch(draft: Draft): SubscribeAnswer {
    const sub = this.#drafted(draft, 0);
    sub.ending = 'timeout';
    sub.debt = ends(sub.debt);
    if (this.#hasState(draft, sub)) sub.debt = { ...sub.debt, scope: noState };
    this.#deps.outbox.attach(sub);
    return this.#granted(draft, sub);
  }

  /** `moveBack`: undoes what its dialog was told already, where it cannot be stored. */
  #birth(draft: Draft, moveBack: () => void = stayed): Promise<SubscribeAnswer> {
    const { outbox, roster, store } = this.#deps;
    const sub = this.#drafted(draft, this.nextId++);
    // In an old dialog it is there from now on, so that the dialog cannot end meanwhile; it owes nothing yet.
    if (draft.channel !== null) outbox.attach(sub);
    roster.take(sub);
    const { localCseqLimit } = sub.channel.dialog;
    return store.putSubscription(toRow(sub)).then(
      () => this.#born(draft, sub, localCseqLimit),
      (error: unknown) => {
        this.#unstored.say(error);
        roster.giveBack(sub);
        moveBack();
        if (draft.channel !== null) {
          outbox.discard(sub);
          outbox.wake(sub.channel); // what this SUBSCRIBE has overtaken is still owed
        }
        return { status: 503, headers: [['Retry-After', '30']] };
      },
    );
  }

  /** Its row is on disk. `storedCseqLimit`: the one in that row. */
  #born(draft: Draft, sub: Subscription, storedCseqLimit: number): SubscribeAnswer | Promise<SubscribeAnswer> {
    const { outbox, roster, numbers } = this.#deps;
    if (draft.channel !== null && isOver(sub)) {
      // The phone ended it meanwhile, before it was in any index: what is left is its place and its row.
      roster.giveBack(sub);
      return this.deleteRow(sub.id).then(() => ({ status: 200, expires: draft.expires }));
    }
    if (draft.channel === null) outbox.attach(sub);
    else {
      if (sub.channel.dialog.localCseqLimit !== storedCseqLimit) numbers.reserve([sub]);
      outbox.succeed(sub);
    }
    this.#supersede(sub);
    this.list(sub);
    this.#began(sub, draft.expires);
    sub.debt = asked(sub.debt, this.#hasState(draft, sub) ? noState : 'full');
    return this.#granted(draft, sub);
  }

  #refresh(draft: Draft, sub: Subscription): SubscribeAnswer | Promise<SubscribeAnswer> {
    const { clock, profileFor, store } = this.#deps;
    sub.granted = draft.expires;
    sub.expiresAt = clock.now() + draft.expires * 1000;
    sub.profile = profileFor(sub.userAgent);
    this.#expiry.put(sub);
    const { terms, contentType } = sub;
    sub.terms = termsAsked(draft, sub.profile, terms);
    sub.contentType = draft.contentType;
    const scope = tellScope(draft);
    const hasState = this.#hasState(draft, sub);
    // `*` says nothing of the state that the phone has: what changed while nobody ran is still owed.
    if (scope === 'full' && !(hasState && draft.request.suppressIfMatch === '*')) this.untold.delete(sub);
    // No NOTIFY follows from which rates could count, if they are new or have outlived a restart.
    if (hasState) sub.terms?.pace?.begin(sub.lastNotifyAt ?? clock.now());
    sub.debt = hasState ? spared(sub.debt) : asked(sub.debt, scope);
    const answer = hasState ? this.#spared(draft, sub) : this.#granted(draft, sub);
    if (sub.contentType === contentType && writeExtra(sub.terms) === writeExtra(terms)) {
      store.pulseSubscription(toPulse(sub));
      return answer;
    }
    return this.#rewrite(sub).then(() => answer);
  }

  /** Never rejects: what it agreed on anew holds, and is forgotten by a restart. */
  #rewrite(sub: Subscription): Promise<void> {
    return this.#deps.store.putSubscription(toRow(sub)).catch((error: unknown) => this.#unwritten.say(error));
  }

  /** RFC 6665 4.2.1.4: Expires 0 in the dialog. */
  #unsubscribe(draft: Draft, sub: Subscription): Promise<SubscribeAnswer> {
    const hasState = this.#hasState(draft, sub);
    sub.ending = 'timeout';
    const deleted = this.unlist(sub, 'ended');
    sub.granted = 0;
    sub.expiresAt = this.#deps.clock.now();
    sub.debt = nothingOwed; // until the answer: no NOTIFY of before may come between
    return deleted.then(() => {
      if (hasState) {
        this.#deps.outbox.discard(sub);
        this.#deps.outbox.wake(sub.channel);
        return { status: 204, expires: 0 };
      }
      sub.debt = ends(sub.debt); // told to nobody where the phone has subscribed anew meanwhile
      return this.#granted(draft, sub);
    });
  }

  /**
   * The 200: no NOTIFY before it, nor before the verdicts on what the phone wished with it. It leaves in this turn of the
   * event loop, so only verdicts need a hold and its timer.
   */
  #granted(draft: Draft, sub: Subscription): SubscribeAnswer {
    const { outbox, clock, grant, logger } = this.#deps;
    const { expires, phone } = draft;
    const { channel } = sub;
    outbox.heard(channel);
    if (phone === null || phone.wishes.length === 0) {
      const after = () => outbox.afterAnswer(channel);
      if (listTermsOf(sub) === null) return { status: 200, expires, after };
      return { status: 200, expires, headers: requireEventlist, after };
    }
    const { wishes } = phone;
    sub.debt = held(sub.debt, clock.now() + Math.min(verdictMs * wishes.length, longestHoldMs));
    outbox.flush(channel); // sets the timer for the case that a verdict never comes
    const release = () => {
      sub.debt = released(sub.debt);
      outbox.flush(channel);
    };
    return { status: 200, expires, after: () => void putWishes(wishes, draft, grant, logger).then(release) };
  }

  /** RFC 5839 6.3: the phone has what a NOTIFY would say. What else it is owed still comes. */
  #spared({ expires }: Draft, { channel }: Subscription): SubscribeAnswer {
    const { outbox } = this.#deps;
    outbox.heard(channel);
    return { status: 204, expires, after: () => outbox.afterAnswer(channel) };
  }

  /** RFC 5839 6: the condition of the SUBSCRIBE is met. A body asks for more than the state, and gets its answer. */
  #hasState({ request, phone }: Draft, sub: Subscription): boolean {
    const { suppressIfMatch } = request;
    if (suppressIfMatch === null || phone !== null) return false;
    const tag = this.#deps.outbox.entityTag(sub);
    return tag !== null && (suppressIfMatch === '*' || suppressIfMatch === tag);
  }

  #drafted(draft: Draft, id: number): Subscription {
    const { clock, profileFor } = this.#deps;
    return newSubscription(draft, id, clock.now(), profileFor(draft.request.userAgent));
  }

  /**
   * The same phone's older subscription goes without a word into its dead dialog; one that may be its other key is told
   * everything, so that a phone which has forgotten that dialog can say so (481).
   */
  #supersede(sub: Subscription): void {
    const { roster, clock, outbox } = this.#deps;
    for (const twin of roster.twins(sub)) {
      if (isReplaceable(twin, sub.channel.dialog.flow, clock.now())) this.vanish(twin, 'replaced');
      else {
        twin.debt = asked(twin.debt, 'full');
        outbox.wake(twin.channel);
      }
    }
  }
}

/** Who watches what, and from where; one form for both ends of its life. */
function facts({ id, aor, pkg, watcher, userAgent, channel }: Subscription): object {
  return { id, aor, event: pkg.event, watcher, from: flowName(channel.dialog.flow), userAgent };
}

/** Ended by a SUBSCRIBE, or dropped by the answer to a NOTIFY. */
function isOver(sub: Subscription): boolean {
  return sub.ending !== null || !sub.channel.usages.includes(sub);
}
