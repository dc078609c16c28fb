import type { PbxAdapter } from '../../adapters/adapter.ts';
import { pushesOf } from '../config/readings.ts';
import type { Config } from '../config/schema.ts';
import { eventPackages } from '../event-packages/index.ts';
import type { Aor } from '../model/aor.ts';
import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { Meters } from '../model/meters.ts';
import type { Random } from '../model/random.ts';
import type { Notifier } from '../notifier/notifier.ts';
import { Push } from '../push/push.ts';
import type { PushRule } from '../push/rules.ts';
import { type VersionStore, Versions } from '../push/versions.ts';
import type { Hub } from '../state/hub.ts';
import { KeyLamps } from '../state/key-lamps.ts';
import type { Current } from './current.ts';

interface PushSide {
  readonly current: Current;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly hub: Hub;
  readonly adapters: ReadonlyMap<string, PbxAdapter>;
  readonly notifier: Pick<Notifier, 'isTold'>;
  readonly store: VersionStore;
  readonly meters?: Meters;
}

/** What phones are told through their PBXs. */
export function pushOf({ current, clock, random, logger, hub, adapters, notifier, store, meters }: PushSide): Push {
  const lamps = new KeyLamps(hub);
  const adapterOf = (phone: Aor) => adapters.get(hub.ownerOf(phone) ?? '');
  return new Push({
    clock,
    random,
    logger,
    rules: pushRulesOf(current.config),
    state: {
      view: (aor) => lamps.view(aor),
      has: (aor) => lamps.has(aor),
      onChange: (listener) => lamps.onChange(listener),
      onLink: (listener) => hub.onLink(listener),
    },
    ways: {
      ownerOf: (phone) => hub.ownerOf(phone),
      send: (phone, notice, deadlineMs) => {
        const adapter = adapterOf(phone);
        if (adapter?.capabilities.notifiesPhones !== true) return null;
        return adapter.notifyPhones?.(phone, notice, deadlineMs) ?? null;
      },
      // the one package that an adapter serves to phones that subscribe to their PBX
      tellsItself: (phone, event) =>
        event === 'as-feature-event' && adapterOf(phone)?.capabilities.tellsPhones === true,
      isTold: (phone, event, resource) => notifier.isTold(phone, event, resource),
    },
    counts: meters?.pushes,
    versions: new Versions(store, logger.child('push')),
    profileFor: (userAgent) => current.now.profileFor(userAgent),
    mayPickUp: (watcher, resource) => current.now.mayPickUp(watcher, resource),
  });
}

/** Of each rule the packages themselves. */
export function pushRulesOf(config: Config): readonly PushRule[] {
  return pushesOf(config).map((rule) => ({
    ...rule,
    packages: eventPackages.filter(({ event }) => rule.packages.some((name) => name === event)),
  }));
}
