import type { PbxAdapter } from '../../adapters/adapter.ts';
import { PhoneOrders } from '../commands/phone-orders.ts';
import { domainsOf } from '../config/readings.ts';
import type { Config } from '../config/schema.ts';
import { type Aor, domainOf, userOf } from '../model/aor.ts';
import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { NotifiedPhone, PhoneNotice } from '../model/phone-notice.ts';
import type { ProfileDocument } from '../model/profile-document.ts';
import type { Notifier } from '../notifier/notifier.ts';
import { ProfileDesk, type ProfileStore } from '../profiles/desk.ts';
import { ProfileDirectory } from '../profiles/directory.ts';
import { Shelves } from '../profiles/shelves.ts';
import { isSameFlow } from '../sip/dialog.ts';
import { sourceOf } from '../sip/inline/flow-json.ts';
import type { LearntPhones } from '../sip/inline/registrations.ts';
import type { SipFront } from '../sip/sip-front.ts';

interface Tools {
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What the rest of the application sees of the documents for phones. */
export interface ProfileRoom {
  readonly shelves: Shelves;
  readonly desk: ProfileDesk;
  /** Reads the folder for the first time, and from then on. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function profileRoom(
  { config, clock, logger: all }: Tools,
  store: ProfileStore,
  stored: readonly ProfileDocument[],
): ProfileRoom {
  const { directory: path, pollSeconds, types, url = null, prefer, effectiveBy = null } = config.profiles;
  const logger = all.child('profiles');
  const domains = domainsOf(config);
  const shelves = new Shelves({ url, prefer, effectiveBy });
  shelves.replace('api', stored);
  const [{ name: first }, ...others] = domains;
  const directory =
    path === undefined
      ? null
      : new ProfileDirectory({
          path,
          pollMs: pollSeconds * 1000,
          types,
          domains: [first, ...others.map(({ name }) => name)],
          shelves,
          clock,
          logger,
        });
  return {
    shelves,
    desk: new ProfileDesk({ shelves, store, domains, clock, logger }),
    start: async () => directory?.start(),
    stop: async () => directory?.stop(),
  };
}

/** Of one user: more phones than that have none. */
const mostPhones = 20;

/** The ways to phones: the PBX that has the user, and the paths by which his phones have subscribed or registered here. */
export function phoneOrders(
  { clock, logger }: Pick<Tools, 'clock' | 'logger'>,
  adapterOf: (aor: Aor) => PbxAdapter | undefined,
  notifier: Pick<Notifier, 'devicesOf'>,
  front: Pick<SipFront, 'notifyApart'>,
  learnt: Pick<LearntPhones, 'phonesOf'> | null,
): PhoneOrders {
  return new PhoneOrders({
    clock,
    logger,
    viaPbx: (aor, notice, deadlineMs) => {
      const adapter = adapterOf(aor);
      if (adapter?.capabilities.notifiesPhones !== true) return null;
      return adapter.notifyPhones?.(aor, notice, deadlineMs) ?? null;
    },
    viaSubscriptions: (aor, notice) => Promise.all(notified(aor, notice, notifier, front, learnt)),
  });
}

function notified(
  aor: Aor,
  notice: PhoneNotice,
  notifier: Pick<Notifier, 'devicesOf'>,
  front: Pick<SipFront, 'notifyApart'>,
  learnt: Pick<LearntPhones, 'phonesOf'> | null,
): readonly Promise<NotifiedPhone>[] {
  const subscribed = notifier.devicesOf(aor).map(({ dialog, userAgent, source }) => ({ ...dialog, userAgent, source }));
  // a phone that has registered through us is told by that path where it subscribes to nothing
  const others = (learnt?.phonesOf(aor) ?? []).filter(
    ({ flow }) => !subscribed.some((phone) => isSameFlow(phone.flow, flow)),
  );
  const registered = others.map(({ contact, flow, userAgent }) => ({
    remoteParty: `<sip:${encodeURIComponent(userOf(aor))}@${domainOf(aor)}>`,
    remoteTarget: contact,
    routeSet: [],
    flow,
    userAgent,
    source: sourceOf(flow),
  }));
  return [...subscribed, ...registered].slice(0, mostPhones).map(async ({ userAgent, source, ...path }) => {
    const { status } = await front.notifyApart(path, notice);
    return { contact: path.remoteTarget, userAgent, source, answer: status };
  });
}
