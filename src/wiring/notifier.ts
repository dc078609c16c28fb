import { chooseProfile, listsOf, pickupRights } from '../config/readings.ts';
import type { Config } from '../config/schema.ts';
import { eventPackages } from '../event-packages/index.ts';
import { listFormat } from '../event-packages/list/list.ts';
import { uaProfile, uaProfileWith } from '../event-packages/ua-profile/ua-profile.ts';
import type { Logger } from '../model/logger.ts';
import { Notifier, type NotifierDeps } from '../notifier/notifier.ts';
import { ProfileState } from '../profiles/profile-state.ts';
import type { Shelves } from '../profiles/shelves.ts';
import type { Hub } from '../state/hub.ts';
import { KeyLamps } from '../state/key-lamps.ts';
import { Lists } from '../state/lists.ts';
import type { SipSide } from './sip.ts';

export interface NotifierSide extends Pick<NotifierDeps, 'clock' | 'random' | 'store' | 'grant'> {
  readonly config: Config;
  readonly logger: Logger;
  readonly hub: Hub;
  readonly sip: SipSide;
  readonly shelves: Shelves;
}

/** Subscriptions of one user, and from one address. */
const limits = { perUser: 300, perAddress: 3000 };

/** The notifier, with what it reads of the truth: the hub, lamps of keys, lists, and documents for phones. */
export function notifierOf({ config, logger, hub, sip, shelves, ...wired }: NotifierSide): Notifier {
  const notifier: Notifier = new Notifier({
    ...wired,
    logger: logger.child('notifier'),
    packages: packagesFor(config),
    state: new ProfileState(new KeyLamps(hub), shelves, () => notifier.watched(uaProfile.event)),
    sender: sip.front,
    profileFor: chooseProfile(config.phones.profiles),
    mayPickUp: pickupRights(config.phones.pickup),
    lists: {
      reader: new Lists({ truths: hub, logger: logger.child('lists'), ...listsOf(config) }),
      format: listFormat,
      aorFor: sip.aorFor,
    },
    limits,
    expirySpread: config.sip.expirySpread,
  });
  return notifier;
}

/** Those served, as the configuration wants them. */
function packagesFor({ profiles }: Config) {
  return eventPackages.map((pkg) => (pkg === uaProfile ? uaProfileWith(profiles.defaultExpires) : pkg));
}
