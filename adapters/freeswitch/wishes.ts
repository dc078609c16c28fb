import type { AgentState, AgentWish } from '../../src/model/agent.ts';
import type { Aor } from '../../src/model/aor.ts';
import type { Clock } from '../../src/model/clock.ts';
import { type FeatureValue, featureOff, type Wish } from '../../src/model/feature.ts';
import type { Logger } from '../../src/model/logger.ts';
import { granted, type Outcome, refused } from '../../src/model/outcome.ts';
import type { NotifiedPhone, PhoneNotice } from '../../src/model/phone-notice.ts';
import { away, putToPbx } from '../put-to-pbx.ts';
import type { AgentDesk } from './agent-desk.ts';
import type { EslCommands } from './esl/commands.ts';
import type { FeatureDesk } from './features/desk.ts';
import { notifyRegistrations } from './notify.ts';
import type { Picture } from './picture.ts';

export interface WishTools {
  /** Its name in the configuration. */
  readonly pbx: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly esl: EslCommands;
  readonly features: FeatureDesk;
  readonly agents: AgentDesk;
  /** What the PBX is known to be; null: it is away, or not read yet. */
  readonly live: () => Picture | null;
}

/** What FreeSWITCH is asked to do: to whom it can be put, how long is waited, and the reason where nothing comes of it. */
export class Wishes {
  readonly #tools: WishTools;

  constructor(tools: WishTools) {
    this.#tools = tools;
  }

  async setFeature(wish: Wish, deadlineMs: number): Promise<Outcome<FeatureValue>> {
    const live = this.#of(wish.aor);
    if (!live.ok) return live;
    const before = live.value.feature(wish.aor, wish.feature) ?? featureOff;
    return this.#put(deadlineMs, () => this.#tools.features.write(wish, before, deadlineMs));
  }

  async notifyPhones(aor: Aor, notice: PhoneNotice, deadlineMs: number): Promise<Outcome<readonly NotifiedPhone[]>> {
    const live = this.#of(aor);
    if (!live.ok) return live;
    const registrations = live.value.registrationsOf(aor);
    if (registrations.length === 0) return refused('not-registered', 'no phone is registered there');
    const { esl } = this.#tools;
    return this.#put(deadlineMs, () => notifyRegistrations(esl, aor, registrations, notice, deadlineMs));
  }

  async setAgent(wish: AgentWish, deadlineMs: number): Promise<Outcome<AgentState>> {
    if (this.#tools.live() === null) return away();
    return this.#put(deadlineMs, () => this.#tools.agents.write(wish, deadlineMs));
  }

  #of(aor: Aor): Outcome<Picture> {
    const live = this.#tools.live();
    if (live === null) return away();
    return live.has(aor) ? granted(live) : refused('pbx-refused', 'the PBX has no such extension');
  }

  #put<T>(deadlineMs: number, work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
    const { live } = this.#tools;
    return putToPbx({ ...this.#tools, isLive: () => live() !== null }, deadlineMs, work);
  }
}
