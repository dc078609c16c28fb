import { makePolicy, type TargetPolicy } from '../commands/policy.ts';
import {
  believedNetworks,
  chooseProfile,
  domainsOf,
  type PublishRights,
  pickupRights,
  publishRights,
} from '../config/readings.ts';
import type { Config } from '../config/schema.ts';
import type { Aor } from '../model/aor.ts';
import { Fault } from '../model/errors.ts';
import type { PhoneProfile } from '../model/profile.ts';
import { TrustedNetworks } from '../sip/auth/trusted-networks.ts';

/** What the rooms read of the configuration at work, made once for each. */
export interface Readings {
  readonly config: Config;
  readonly policy: TargetPolicy;
  readonly profileFor: (userAgent: string | null) => PhoneProfile;
  readonly mayPickUp: (watcher: Aor | null, resource: Aor) => boolean;
  readonly rights: PublishRights;
  /** Whose word on who their users are is believed. */
  readonly believed: TrustedNetworks;
  /** Not counted by `sip.limits`: this host, and who is believed. */
  readonly exempt: TrustedNetworks;
}

/**
 * The configuration at work. Rooms that were made of functions ask it each time; a reload puts another one in its place, all
 * of it at once.
 */
export class Current {
  #now: Readings;

  constructor(config: Config) {
    this.#now = readingsOf(config, null);
  }

  get now(): Readings {
    return this.#now;
  }

  get config(): Config {
    return this.#now.config;
  }

  /** Throws Fault `config-invalid` for what the schema cannot know; nothing is different before `put`. */
  prepare(config: Config): Readings {
    return readingsOf(config, this.#now);
  }

  put(readings: Readings): void {
    this.#now = readings;
  }
}

/** @param before what is the same is taken from there: equal phones have one profile object, by which documents are kept. */
function readingsOf(config: Config, before: Readings | null): Readings {
  const believed = believedNetworks(config.sip);
  const isStyled = before !== null && same(before.config.phones, config.phones);
  const policy = makePolicy({ ...config.features.policy, domains: domainsOf(config) });
  if (!policy.ok) throw new Fault('config-invalid', `features.policy: ${policy.refusal.message}`);
  return {
    config,
    policy: policy.value,
    profileFor: isStyled ? before.profileFor : chooseProfile(config.phones.profiles),
    mayPickUp: isStyled ? before.mayPickUp : pickupRights(config.phones.pickup),
    rights: publishRights(config),
    believed: new TrustedNetworks(believed),
    exempt: new TrustedNetworks(['127.0.0.0/8', '::1', ...believed]),
  };
}

/** Two parts of configurations say the same: both come from one schema, so their keys have one order. */
export function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
