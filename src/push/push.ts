import type { Body, Scope } from '../event-packages/event-package.ts';
import type { Aor } from '../model/aor.ts';
import type { Clock, Timer } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { Outcome, Refusal } from '../model/outcome.ts';
import type { NotifiedPhone, PhoneNotice } from '../model/phone-notice.ts';
import type { PushView } from '../model/push-view.ts';
import type { Grid } from '../model/tally.ts';
import type { Change, LinkView, ResourceView } from '../model/views.ts';
import { isNews } from '../notifier/news.ts';
import { joinScopes, restOfScope } from '../notifier/subscription.ts';
import { Complaints } from './complaints.ts';
import { Documents, type DocumentTools } from './documents.ts';
import type { Debt, Lane } from './lane.ts';
import { Pacer } from './pacer.ts';
import { Phones } from './phones.ts';
import type { PushRule } from './rules.ts';

/** The truth, as it is pushed. */
export interface PushState {
  view(aor: Aor): ResourceView;
  /** False: the PBX certainly has no such extension or lamp. */
  has(aor: Aor): boolean;
  onChange(listener: (change: Change) => void): () => void;
  onLink(listener: (link: LinkView) => void): () => void;
}

/** The PBXs, as ways to phones. */
export interface PushWays {
  /** The PBX that has this user; null: none. */
  ownerOf(phone: Aor): string | null;
  /** As `PbxAdapter.notifyPhones`; null: the PBX that has this user cannot. */
  send(phone: Aor, notice: PhoneNotice, deadlineMs: number): Promise<Outcome<readonly NotifiedPhone[]>> | null;
  /** Phones subscribe to this package at the PBX itself, which tells them. */
  tellsItself(phone: Aor, event: string): boolean;
  /** A phone of this user is told of the resource by a subscription that it has here. */
  isTold(phone: Aor, event: string, resource: Aor): boolean;
}

export interface PushTools extends DocumentTools {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly rules: readonly PushRule[];
  readonly state: PushState;
  readonly ways: PushWays;
  /** Counts attempts, by package and by `ok` or the code of the refusal; default: nobody counts. */
  readonly counts?: Grid | undefined;
}

const deadlineMs = 5_000;
/** A phone reads the answer to its REGISTER first, and a PBX that is back may not be in step yet. */
const settleMs = 1_000;
/** COMPAT(Asterisk): two NOTIFYs at once are sent by two threads, and may pass each other. */
const gapMs = 100;
/** From one NOTIFY to the next at one PBX, all phones together. */
const pbxPauseMs = 20;
/** After attempts that the PBX did not answer; then the next change or repetition is the next one. */
const retriesMs: readonly number[] = [2_000, 8_000, 30_000];
const sweepMs = 15_000;
/** Its link, when it is up again, comes first. */
const awayMs = 30_000;

/**
 * Tells phones that cannot subscribe here: as NOTIFYs outside of any dialog, by way of their PBX. Best effort, as no PBX tells
 * whether a phone took one: what phones have not heard heals with the next registration, repetition or change.
 */
export class Push {
  #tools: PushTools;
  readonly #logger: Logger;
  readonly #phones: Phones;
  readonly #pacers = new Map<string, Pacer<Lane>>();
  readonly #documents: Documents;
  readonly #complaints = new Complaints();
  #deaf: readonly (() => void)[] = [];
  #sweep: Timer | null = null;
  #stopped = false;

  constructor(tools: PushTools) {
    this.#tools = tools;
    this.#logger = tools.logger.child('push');
    this.#documents = new Documents(tools);
    this.#phones = new Phones(tools.rules);
  }

  /** Before the PBXs: what they tell first is who is registered. */
  start(): void {
    const { state, rules } = this.#tools;
    if (rules.length === 0 || this.#deaf.length > 0) return;
    this.#deaf = [state.onChange((change) => this.#changed(change)), state.onLink((link) => this.#linked(link))];
    this.#sweepLater();
  }

  /**
   * Other rules from now on. Phones that are told the same as before notice nothing; the others are told everything, as if they
   * had just registered.
   *
   * @param users who has a phone registered.
   */
  exchange(rules: readonly PushRule[], users: Iterable<Aor>): void {
    this.#tools = { ...this.#tools, rules };
    this.start();
    for (const phone of this.#phones.exchange(rules, users)) this.#tellAll(phone);
  }

  stop(): void {
    this.#stopped = true;
    for (const stop of this.#deaf) stop();
    this.#sweep?.cancel();
    for (const pacer of this.#pacers.values()) pacer.stop();
    for (const lane of this.#phones.all()) lane.timer?.cancel();
  }

  /** Of all users whose phones are registered, or of one. */
  list(aor?: Aor): readonly PushView[] {
    const lanes = aor === undefined ? this.#phones.all() : this.#phones.lanesOf(aor);
    return lanes.map(({ phone, wanted, state, reason, notifies, lastNotifyAt }) => ({
      aor: phone,
      event: wanted.pkg.event,
      state,
      reason,
      notifies,
      lastNotifyAt,
    }));
  }

  #changed(change: Change): void {
    if (change.topic === 'registration') this.#registered(change);
    const aspects = change.topic === 'features' || change.topic === 'agent' ? change.aspects : [];
    for (const lane of this.#phones.watching(change.aor)) {
      const { pkg } = lane.wanted;
      // a hook's wish; lamps are told all the same, or they would lie
      if (!isNews(change, pkg) || (change.quiet === true && pkg.watchers === 'owner')) continue;
      lane.owe(change.aor, { scope: aspects.length > 0 ? aspects : 'full', occasion: 'change' });
      this.#wake(lane);
    }
  }

  /** A phone came, moved or went. */
  #registered({ aor, aspects }: Change): void {
    if (this.#tools.state.view(aor).contacts === 0) {
      this.#phones.remove(aor);
    } else if (this.#phones.lanesOf(aor).length === 0) {
      this.#phones.add(aor);
      this.#tellAll(aor);
    } else if (aspects.includes('contacts')) {
      this.#tellAll(aor);
    }
  }

  /** Everything, whatever the phones know: they may have started again. */
  #tellAll(phone: Aor): void {
    const { clock, ways } = this.#tools;
    const now = clock.now();
    for (const lane of this.#phones.lanesOf(phone)) {
      lane.source = ways.ownerOf(phone) ?? '';
      lane.oweEverything(now);
      lane.rounds += 1;
      lane.failures = 0;
      lane.notBefore = now + settleMs;
      this.#wake(lane);
    }
  }

  /** What a PBX did while it was away nobody knows, its phones' restarts included. */
  #linked({ source, state }: LinkView): void {
    if (state !== 'up') return;
    for (const phone of this.#phones.users()) if (this.#tools.ways.ownerOf(phone) === source) this.#tellAll(phone);
  }

  /** Repeats what was told long ago: a NOTIFY may be lost, a phone may start again without its PBX noticing. */
  #sweepLater(): void {
    this.#sweep = this.#tools.clock.after(sweepMs, () => {
      const now = this.#tools.clock.now();
      for (const lane of this.#phones.all()) {
        const { repeatMs } = lane.wanted.rule;
        // a clock that was set back: then it is long ago too
        if (repeatMs !== null && Math.abs(now - lane.wholeAt) >= repeatMs) {
          lane.oweEverything(now);
          lane.failures = 0;
        }
        this.#wake(lane);
      }
      this.#sweepLater();
    });
  }

  #wake(lane: Lane): void {
    if (this.#stopped || lane.busy || lane.gone || !lane.owes) return;
    if (lane.state !== 'failed') lane.state = 'waiting';
    lane.timer?.cancel();
    lane.timer = null;
    const { clock } = this.#tools;
    const wait = lane.dueAt - clock.now();
    if (wait > 0) {
      lane.timer = clock.after(wait, () => this.#wake(lane));
      return;
    }
    lane.busy = true;
    this.#pacer(lane.source).put(lane, lane.isUrgent);
  }

  #pacer(source: string): Pacer<Lane> {
    const there = this.#pacers.get(source);
    if (there !== undefined) return there;
    const pacer = new Pacer<Lane>(this.#tools.clock, pbxPauseMs, (lane) => {
      void this.#serve(lane);
    });
    this.#pacers.set(source, pacer);
    return pacer;
  }

  /** Never rejects. */
  async #serve(lane: Lane): Promise<void> {
    try {
      await this.#sendNext(lane);
    } catch (error) {
      this.#failed(lane, 'internal');
      this.#complaints.once(`internal ${lane.wanted.pkg.event}`, () =>
        this.#logger.error({ err: error, aor: lane.phone, event: lane.wanted.pkg.event }, 'a push failed'),
      );
    } finally {
      lane.busy = false;
      if (lane.gone) this.#phones.tidy(lane.phone);
      else this.#wake(lane);
    }
  }

  async #sendNext(lane: Lane): Promise<void> {
    const { clock, ways } = this.#tools;
    if (lane.gone) return;
    for (let next = lane.take(clock.now()); next !== null; next = lane.take(clock.now())) {
      const { resource, debt } = next;
      const { pkg } = lane.wanted;
      if (!this.#isWanted(lane, resource)) continue;
      const { bodies, shown } = this.#documents.render(lane, resource, debt);
      const [body, ...others] = bodies;
      if (body === undefined) continue;
      const rest = restOf(body, others);
      const notice = { event: pkg.event, contentType: body.contentType, body: body.content };
      const sending = ways.send(lane.phone, notice, deadlineMs);
      lane.lastNotifyAt = clock.now();
      const { rounds } = lane;
      const outcome = sending === null ? null : await sending;
      if (this.#stopped || lane.gone) return;
      if (outcome?.ok) this.#sent(lane, resource, rest, shown);
      else {
        lane.show(resource, shown, false);
        const { code, message } = outcome?.refusal ?? noWay;
        // it has registered since, which the PBX did not know yet
        if (code !== 'not-registered' || rounds === lane.rounds) this.#refused(lane, resource, debt, code, message);
      }
      return;
    }
    if (lane.state === 'waiting' && !lane.owes) lane.state = 'told';
  }

  #sent(lane: Lane, resource: Aor, rest: Scope | null, shown: readonly string[]): void {
    const now = this.#tools.clock.now();
    this.#tools.counts?.add(lane.wanted.pkg.event, 'ok');
    lane.notifies += 1;
    lane.failures = 0;
    lane.reason = null;
    lane.show(resource, shown, true);
    lane.notBefore = now + gapMs;
    if (rest === null) lane.rest(resource, now + lane.wanted.rule.minIntervalMs);
    else lane.owe(resource, { scope: rest, occasion: 'initial' });
    lane.state = lane.owes ? 'waiting' : 'told';
  }

  #refused(lane: Lane, resource: Aor, debt: Debt, code: string, message: string): void {
    const { phone, wanted, source } = lane;
    const fields = { pbx: source, aor: phone, event: wanted.pkg.event, code, reason: message };
    const delay = code === 'pbx-timeout' ? retriesMs[lane.failures] : undefined;
    lane.failures += 1;
    this.#tools.counts?.add(wanted.pkg.event, code);
    this.#failed(lane, code);
    if (code === 'pbx-away') {
      lane.owe(resource, debt);
      lane.notBefore = this.#tools.clock.now() + awayMs;
    } else if (delay !== undefined) {
      lane.owe(resource, debt);
      lane.notBefore = this.#tools.clock.now() + delay;
    } else if (code === 'not-writable') {
      lane.forgive();
      this.#complaints.once(`${code} ${source}`, () =>
        this.#logger.warn(fields, 'this PBX cannot send NOTIFYs to phones'),
      );
    } else if (code === 'not-registered') {
      lane.forgive(); // its next registration comes with everything
    } else {
      this.#complaints.once(`${code} ${phone} ${wanted.pkg.event}`, () =>
        this.#logger.warn(fields, 'a push was refused; its next change or registration is the next attempt'),
      );
    }
  }

  #failed(lane: Lane, code: string): void {
    lane.state = code === 'pbx-away' || code === 'not-registered' ? 'waiting' : 'failed';
    lane.reason = code;
  }

  /** False: somebody else tells of it, or there is no such thing. */
  #isWanted(lane: Lane, resource: Aor): boolean {
    const { ways, state } = this.#tools;
    const { phone, wanted } = lane;
    const { pkg, rule } = wanted;
    if (!state.has(resource)) {
      this.#complaints.once(`unknown ${resource}`, () =>
        this.#logger.warn({ aor: phone, watched: resource }, 'no PBX has this extension or lamp: it is not pushed'),
      );
      return false;
    }
    if (!rule.sparesSubscribed) return true;
    const byPbx = ways.tellsItself(phone, pkg.event);
    if (!byPbx && !ways.isTold(phone, pkg.event, resource)) return true;
    if (byPbx) {
      this.#complaints.once(`itself ${lane.source} ${pkg.event}`, () =>
        this.#logger.warn(
          { pbx: lane.source, event: pkg.event },
          'phones subscribe to this PBX, and it tells them: nothing is pushed (push.subscribed: tell would)',
        ),
      );
    }
    lane.state = 'subscribed';
    lane.reason = null;
    return false;
  }
}

const noWay: Refusal = { code: 'not-writable', message: 'it cannot, as it is configured' };

/** What follows the first of several bodies; null: it was the only one. */
function restOf(first: Body, others: readonly Body[]): Scope | null {
  const rest = others.reduce<Scope | null>((sum, { covers }) => joinScopes(sum, covers), null);
  return restOfScope(rest, first.covers);
}
