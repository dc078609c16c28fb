import type { Aor } from '../model/aor.ts';
import type { Clock } from '../model/clock.ts';
import type { Origin } from '../model/feature.ts';
import type { Logger } from '../model/logger.ts';
import { granted, type Outcome, refused } from '../model/outcome.ts';
import type { NotifiedPhone, PhoneNotice } from '../model/phone-notice.ts';

/**
 * What phones may be told. No other: by `talk`, `hold` or `message-summary` a NOTIFY answers calls and lights lamps, which is
 * nobody's business here.
 */
export const phoneEvents: readonly string[] = ['check-sync', 'resync', 'reboot', 'restart', 'report'];

/** Somebody wants the phones of a user to read their configuration again, or to start again. */
export interface PhoneOrder {
  readonly aor: Aor;
  /** One of `phoneEvents`. */
  readonly event: string;
  /** `;reboot=true` or `;reboot=false`; null: neither, the phone does as it is set. */
  readonly reboot: boolean | null;
  readonly origin: Origin;
}

export interface PhoneOrderResult {
  /** Who sent it: the PBX, or Lamplighter to phones that subscribe to it. */
  readonly via: 'pbx' | 'subscriptions';
  /** The Event header that was sent. */
  readonly event: string;
  readonly phones: readonly NotifiedPhone[];
}

export interface PhoneOrderTools {
  readonly clock: Clock;
  readonly logger: Logger;
  /** By way of the PBX; null: the one that has this user cannot. */
  viaPbx(aor: Aor, notice: PhoneNotice, deadlineMs: number): Promise<Outcome<readonly NotifiedPhone[]>> | null;
  /** To phones of this user that subscribe to us: by the path of an authenticated SUBSCRIBE. Empty: there are none. */
  viaSubscriptions(aor: Aor, notice: PhoneNotice): Promise<readonly NotifiedPhone[]>;
}

const deadlineMs = 5_000;
/** A phone that starts again takes a minute; twice within this is a slip. */
const pauseMs = 10_000;
/** In a minute, for all users together: a loop over a whole house should be one that knows its pace. */
const mostAMinute = 120;
const minuteMs = 60_000;

/** The PBX has certainly sent nothing. */
const unsent: ReadonlySet<string> = new Set(['pbx-away', 'pbx-refused', 'not-writable', 'not-registered']);

/** `check-sync`, `resync` and their like, to the phones of one user: limited, logged, and by whatever way there is. */
export class PhoneOrders {
  readonly #tools: PhoneOrderTools;
  readonly #logger: Logger;
  /** User to the time of the last order; oldest first. */
  readonly #last = new Map<Aor, number>();
  #minute: number[] = [];

  constructor(tools: PhoneOrderTools) {
    this.#tools = tools;
    this.#logger = tools.logger.child('commands');
  }

  /**
   * Refusals: `unknown-event`, `too-many`, `no-phone` (nobody is registered at the PBX and nobody subscribes), `pbx-timeout` (it may have been
   * sent), or why the PBX did not, where no phone subscribes either. Never rejects.
   */
  async send(order: PhoneOrder): Promise<Outcome<PhoneOrderResult>> {
    const { aor, event, reboot, origin } = order;
    const who = { aor, kind: origin.kind, who: origin.who, from: origin.from };
    const notice = { event: reboot === null ? event : `${event};reboot=${reboot}`, contentType: null, body: '' };
    if (!phoneEvents.includes(event)) return refused('unknown-event', `expected one of ${phoneEvents.join(', ')}`);
    const outcome = this.#admits(aor) ? await this.#send(aor, notice) : tooMany;
    if (outcome.ok) {
      const { via, phones } = outcome.value;
      const answers = phones.map(({ answer }) => answer ?? 'not told');
      this.#logger.info(
        { ...who, event: notice.event, via, phones: phones.length, answers },
        'phones were given an order',
      );
    } else {
      const { code, message } = outcome.refusal;
      this.#logger.info({ ...who, event: notice.event, code, reason: message }, 'phones were given no order');
    }
    return outcome;
  }

  async #send(aor: Aor, notice: PhoneNotice): Promise<Outcome<PhoneOrderResult>> {
    try {
      const sent = await this.#tools.viaPbx(aor, notice, deadlineMs);
      if (sent?.ok) return granted({ via: 'pbx', event: notice.event, phones: sent.value });
      if (sent !== null && !unsent.has(sent.refusal.code)) return sent;
      const phones = await this.#tools.viaSubscriptions(aor, notice);
      if (phones.length > 0) return granted({ via: 'subscriptions', event: notice.event, phones });
      if (sent !== null && sent.refusal.code !== 'not-registered') return sent;
      return refused('no-phone', 'no phone of this user is registered or subscribed');
    } catch (error) {
      this.#logger.error({ err: error, aor }, 'an order to phones failed');
      return refused('internal', 'the order could not be carried out');
    }
  }

  #admits(aor: Aor): boolean {
    const now = this.#tools.clock.now();
    // later than now: from before the clock was set back
    const isWithin = (at: number, ms: number) => at > now - ms && at <= now;
    for (const [old, at] of this.#last) {
      if (isWithin(at, pauseMs)) break;
      this.#last.delete(old);
    }
    this.#minute = this.#minute.filter((at) => isWithin(at, minuteMs));
    if (this.#last.has(aor) || this.#minute.length >= mostAMinute) return false;
    this.#last.set(aor, now);
    this.#minute.push(now);
    return true;
  }
}

const tooMany = refused<PhoneOrderResult>(
  'too-many',
  `one order in ${pauseMs / 1000} s for a user, and ${mostAMinute} a minute for all`,
);
