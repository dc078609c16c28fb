import type { Body, Scope } from '../event-packages/event-package.ts';
import type { Aor } from '../model/aor.ts';
import type { Clock } from '../model/clock.ts';
import type { Meters, NotifyFate, SubscriptionEnd } from '../model/meters.ts';
import { type DialogState, isSameFlow } from '../sip/dialog.ts';
import type { NotifyMessage, NotifyResult, SubscriptionStateHeader } from '../sip/front.ts';
import { judge } from './answer.ts';
import { Documents, type DocumentTools, noDocument } from './documents.ts';
import { listTermsOf } from './list-terms.ts';
import type { Numbers } from './numbers.ts';
import { leastIntervalMs } from './rate.ts';
import type { Channel, Flight, Subscription } from './record.ts';
import {
  changed,
  due,
  joinScopes,
  missed,
  noState,
  owedAgain,
  paid,
  restOfScope,
  sent,
  setBack,
  told,
} from './subscription.ts';
import type { Head } from './subscription-render.ts';
import { Turns } from './turns.ts';

/**
 * How long a phone that is heard is given to answer the NOTIFY before, until the next one overtakes it; milliseconds. The
 * first retransmission (T1, 0.5 s) is unanswered then, and the second about to go.
 */
const patienceMs = 1_400;

export interface OutboxDeps extends DocumentTools {
  readonly clock: Clock;
  readonly numbers: Numbers;
  /** Runs a task after the sockets were read. */
  readonly defer: (task: () => void) => void;
  /** The phone ended it by its answer (RFC 6665 4.2.2); it is out of the outbox already. */
  readonly onDropped: (sub: Subscription, cause: SubscriptionEnd) => void;
  /** The phone's answer has an Event header, which may ask for other rates (RFC 6446 4.1). */
  readonly onRate: (sub: Subscription, params: Readonly<Record<string, string>>) => void;
  /** What the phone was last shown is different. */
  readonly onShown: (sub: Subscription) => void;
  /** Where it counts; default: it does not. */
  readonly meters?: Pick<Meters, 'notifies' | 'notifySeconds'> | undefined;
}

/**
 * Sends what the debts say: one NOTIFY in flight per dialog, rendered when it leaves, in slices where many are due at
 * once. It knows no index and no store.
 */
export class Outbox {
  readonly #deps: OutboxDeps;
  #stopped = false;
  readonly #documents: Documents;
  readonly #turns: Turns;

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
    this.#documents = new Documents(deps);
    const { clock, defer, sender } = deps;
    const crowded = () => sender.crowded === true;
    this.#turns = new Turns({ clock, defer, crowded, serve: (channel) => this.flush(channel) });
  }

  /** The subscriptions of a dialog; null for a dialog without any. */
  find(dialog: DialogState): Channel | null {
    return dialog.note as Channel | null;
  }

  attach(sub: Subscription): void {
    const { channel } = sub;
    channel.dialog.note = channel;
    // the one literal that takes room for one: `push` and a spread take it for 17
    channel.usages = channel.usages.length === 0 ? [sub] : [...channel.usages, sub];
  }

  /** Takes it out without a word; its dialog goes with the last one, after a NOTIFY under way has ended. */
  discard(sub: Subscription): void {
    const { channel } = sub;
    channel.usages = channel.usages.filter((other) => other !== sub);
    if (sub.version > channel.firstVersion) channel.firstVersion = sub.version;
    this.#deps.numbers.remember(channel);
    this.#settle(channel);
  }

  /**
   * A subscription takes the place of one that the phone has ended in this dialog: the end of that is told no more, for behind
   * the 200 of the new one it would be taken for its end. One that is under way left before that 200.
   */
  succeed(young: Subscription): void {
    const { channel } = young;
    for (const old of channel.usages) {
      const isWaiting = old.ending !== null && channel.flight?.sub !== old;
      if (isWaiting && isSuccessor(young, old)) this.discard(old);
    }
  }

  /** Sends what is due in this dialog now. */
  flush(channel: Channel): void {
    if (this.#stopped) return;
    if (channel.flight?.urgent === true) this.#overtake(channel, channel.flight);
    if (channel.flight !== null) return;
    let soonest = Number.POSITIVE_INFINITY;
    for (const sub of channel.usages) {
      let at = dueAt(sub);
      if (at === Number.POSITIVE_INFINITY) continue;
      const now = this.#deps.clock.now();
      if (at > now) at = dueAgain(sub, now);
      if (at <= now) {
        // RFC 6446 7.1: told again, though nothing is new: no change, of which a package may say nothing
        if (sub.debt.scope === null) sub.debt = { ...changed(sub.debt, []), occasion: 'initial' };
        this.#turns.at(channel, Number.POSITIVE_INFINITY);
        this.#send(sub, now);
        return;
      }
      soonest = Math.min(soonest, at);
    }
    this.#turns.at(channel, soonest);
  }

  /**
   * Its SUBSCRIBE has been answered. While many others wait for their answers they come first, or each would be repeated
   * after 0.5 s (RFC 3261 17.1.2.2, T1): 10,000 answers take nearly that.
   */
  afterAnswer(channel: Channel): void {
    if (this.#deps.sender.crowded === true) this.wake(channel);
    else this.flush(channel);
  }

  /** Like `flush`, in its turn: changes of one turn of the event loop become one NOTIFY, and input is not starved. */
  wake(channel: Channel): void {
    if (channel.flight === null) this.#turns.take(channel);
  }

  /**
   * The phone is heard, and waits for its NOTIFY: one that is still under way to its old place, or has been unanswered for
   * long, is not waited for, and any other not much longer. Timer F would keep the phone in the dark for 32 s.
   */
  heard(channel: Channel): void {
    const { flight } = channel;
    if (flight === null) return;
    flight.urgent = true;
    this.#overtake(channel, flight);
  }

  /** Where it is time; else when it is. */
  #overtake(channel: Channel, flight: Flight): void {
    const sentAt = flight.sub.lastNotifyAt ?? 0;
    if (isSameFlow(flight.flow, channel.dialog.flow) && this.#deps.clock.now() < sentAt + patienceMs) {
      this.#turns.at(channel, sentAt + patienceMs);
      return;
    }
    channel.flight = null;
    flight.over = true;
    const { sub } = flight;
    this.#deps.meters?.notifies.add(sub.pkg.event, 'overtaken');
    if (!channel.usages.includes(sub)) {
      this.#settle(channel);
      return;
    }
    if (sub.ending !== null && channel.usages.some((other) => isSuccessor(other, sub))) {
      // its end, told once more, would be taken for that of the new one
      this.discard(sub);
      return;
    }
    sub.debt = owedAgain(sub.debt, flight.covers, flight.occasion);
    this.#showed(sub, mayShow(sub.shown, flight.shown));
  }

  /** Sends nothing more; answers that still come are ignored. */
  stop(): void {
    this.#stopped = true;
    this.#turns.stop();
  }

  #send(sub: Subscription, now: number): void {
    const { channel, debt } = sub;
    const { dialog } = channel;
    const isList = listTermsOf(sub) !== null;
    const view = this.#deps.state.view(sub.aor);
    const scope = debt.scope ?? 'full';
    const stateless = scope !== 'full' && scope.length === 0; // RFC 5839 6.2: the phone has the state
    const final = debt.occasion === 'final';
    const { event } = sub.pkg;
    const head: Head = { event, eventId: sub.eventId, subscription: stateHeader(sub, now) };
    this.#deps.numbers.secure(sub);
    const rendered = this.#documents.rendered(view, sub, stateless ? 'full' : scope, head);
    if (rendered.bodies.length === 0 && debt.occasion === 'change') {
      sub.debt = paid(debt);
      this.flush(channel);
      return;
    }
    const bodies = stateless ? withoutState : rendered.bodies;
    const body = bodies[0] ?? noDocument;
    // RFC 6665 4.4.1: the last NOTIFY is one. Elsewhere the others go one by one, each as soon as it may.
    const rest = final || bodies.length <= 1 ? null : coveredBy(bodies.slice(1));
    sub.debt = sent(debt, now, rest === 'full' ? null : restOfScope(rest, body.covers));
    sub.version += 1; // RFC 6665 5.3.2
    sub.lastNotifyAt = now;
    sub.lastStatus = null;
    sub.notifies += 1;
    sub.terms?.pace?.sent(now, debt.haste === 'run');
    const flight: Flight = {
      sub,
      occasion: debt.occasion,
      covers: isList ? 'full' : rest === null ? scope : body.covers, // RFC 4662 5.2: no gap before a partial list
      shown: rendered.shown,
      flow: dialog.flow,
      urgent: false,
      over: false,
    };
    channel.flight = flight;
    if (channel.usages.length > 1) channel.usages = [...channel.usages.filter((other) => other !== sub), sub];
    const { eventId, subscription } = head;
    const headers = this.#documents.headers(view, sub);
    const { contentType, content, eventParams } = body;
    const plain = { event, eventId, subscription, headers, contentType, content, awaited: flight };
    const message = final && channel.usages.length > 1 ? { ...plain, dialogLives: true } : plain;
    if (eventParams !== undefined) {
      this.#transmit(channel, flight, { ...message, eventParams });
      return;
    }
    this.#transmit(channel, flight, message);
  }

  #transmit(channel: Channel, flight: Flight, message: NotifyMessage): void {
    const answered = (result: NotifyResult) => {
      try {
        this.#answered(channel, flight, result);
      } catch (error) {
        this.#deps.logger.error({ err: error, id: flight.sub.id }, 'the answer to a NOTIFY could not be used');
      }
    };
    const failed = (error: unknown) => answered(this.#failed(flight.sub, error));
    try {
      // one `then` for both: each promise of a chain costs as much as a Map look-up
      void this.#deps.sender.notify(channel.dialog, message).then(answered, failed);
    } catch (error) {
      queueMicrotask(() => failed(error)); // never before the caller is done
    }
  }

  /** As `Documents.entityTag`. */
  entityTag(sub: Subscription): string | null {
    return this.#documents.entityTag(sub);
  }

  /** As `Documents.imprint`. */
  imprint(sub: Subscription, aors: readonly Aor[]): string {
    return this.#documents.imprint(sub, aors);
  }

  #failed(sub: Subscription, error: unknown): NotifyResult {
    this.#deps.logger.error({ err: error, id: sub.id }, 'a NOTIFY failed within Lamplighter');
    return { status: 500, local: true, retryAfter: null };
  }

  #answered(channel: Channel, flight: Flight, result: NotifyResult): void {
    if (this.#stopped || channel.flight !== flight) return;
    channel.flight = null;
    const { sub } = flight;
    this.#count(sub, result);
    if (channel.usages.includes(sub)) this.#judge(sub, flight, result);
    this.#settle(channel);
    this.flush(channel);
  }

  #count({ pkg, lastNotifyAt }: Subscription, result: NotifyResult): void {
    const { meters, clock } = this.#deps;
    if (meters === undefined) return;
    meters.notifies.add(pkg.event, fateOf(result));
    if (lastNotifyAt !== null && !result.local) {
      meters.notifySeconds.get(pkg.event)?.add(Math.max(clock.now() - lastNotifyAt, 0) / 1000);
    }
  }

  #judge(sub: Subscription, flight: Flight, result: NotifyResult): void {
    sub.lastStatus = result.status;
    if (result.eventParams != null) this.#deps.onRate(sub, result.eventParams);
    const { timeouts, errors } = sub.debt;
    const stream = flight.flow.transport !== 'udp' && !this.#deps.sender.reachable?.(sub.channel.dialog);
    const sequel = judge(result, { timeouts, errors, forgiven: sub.profile.notifyTimeouts, stream });
    if (sequel.next === 'drop') {
      for (const lost of sequel.whole ? [...sub.channel.usages] : [sub]) this.#drop(lost, result.status);
      return;
    }
    if (flight.occasion === 'final') {
      this.discard(sub);
      return;
    }
    if (sequel.next === 'told') sub.debt = told(sub.debt);
    else sub.debt = missed(sub.debt, this.#deps.clock.now(), flight.covers, flight.occasion, sequel);
    this.#showed(sub, sequel.next === 'told' ? flight.shown : mayShow(sub.shown, flight.shown));
  }

  #drop(sub: Subscription, status: number): void {
    this.discard(sub);
    if (sub.ending === null) this.#deps.onDropped(sub, status === 408 ? 'unanswered' : 'refused');
  }

  #showed(sub: Subscription, shown: readonly string[]): void {
    if (shown.length === sub.shown.length && shown.every((id, index) => id === sub.shown[index])) return;
    sub.shown = shown;
    if (sub.ending === null) this.#deps.onShown(sub);
  }

  /** RFC 6665 4.4.1: the dialog lives until the last NOTIFY of its last subscription has ended. */
  #settle(channel: Channel): void {
    if (channel.usages.length > 0 || channel.flight !== null) return;
    if (channel.dialog.note !== channel) return;
    channel.dialog.note = null;
    this.#turns.at(channel, Number.POSITIVE_INFINITY);
    this.#deps.sender.release(channel.dialog);
  }
}

/** Clock time at which this subscription's next NOTIFY goes; Infinity: none is to go. */
function dueAt({ debt, pkg, profile, terms }: Subscription): number {
  const at = due(debt, leastIntervalMs(pkg, profile));
  if (terms === null || terms.pace === null) return at;
  if (debt.scope === null) return debt.holds > 0 ? at : terms.pace.latest;
  return debt.haste === 'asked' ? at : Math.max(at, terms.pace.earliest); // RFC 6446 5.2
}

/** The same where the clock may have been set back since: nobody waits for a time of before to come once more. */
function dueAgain(sub: Subscription, now: number): number {
  sub.debt = setBack(sub.debt, now);
  sub.terms?.pace?.setBack(now);
  return dueAt(sub);
}

/** To the phone they are one subscription (RFC 6665 4.5.2). */
export function isSuccessor(young: Subscription, old: Subscription): boolean {
  return young.ending === null && young.pkg === old.pkg && young.eventId === old.eventId;
}

function fateOf({ status, local }: NotifyResult): NotifyFate {
  if (status >= 200 && status < 300) return 'ok';
  if (status === 408) return 'timeout';
  if (local) return 'unsent';
  return status === 404 || status === 410 || status === 481 ? 'gone' : 'refused';
}

/** What all of them are about; null: there are none. */
function coveredBy(bodies: readonly Body[]): Scope | null {
  return bodies.reduce<Scope | null>((sum, { covers }) => joinScopes(sum, covers), null);
}

const withoutState: readonly [Body] = [{ ...noDocument, covers: noState }];

/** Dialogs one phone may remember; more are never alive at once (security.md 5). */
const mostShown = 100;

/** A NOTIFY without a 2xx may have been seen or not: the phone may show what either document said. */
function mayShow(before: readonly string[], sent: readonly string[]): readonly string[] {
  return [...new Set([...before, ...sent])].slice(-mostShown);
}

function stateHeader(sub: Subscription, now: number): SubscriptionStateHeader {
  if (sub.ending !== null) return { state: 'terminated', reason: sub.ending };
  const left = Math.ceil((sub.expiresAt - now) / 1000);
  const expires = Math.max(Math.min(left, sub.granted), 0); // RFC 6665 4.2.2
  const pace = sub.terms?.pace ?? null;
  return pace === null ? { state: 'active', expires } : { state: 'active', expires, params: pace.params };
}
