import type { AgentState, AgentWish } from '../../src/model/agent.ts';
import { type Aor, domainOf, userOf } from '../../src/model/aor.ts';
import type { Clock } from '../../src/model/clock.ts';
import type { FeatureValue, Wish } from '../../src/model/feature.ts';
import type { Logger } from '../../src/model/logger.ts';
import { granted, type Outcome, refused } from '../../src/model/outcome.ts';
import type { NotifiedPhone, PhoneNotice } from '../../src/model/phone-notice.ts';
import { away, isRefusal, putToPbx, reasonOf, sayRefusal } from '../put-to-pbx.ts';
import type { Resync } from '../resync.ts';
import type { AgentWriter } from './agent-writer.ts';
import type { AmiLink } from './ami.ts';
import type { Fact } from './facts.ts';
import type { Owners } from './features/owners.ts';
import type { FeatureWriter } from './features/writer.ts';
import { notifyEndpoint } from './notify.ts';
import type { Picture } from './picture.ts';
import type { RowWatch } from './row-watch.ts';

export interface WishTools {
  /** Its name in the configuration. */
  readonly pbx: string;
  /** An Asterisk knows no domains: all it has is in the one of its configuration. Lower case. */
  readonly domain: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly resync: Resync<Fact, Picture>;
  readonly ami: AmiLink;
  readonly features: FeatureWriter;
  /** Whose features the phones have. */
  readonly owners: Owners;
  readonly rows: RowWatch;
  readonly agents: AgentWriter;
}

/** What Asterisk is asked to do by AMI: to whom it can be put, how long is waited, and the reason where nothing comes of it. */
export class Wishes {
  readonly #tools: WishTools;
  /** Why AMI refused the last NOTIFY to a phone; null: it did not. */
  #notifyRefused: string | null = null;

  constructor(tools: WishTools) {
    this.#tools = tools;
  }

  async setFeature(wish: Wish, deadlineMs: number): Promise<Outcome<FeatureValue>> {
    const live = this.#of(wish.aor);
    if (!live.ok) return live;
    return this.#put(deadlineMs, () => this.#write(userOf(wish.aor), wish, deadlineMs));
  }

  async #write(phone: string, wish: Wish, deadlineMs: number): Promise<Outcome<FeatureValue>> {
    const { ami, clock, features, owners, resync, rows } = this.#tools;
    const until = clock.now() + deadlineMs;
    const owner = await owners.read(ami, phone);
    if (owner === null) return refused('pbx-refused', 'no user is logged in at this phone');
    const outcome = await features.write(owner, wish, deadlineMs, () => clock.now() >= until);
    // What somebody else wrote at the same time raises no event where the device state stays as it is.
    rows.lookTwice();
    if (!outcome.ok) return outcome;
    const { feature } = wish;
    for (const user of owners.endpointsOf(owner, resync.live?.users ?? [])) {
      resync.feed({ fact: 'feature', user, feature, value: outcome.value });
    }
    return outcome;
  }

  async setAgent(wish: AgentWish, deadlineMs: number): Promise<Outcome<AgentState>> {
    const { agents, clock, domain, resync } = this.#tools;
    const { live } = resync;
    if (live === null) return away();
    const user = userOf(wish.aor);
    if (domainOf(wish.aor) !== domain || live.agents.state(user) === null) {
      return refused('no-agent', 'he is in no queue of this PBX');
    }
    const until = clock.now() + deadlineMs;
    const written = await this.#put(deadlineMs, () => agents.write(wish, live.nameOf(user), until));
    if (!written.ok) return written;
    const held = resync.live?.agents.state(user) ?? null;
    return held === null ? away() : granted(held);
  }

  async notifyPhones(aor: Aor, notice: PhoneNotice, deadlineMs: number): Promise<Outcome<readonly NotifiedPhone[]>> {
    const live = this.#of(aor);
    if (!live.ok) return live;
    const endpoint = userOf(aor);
    const contacts = live.value.contacts.uris(endpoint);
    if (contacts.length === 0) return refused('not-registered', 'no phone is registered there');
    try {
      const sent = await notifyEndpoint(this.#tools.ami, endpoint, notice, deadlineMs);
      this.#notifyRefused = null;
      return sent.ok
        ? granted(contacts.map((contact) => ({ contact, userAgent: null, source: null, answer: null })))
        : sent;
    } catch (error) {
      const reason = reasonOf(error);
      if (!isRefusal(error)) return refused('pbx-timeout', reason);
      // once: what is pushed would say it for each NOTIFY
      if (this.#notifyRefused !== reason) sayRefusal(this.#tools, error);
      this.#notifyRefused = reason;
      return refused('pbx-refused', reason);
    }
  }

  #of(aor: Aor): Outcome<Picture> {
    const { live } = this.#tools.resync;
    if (live === null) return away();
    const isThere = domainOf(aor) === this.#tools.domain && live.users.includes(userOf(aor));
    return isThere ? granted(live) : refused('pbx-refused', 'the PBX has no such extension');
  }

  #put<T>(deadlineMs: number, work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
    const { resync } = this.#tools;
    return putToPbx({ ...this.#tools, isLive: () => resync.live !== null }, deadlineMs, work);
  }
}
