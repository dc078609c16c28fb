import type { PbxAdapter } from '../../adapters/adapter.ts';
import { PhoneOrders } from '../commands/phone-orders.ts';
import { domainsOf } from '../config/readings.ts';
import type { Config } from '../config/schema.ts';
import { type Aor, domainOf, userOf } from '../model/aor.ts';
import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { NotifiedPhone, PhoneNotice } from '../model/phone-notice.ts';
import type { ProfileDelivery, ProfileDocument } from '../model/profile-document.ts';
import type { Notifier } from '../notifier/notifier.ts';
import { ProfileDesk, type ProfileStore } from '../profiles/desk.ts';
import { ProfileDirectory } from '../profiles/directory.ts';
import { Shelves } from '../profiles/shelves.ts';
import { isSameFlow } from '../sip/dialog.ts';
import type { LearntPhones } from '../sip/inline/registrations.ts';
import type { SipFront } from '../sip/sip-front.ts';
import { sourceOf } from '../sip/source.ts';
import { same } from './current.ts';

interface Tools {
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The documents for phones: where they stand, and the folder they are read from. */
export class ProfileRoom {
  readonly shelves: Shelves;
  readonly #tools: Omit<Tools, 'config'>;
  readonly #store: ProfileStore;
  #config: Config;
  /** null: no folder is read. */
  #directory: ProfileDirectory | null;

  constructor({ config, clock, logger }: Tools, store: ProfileStore, stored: readonly ProfileDocument[]) {
    this.#config = config;
    this.#tools = { clock, logger: logger.child('profiles') };
    this.#store = store;
    this.shelves = new Shelves(deliveryOf(config));
    this.shelves.replace('api', stored);
    this.#directory = this.#directoryOf(config);
  }

  /** The API's hand on documents, as the configuration is now. */
  get desk(): ProfileDesk {
    const { shelves } = this;
    return new ProfileDesk({ ...this.#tools, shelves, store: this.#store, domains: domainsOf(this.#config) });
  }

  /** Reads the folder for the first time, and from then on. */
  async start(): Promise<void> {
    await this.#directory?.start();
  }

  async stop(): Promise<void> {
    await this.#directory?.stop();
  }

  /**
   * Another folder, or read otherwise; phones are told as of any change of a document. Resolves when it has been read once.
   *
   * @param deliver told once the way of delivery is another one.
   */
  async exchange(config: Config, deliver: (change: () => void) => void): Promise<void> {
    const before = this.#config.profiles;
    const after = config.profiles;
    this.#config = config;
    if (!same(deliveryOf({ profiles: before }), deliveryOf(config))) {
      deliver(() => this.shelves.deliver(deliveryOf(config)));
    }
    if (folderKeys.every((key) => same(before[key], after[key]))) return;
    await this.#directory?.stop();
    this.#directory = this.#directoryOf(config);
    if (this.#directory === null) this.shelves.replace('file', []);
    await this.#directory?.start();
  }

  #directoryOf(config: Config): ProfileDirectory | null {
    const { directory: path, pollSeconds, types } = config.profiles;
    if (path === undefined) return null;
    const [{ name: first }, ...others] = domainsOf(config);
    const domains = [first, ...others.map(({ name }) => name)] as const;
    return new ProfileDirectory({
      ...this.#tools,
      path,
      pollMs: pollSeconds * 1000,
      types,
      domains,
      shelves: this.shelves,
    });
  }
}

const folderKeys = ['directory', 'pollSeconds', 'types'] as const;

function deliveryOf({ profiles: { url, prefer, effectiveBy } }: Pick<Config, 'profiles'>): ProfileDelivery {
  return { url: url ?? null, prefer, effectiveBy: effectiveBy ?? null };
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
