import { type Aor, domainOf, userOf } from '../../../src/model/aor.ts';
import { type Clock, sleep } from '../../../src/model/clock.ts';
import { Fault } from '../../../src/model/errors.ts';
import {
  type FeatureName,
  type FeatureValue,
  featureNames,
  featureOff,
  type Wish,
} from '../../../src/model/feature.ts';
import { granted, type Outcome, refused } from '../../../src/model/outcome.ts';
import type { EslCommands } from '../esl/commands.ts';
import type { FeatureBackend, Holding } from './backend.ts';
import { printable, ringsOf, safeAor, safeProfile, safeValue } from './words.ts';

/** The columns of a forward, without `_enabled` and `_destination`, and its name in a feature event. */
const columns: Readonly<Record<Exclude<FeatureName, 'dnd'>, { readonly column: string; readonly action: string }>> = {
  cfa: { column: 'forward_all', action: 'forward_immediate' },
  cfb: { column: 'forward_busy', action: 'forward_busy' },
  cfna: { column: 'forward_no_answer', action: 'forward_no_answer' },
};

/** COMPAT(FusionPBX): `app/feature_event` counts a ring as six seconds, whatever the country. */
const secondsPerRing = 6;
/** FusionPBX's own default of call_timeout, 30 s. */
const usualRings = 5;

/** Milliseconds before each look whether the script has done its work; the last one repeats. */
const waits = [20, 40, 80, 160, 200] as const;

/** Left of a deadline for the answer to arrive in. */
const spareMs = 100;

/** How a write of ours is told to FusionPBX. */
type Action = Readonly<Record<string, string>>;

/**
 * FusionPBX keeps features in its table of extensions. It is read by the directory that is made from it, and written by the
 * way of its own phones: the event of a key that was pressed, which its script (`app.lua feature_event`, a hook in lua.conf)
 * puts into the table, the cache and every phone. That script needs a phone that is registered.
 */
export class FusionPbxBackend implements FeatureBackend {
  readonly names = featureNames;
  readonly notified = true;
  /** COMPAT(FusionPBX): its script switches do-not-disturb off with every forward that is set. */
  readonly entangled = true;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The directory is made for one user at a time. */
  async survey(): Promise<Holding> {
    return () => true;
  }

  async read(esl: EslCommands, aor: Aor): Promise<ReadonlyMap<FeatureName, FeatureValue>> {
    const values = new Map<FeatureName, FeatureValue>();
    if (!safeAor.test(aor)) return values;
    for (const feature of this.names) values.set(feature, await this.#value(esl, aor, feature));
    return values;
  }

  async write(esl: EslCommands, wish: Wish, before: FeatureValue, deadlineMs: number): Promise<Outcome<FeatureValue>> {
    const { aor, feature } = wish;
    const until = this.#clock.now() + Math.max(deadlineMs - spareMs, 0);
    if (!safeAor.test(aor) || !safeValue.test(userOf(aor))) {
      return refused('pbx-refused', `${printable(aor, 80)} cannot be named in a feature event`);
    }
    const held = await this.#value(esl, aor, feature);
    const target = wish.enabled ? wish.target || held.target || before.target : held.target;
    if (wish.enabled && feature !== 'dnd' && target === null) {
      return refused('pbx-refused', 'there is no target to forward to');
    }
    if (target !== null && wish.enabled && !safeValue.test(target)) {
      return refused('pbx-refused', 'the target holds forbidden characters');
    }
    const exact = { ...wish, ...(wish.enabled && target !== null ? { target } : {}) };
    // Its script does more than it is asked, so it is not asked for what already is. But its cache is cleared last: where
    // the phones were told something else meanwhile, what is read here is what was.
    if (isAsWished(held, exact) && isAsWished(before, exact)) return granted(held);
    const profile = await this.#profileOf(esl, aor);
    if (profile === null) {
      return refused('pbx-refused', 'FusionPBX takes this only while a phone of the user is registered');
    }
    const dndBefore = feature === 'dnd' ? null : await this.#value(esl, aor, 'dnd');
    const rings = wish.ringCount ?? held.ringCount ?? usualRings;
    if (this.#clock.now() >= until)
      return refused('pbx-timeout', 'FreeSWITCH answered too slowly; nothing was written');
    await this.#fire(esl, aor, profile, actionOf(feature, wish.enabled, target, rings));
    const after = await this.#settled(esl, exact, until);
    if (!isAsWished(after, exact)) return refused('pbx-timeout', notTaken);
    // The exclusion is FusionPBX's own where all calls go elsewhere; nobody wished it with another forward, or with off.
    const excluded = feature === 'cfa' && wish.enabled;
    if (dndBefore?.enabled && !excluded) await this.#restoreDnd(esl, wish, profile, until);
    return granted(after);
  }

  async #restoreDnd(esl: EslCommands, { aor, origin }: Wish, profile: string, until: number): Promise<void> {
    if ((await this.#value(esl, aor, 'dnd')).enabled) return;
    await this.#fire(esl, aor, profile, actionOf('dnd', true, null, 0));
    await this.#settled(esl, { aor, origin, feature: 'dnd', enabled: true }, until);
  }

  /** Reads until it is as wished, or the time is up. */
  async #settled(esl: EslCommands, wish: Wish, until: number): Promise<FeatureValue> {
    for (let turn = 0; ; turn++) {
      const wait = waits[Math.min(turn, waits.length - 1)] ?? 0;
      const last = this.#clock.now() + wait >= until;
      if (!last) await sleep(this.#clock, wait);
      const value = await this.#value(esl, wish.aor, wish.feature);
      if (last || isAsWished(value, wish)) return value;
    }
  }

  /** Any profile with a phone of his; null where he has none. */
  async #profileOf(esl: EslCommands, aor: Aor): Promise<string | null> {
    const reply = await esl.api('sofia_contact', `*/${aor}`);
    const profile = /^sofia\/([^/,]+)\//.exec(reply)?.[1] ?? '';
    return safeProfile.test(profile) ? profile : null;
  }

  /**
   * The hook runs on fired events too, and the event has the form of a pressed key. FreeSWITCH adds the command to it, by
   * which `readPhoneKey` knows that no phone sent it.
   */
  async #fire(esl: EslCommands, aor: Aor, profile: string, action: Action): Promise<void> {
    const user = userOf(aor);
    const headers = { user, host: domainOf(aor), profile_name: profile, device: user, ...action };
    await esl.sendEvent('PHONE_FEATURE_SUBSCRIBE', headers);
  }

  async #value(esl: EslCommands, aor: Aor, feature: FeatureName): Promise<FeatureValue> {
    if (feature === 'dnd')
      return { ...featureOff, enabled: (await this.#variable(esl, aor, 'do_not_disturb')) === 'true' };
    const { column } = columns[feature];
    const on = (await this.#variable(esl, aor, `${column}_enabled`)) === 'true';
    const target = await this.#variable(esl, aor, `${column}_destination`);
    const seconds = feature === 'cfna' ? await this.#variable(esl, aor, 'call_timeout') : null;
    return {
      // COMPAT(FusionPBX): its dialplan ignores a forward without a destination.
      enabled: on && target !== null,
      target,
      ringCount: feature === 'cfna' ? ringsOf(seconds ?? undefined, secondsPerRing) : null,
    };
  }

  /** null where it is absent or empty. */
  async #variable(esl: EslCommands, aor: Aor, name: string): Promise<string | null> {
    const reply = (await esl.api('user_data', `${aor} var ${name}`)).trim();
    if (reply === '' || reply.startsWith('-ERR no reply')) return null;
    if (reply.startsWith('-ERR') || reply.startsWith('-USAGE')) {
      throw new Fault('pbx-refused', `user_data says '${printable(reply, 80)}'`);
    }
    return reply;
  }
}

const notTaken =
  'FusionPBX did not take the change in time: is the line with `feature_event` in lua.conf.xml switched on?';

function actionOf(feature: FeatureName, enabled: boolean, target: string | null, rings: number): Action {
  const common = { 'Feature-Enabled': String(enabled) };
  if (feature === 'dnd') {
    return { ...common, 'Feature-Action': 'SetDoNotDisturb', 'Action-Name': 'doNotDisturbOn' };
  }
  return {
    ...common,
    'Feature-Action': 'SetCallForward',
    'Action-Name': columns[feature].action,
    // With off too: without, the script forgets the destination.
    ...(target !== null && safeValue.test(target) ? { 'Action-Value': target } : {}),
    // COMPAT(FusionPBX): the script multiplies it, and breaks off where it is missing.
    ...(feature === 'cfna' ? { ringCount: String(rings) } : {}),
  };
}

function isAsWished(value: FeatureValue, { feature, enabled, target, ringCount }: Wish): boolean {
  if (value.enabled !== enabled) return false;
  if (!enabled || feature === 'dnd') return true;
  return value.target === target && (feature !== 'cfna' || ringCount === undefined || value.ringCount === ringCount);
}
