import { listsOf } from '../config/readings.ts';
import { eventPackages } from '../event-packages/index.ts';
import { listFormat } from '../event-packages/list/list.ts';
import { uaProfile, uaProfileWith } from '../event-packages/ua-profile/ua-profile.ts';
import type { Clock, Timer } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import { Notifier, type NotifierDeps } from '../notifier/notifier.ts';
import { ProfileState } from '../profiles/profile-state.ts';
import type { Shelves } from '../profiles/shelves.ts';
import type { Hub } from '../state/hub.ts';
import { KeyLamps } from '../state/key-lamps.ts';
import { Lists } from '../state/lists.ts';
import type { Current } from './current.ts';
import type { SipSide } from './sip.ts';

export interface NotifierSide
  extends Pick<NotifierDeps, 'clock' | 'random' | 'store' | 'grant' | 'onEnded' | 'meters'> {
  readonly current: Current;
  readonly logger: Logger;
  readonly hub: Hub;
  readonly sip: SipSide;
  readonly shelves: Shelves;
}

/** Subscriptions of one user, and from one address. */
const limits = { perUser: 300, perAddress: 3000 };

/** The notifier, with what it reads of the truth: the hub, lamps of keys, lists, and documents for phones. */
export function notifierOf(side: NotifierSide): { readonly notifier: Notifier; readonly lists: Lists } {
  const { current, logger, hub, sip, shelves, ...wired } = side;
  const lists = new Lists({ truths: hub, logger: logger.child('lists'), ...listsOf(current.config) });
  const notifier: Notifier = new Notifier({
    ...wired,
    logger: logger.child('notifier'),
    packages: packagesFor(current),
    state: new ProfileState(new KeyLamps(hub), shelves, () => notifier.watched(uaProfile.event)),
    sender: sip.front,
    profileFor: (userAgent) => current.now.profileFor(userAgent),
    mayPickUp: (watcher, resource) => current.now.mayPickUp(watcher, resource),
    lists: { reader: lists, format: listFormat, aorFor: sip.aorFor },
    limits,
    expirySpread: () => current.config.sip.expirySpread,
  });
  return { notifier, lists };
}

/** Stored subscriptions get their NOTIFY when every PBX has told its picture, or after this long without one; ms. */
const patienceMs = 10_000;

/** Once, then or with the last truth. Answers how to stop waiting. */
export function tellRestored(hub: Hub, notifier: Notifier, clock: Clock): () => void {
  let timer: Timer | null = null;
  const go = (): void => {
    if (timer === null) return;
    timer.cancel();
    timer = null;
    notifier.start();
  };
  timer = clock.after(patienceMs, go);
  const deaf = hub.onLink(() => {
    if (hub.synced) go();
  });
  return () => {
    deaf();
    timer?.cancel();
  };
}

/** Those served, as the configuration wants them. */
function packagesFor(current: Current) {
  const usual = () => current.config.profiles.defaultExpires;
  return eventPackages.map((pkg) => (pkg === uaProfile ? uaProfileWith(usual) : pkg));
}
