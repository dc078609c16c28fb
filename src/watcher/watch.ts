import type { Aor } from '../model/aor.ts';
import type { Clock, Timer } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { Random } from '../model/random.ts';
import type { HeardNotify, NotifyReply, PhoneAnswer, PhoneDialog, PhonePlace, SubscribeSender } from '../sip/front.ts';
import { afterRefusal, afterTermination, endsSubscription, type Sequel } from './endings.ts';
import type { Turns } from './turns.ts';
import { Waits } from './waits.ts';

/** RFC 6665 4.1.2.4: 64*T1; ms. */
const timerN = 32_000;
/** Refusals of an address that stand as long as the contact does. */
const hopeless: ReadonlySet<string> = new Set([
  'uri-malformed',
  'address-forbidden',
  'scheme',
  'transport-unknown',
  'host-invalid',
]);
/** Asked for again at once, without a pause, only so often; ms. */
const patienceMs = 60_000;
/** Where a phone sent us away for a while and does not say how long; seconds. */
const shortPause = 60;
/** A least interval beyond this is not asked for; seconds. */
const longestInterval = 86_400;

export interface WatchTools {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly sender: SubscribeSender;
  /** First SUBSCRIBEs take their turn: a building full of phones registers in one second. */
  readonly turns: Turns;
}

/** One package of one phone. */
export interface WatchPlan {
  readonly aor: Aor;
  readonly place: PhonePlace;
  readonly event: string;
  readonly accept: readonly string[];
  /** Seconds. */
  readonly expires: number;
  readonly proof: 'address' | 'digest';
  /** What the phone says; `askAgain`: its document is not enough, everything is wanted. */
  readonly hear: (notify: HeardNotify, source: string, askAgain: () => void) => NotifyReply;
  /** What it said holds no longer. */
  readonly silenced: () => void;
}

/** One dialog, from its first SUBSCRIBE on. */
interface Leg {
  readonly dialog: PhoneDialog;
  /** A 2xx or a NOTIFY has come. */
  alive: boolean;
  readonly bornAt: number;
  /** Our SUBSCRIBE is under way. */
  asking: boolean;
  /** Ask again as soon as that has been answered. */
  again: boolean;
  /** No more is wanted. */
  leaving: boolean;
  /** A NOTIFY has come since the last SUBSCRIBE left, and said how long it holds; ms since the epoch. */
  toldUntil: number | null;
  until: number;
  noNotify: Timer | null;
  refresh: Timer | null;
  expiry: Timer | null;
  /** Called when it is over. */
  left: (() => void) | null;
}

/** `new`: not started. */
export type WatchState = 'new' | 'asking' | 'watching' | 'waiting' | 'over';

/** A subscription of ours at one phone (RFC 6665 4.1), through as many dialogs as it takes, one at a time. */
export class Watch {
  readonly #tools: WatchTools;
  readonly #plan: WatchPlan;
  readonly #waits: Waits;
  #expires: number;
  #leg: Leg | null = null;
  #retry: Timer | null = null;
  #state: WatchState = 'new';
  #why: string | null = null;
  #ended = false;
  #askedAtOnceAt = Number.NEGATIVE_INFINITY;

  constructor(plan: WatchPlan, tools: WatchTools) {
    this.#plan = plan;
    this.#tools = tools;
    this.#waits = new Waits(tools.random);
    this.#expires = plan.expires;
  }

  get state(): WatchState {
    return this.#state;
  }

  /** Why it is not watching; null: it is, or has only begun. */
  get why(): string | null {
    return this.#why;
  }

  /** `udp:192.0.2.1:5060`; null: not known at the moment. */
  get source(): string | null {
    return this.#leg?.dialog.source ?? null;
  }

  /** Milliseconds since the epoch; null: it is not watching. */
  get until(): number | null {
    return this.#state === 'watching' ? (this.#leg?.until ?? null) : null;
  }

  start(): void {
    if (this.#state === 'new') void this.#ask();
  }

  /** Unsubscribes. Resolves with the phone's last NOTIFY, or when none can come any more (Timer N at the latest). */
  end(): Promise<void> {
    if (this.#ended) return Promise.resolve();
    this.#ended = true;
    this.#retry?.cancel();
    this.#state = 'over';
    this.#plan.silenced();
    const leg = this.#leg;
    if (leg === null) return Promise.resolve();
    leg.leaving = true;
    leg.refresh?.cancel();
    return new Promise((resolve) => {
      leg.left = resolve;
      // RFC 6665 4.1.2.3: within the dialog, so not before there is one
      if (!leg.asking) void this.#send(leg);
    });
  }

  /** Forgets it all without a word. */
  abandon(): void {
    this.#ended = true;
    this.#state = 'over';
    this.#retry?.cancel();
    if (this.#leg !== null) this.#drop(this.#leg);
  }

  async #ask(): Promise<void> {
    const { aor, place, event, proof } = this.#plan;
    const { clock, sender, turns } = this.#tools;
    this.#state = 'asking';
    await turns.run(async () => {
      if (this.#ended) return;
      const opened = await sender.open({ aor, place, event, proof, hear: (notify) => this.#heard(leg, notify) });
      if (!opened.ok) {
        const { code, message } = opened.refusal;
        this.#follow(hopeless.has(code) ? 'never' : 'later', message);
        return;
      }
      const leg = newLeg(opened.value, clock.now());
      if (this.#ended) {
        sender.close(leg.dialog);
        return;
      }
      this.#leg = leg;
      await this.#send(leg);
    });
  }

  /** A first SUBSCRIBE, a refresh, or the last one. */
  async #send(leg: Leg): Promise<void> {
    const { event, accept } = this.#plan;
    const { clock, sender } = this.#tools;
    const expires = leg.leaving ? 0 : this.#expires;
    leg.asking = true;
    leg.again = false;
    leg.toldUntil = null;
    leg.refresh?.cancel();
    leg.refresh = null;
    leg.noNotify?.cancel();
    leg.noNotify = clock.after(timerN, () => this.#unheard(leg));
    const answer = await sender.subscribe(leg.dialog, { event, expires, accept });
    leg.asking = false;
    if (this.#leg !== leg) return; // the phone ended it meanwhile
    if (expires === 0) this.#left(leg, answer);
    else if (answer.status >= 200 && answer.status <= 299) this.#accepted(leg, answer, expires);
    else this.#refused(leg, answer, expires);
  }

  #accepted(leg: Leg, { status, expires }: PhoneAnswer, asked: number): void {
    const now = this.#tools.clock.now();
    // RFC 6665 4.2.1.1: never longer than asked. What a NOTIFY said meanwhile is the newer word, where it is shorter.
    const until = now + Math.min(expires ?? asked, asked) * 1000;
    leg.alive = true;
    if (status === 204) leg.noNotify?.cancel(); // RFC 5839 6.3: there will be none
    this.#holds(leg, Math.min(until, leg.toldUntil ?? until));
    if (leg.leaving) void this.#send(leg);
    else if (leg.again) this.#askForAll(leg);
  }

  #refused(leg: Leg, answer: PhoneAnswer, asked: number): void {
    const { status, minExpires, retryAfter } = answer;
    const why = `SUBSCRIBE was answered ${status}`;
    if (status === 423 && minExpires !== null && minExpires > asked && minExpires <= longestInterval) {
      this.#expires = minExpires; // RFC 6665 4.1.2.1
      if (leg.leaving) this.#drop(leg);
      else if (leg.alive && this.#mayAskAtOnce()) void this.#send(leg);
      else if (leg.alive)
        this.#tryAgain(leg, retryAfter); // it wants a little more each time
      else {
        this.#drop(leg);
        this.#follow('now', why);
      }
      return;
    }
    const isBorn = leg.alive;
    if (isBorn && !endsSubscription(status) && afterRefusal(status) === 'later') {
      leg.noNotify?.cancel();
      if (leg.leaving) {
        void this.#send(leg);
        return;
      }
      this.#tryAgain(leg, retryAfter);
      return;
    }
    this.#drop(leg);
    // A phone that knows nothing of it any more was restarted.
    this.#follow(isBorn && status === 481 ? 'now' : afterRefusal(status), why, retryAfter);
  }

  /** RFC 6665 4.1.2.2: it stands until it runs out, and meanwhile we try again. */
  #tryAgain(leg: Leg, retryAfter: number | null): void {
    leg.noNotify?.cancel();
    const wait = this.#waits.next(retryAfter);
    leg.refresh = this.#tools.clock.after(wait, () => void this.#send(leg));
  }

  /** At once, but not without pause where a phone never tells everything. */
  #askForAll(leg: Leg): void {
    if (this.#mayAskAtOnce()) {
      void this.#send(leg);
      return;
    }
    const now = this.#tools.clock.now();
    const wait = Math.min(this.#askedAtOnceAt + patienceMs - now, (leg.until - now) / 2);
    leg.again = false;
    leg.refresh?.cancel();
    leg.refresh = this.#tools.clock.after(wait, () => void this.#send(leg));
  }

  #mayAskAtOnce(): boolean {
    const now = this.#tools.clock.now();
    if (now - this.#askedAtOnceAt < patienceMs) return false;
    this.#askedAtOnceAt = now;
    return true;
  }

  /** The answer to the last SUBSCRIBE; a last NOTIFY may still come, and is to find the dialog. */
  #left(leg: Leg, { status }: PhoneAnswer): void {
    if (status < 200 || status > 299) this.#drop(leg);
  }

  #heard(leg: Leg, notify: HeardNotify): NotifyReply {
    if (this.#leg !== leg) return { status: 481 };
    const { clock } = this.#tools;
    leg.alive = true;
    const isLast = notify.state === 'terminated';
    const askAgain = () => {
      if (leg.leaving || isLast || this.#leg !== leg) return;
      if (leg.asking) leg.again = true;
      else this.#askForAll(leg);
    };
    if (!leg.leaving || isLast) leg.noNotify?.cancel();
    if (clock.now() - leg.bornAt >= patienceMs) this.#waits.reset(); // one that only comes to go is no success
    const { source } = leg.dialog;
    const reply = leg.leaving ? ok : this.#plan.hear(notify, source, askAgain);
    if (isLast) {
      const { reason, retryAfter } = notify;
      this.#drop(leg);
      this.#follow(afterTermination(reason), `the phone ended it: ${reason ?? 'no reason'}`, retryAfter ?? shortPause);
    } else if (!leg.leaving) {
      const told = notify.expires === null ? null : clock.now() + Math.min(notify.expires, this.#expires) * 1000;
      leg.toldUntil = told ?? leg.toldUntil;
      // Before any 2xx it is all that is known; afterwards RFC 6665 4.1.3: the shorter time counts.
      const known = leg.until === 0 ? clock.now() + this.#expires * 1000 : leg.until;
      this.#holds(leg, Math.min(told ?? known, known));
    }
    return reply;
  }

  /** The subscription stands until then. */
  #holds(leg: Leg, until: number): void {
    const { clock } = this.#tools;
    this.#state = this.#ended ? 'over' : 'watching';
    this.#why = null;
    // What is planned stays: each NOTIFY would put the refresh nearer to the end.
    if (leg.refresh !== null && Math.abs(until - leg.until) < 5_000) return;
    leg.expiry?.cancel();
    leg.until = until;
    const left = Math.max(until - clock.now(), 0);
    leg.expiry = clock.after(left, () => this.#lapsed(leg));
    if (leg.asking || leg.leaving) return;
    leg.refresh?.cancel();
    leg.refresh = clock.after(Math.min(this.#waits.refreshIn(left / 1000), left), () => void this.#send(leg));
  }

  /** Timer N (RFC 6665 4.1.2.4): what is not notified is no subscription. */
  #unheard(leg: Leg): void {
    this.#drop(leg);
    this.#follow('later', 'no NOTIFY came');
  }

  #lapsed(leg: Leg): void {
    this.#drop(leg);
    this.#follow('later', 'it ran out and could not be refreshed');
  }

  #drop(leg: Leg): void {
    for (const timer of [leg.noNotify, leg.refresh, leg.expiry]) timer?.cancel();
    this.#tools.sender.close(leg.dialog);
    leg.left?.();
    if (this.#leg !== leg) return;
    this.#leg = null;
    if (!this.#ended) this.#plan.silenced();
  }

  #follow(sequel: Sequel, why: string, retryAfter: number | null = null): void {
    const { clock, logger } = this.#tools;
    if (this.#ended) return;
    const { aor, event, place } = this.#plan;
    this.#why = why;
    if (sequel === 'never') {
      this.#state = 'over';
      logger.debug(
        { aor, event, phone: place.uri, why },
        'this phone is not watched: it is asked again when it registers anew',
      );
      return;
    }
    logger.debug({ aor, event, phone: place.uri, why, sequel }, 'a phone is asked again');
    if (sequel === 'now' && this.#mayAskAtOnce()) {
      void this.#ask();
      return;
    }
    this.#state = 'waiting';
    this.#retry = clock.after(this.#waits.next(sequel === 'now' ? null : retryAfter), () => void this.#ask());
  }
}

const ok: NotifyReply = { status: 200 };

function newLeg(dialog: PhoneDialog, bornAt: number): Leg {
  return {
    dialog,
    bornAt,
    alive: false,
    asking: false,
    again: false,
    leaving: false,
    toldUntil: null,
    until: 0,
    noNotify: null,
    refresh: null,
    expiry: null,
    left: null,
  };
}
