import type { PbxAdapter } from '../adapters/adapter.ts';
import { openAdapter } from '../adapters/host.ts';
import { chooseProfile, domainsOf, publishRights } from './config/readings.ts';
import type { Config, PbxConfig } from './config/schema.ts';
import { eventPackages } from './event-packages/index.ts';
import { type Aor, aorOf } from './model/aor.ts';
import type { AuditRow } from './model/audit.ts';
import { type Clock, type Timer, within } from './model/clock.ts';
import type { FeatureRow } from './model/feature.ts';
import type { Logger } from './model/logger.ts';
import type { PbxEvent } from './model/pbx-event.ts';
import type { Random } from './model/random.ts';
import type { Notifier } from './notifier/notifier.ts';
import type { Grant } from './notifier/wishes.ts';
import { rehearse } from './rehearsal/rehearsal.ts';
import { SecurityLog } from './sip/security-log.ts';
import { Hub } from './state/hub.ts';
import { neverTried } from './state/links.ts';
import { SqliteStore } from './store/sqlite-store.ts';
import { Watcher } from './watcher/watcher.ts';
import { gateOf } from './wiring/gate.ts';
import { HookSide, openHooks } from './wiring/hooks.ts';
import { httpServer } from './wiring/http.ts';
import { PhoneKeys } from './wiring/keys.ts';
import { notifierOf } from './wiring/notifier.ts';
import { profileRoom } from './wiring/profiles.ts';
import { compositorOf } from './wiring/publish.ts';
import { pushOf } from './wiring/push.ts';
import { type SipSide, sipSide } from './wiring/sip.ts';
import { Sayings } from './wiring/watch.ts';

export interface AppOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly version: string;
}

/** Stored subscriptions get their NOTIFY when the PBX has told its picture, or after this long without one; ms. */
const patienceMs = 10_000;
/** Restored subscriptions up to which the start takes the time of a rehearsal. */
const mostToRehearse = 5_000;
/** A room that does not stop in this time is left behind; ms. All of them together stay under the 3 s of product. */
const stopMs = 800;

/** The one place that knows every room: who is wired to whom, and in which order they start and stop. */
export class App {
  readonly #options: AppOptions;
  /** What has started, newest last: stopped in reverse. */
  readonly #running: (() => void | Promise<void>)[] = [];
  #sip: readonly string[] = [];
  #http = '';
  #hub: Hub | null = null;
  readonly #security: SecurityLog;
  #sipSide: SipSide | null = null;

  constructor(options: AppOptions) {
    this.#options = options;
    this.#security = new SecurityLog(options.logger, options.clock);
  }

  /** Where phones and admins reach it. */
  get bound(): { readonly sip: readonly string[]; readonly http: string; readonly domains: readonly string[] } {
    const domains = domainsOf(this.#options.config).map(({ name }) => name);
    return { sip: this.#sip, http: this.#http, domains };
  }

  /** What is known of the PBXs at this moment, a line each. */
  get found(): readonly string[] {
    const hub = this.#hub;
    if (hub === null) return [];
    return hub.links().map(({ source, state, reason }) => {
      const own = hub.list().filter((aor) => hub.ownerOf(aor) === source).length;
      const count = own === 1 ? '1 extension' : `${own} extensions`;
      const detail = state === 'up' ? `, ${count}` : reason === null ? '' : `: ${reason}`;
      return `PBX ${source.padEnd(12)} ${state}${detail}`;
    });
  }

  /** Some PBX has neither answered nor been given up on since the start, or is being read. */
  get waiting(): boolean {
    return this.#hub?.links().some(({ state, reason }) => reason === neverTried || state === 'stale') ?? false;
  }

  /** Throws a Fault where the daemon cannot work at all; a PBX that is away is not such a fault. */
  async start(): Promise<void> {
    const { config, clock, random, logger, version } = this.#options;

    const store = new SqliteStore({ path: config.store.path, clock, random, logger: logger.child('store') });
    this.#running.push(() => store.close());
    const stored = store.load(clock.now());
    await this.#rehearse(stored.subscriptions.length);

    const sources = config.pbx.map(({ name }) => name);
    const rights = publishRights(config);
    const { secret } = stored;
    const isPublished = (aor: Aor) => rights.covers(aor);
    const hub = new Hub({ clock, logger: logger.child('state'), store, secret, sources, isPublished });
    hub.load(stored);
    this.#hub = hub;

    const adapters = new Map<string, PbxAdapter>();
    for (const pbx of config.pbx) adapters.set(pbx.name, await this.#adapter(pbx, stored.features));
    const hooks = openHooks(config.hooks, { clock, random, logger: logger.child('hooks') });
    const appendAudit = (row: AuditRow) => store.appendAudit(row);
    const gate = gateOf({ config, clock, logger, security: this.#security, hub, adapters, hooks, appendAudit });
    const grant: Grant = (wish) => (wish.feature === 'agent' ? gate.grantAgent(wish) : gate.grant(wish));
    const sayings = new Sayings((event) => hub.apply(event));
    const keys = new PhoneKeys({
      adapters,
      ownerOf: (aor) => hub.ownerOf(aor),
      view: (aor) => hub.view(aor),
      grant: (wish) => gate.grant(wish),
      logger,
    });
    hub.onChange((change) => keys.changed(change));

    const owner = (user: string, domain: string) => hub.ownerOf(aorOf(user, domain));
    const security = this.#security;
    const { registrations } = stored;
    const sip = sipSide({ ...this.#options, security, adapters, owner, secret: stored.secret, store, registrations });
    const { front } = sip;
    this.#running.push(() => sip.close());
    this.#sipSide = sip;
    const profiles = profileRoom({ config, clock, logger }, store, stored.profiles);
    const { shelves } = profiles;
    const notifier = notifierOf({ config, clock, random, logger, store, grant, hub, sip, shelves });
    // before anybody is known who could be told
    await profiles.start();
    this.#running.push(() => profiles.stop());
    notifier.restore(stored.subscriptions, stored.nextSubscriptionId);
    this.#running.push(() => notifier.stop());

    const hookSide =
      hooks &&
      new HookSide({
        hooks,
        hub,
        gate,
        adapters,
        clock,
        random,
        logger: logger.child('hooks'),
        subscribed: () => featureSubscribers(notifier),
      });
    hookSide?.start();
    this.#running.push(() => hookSide?.stop());

    const { subscriber } = sip;
    const watcher = new Watcher({
      clock,
      random,
      logger,
      sender: subscriber,
      packages: eventPackages,
      view: (aor) => hub.view(aor),
      hasCalls: (aor) => hub.hasCalls(aor),
      profileFor: chooseProfile(config.phones.profiles),
      grant,
      say: (aor, event, said) => sayings.phones(aor, event, said),
    });
    const compositor = compositorOf(config, rights, {
      clock,
      random,
      logger: logger.child('compositor'),
      state: hub,
      store,
      apply: (event) => sayings.publication(event),
      grant,
    });
    compositor.restore(stored.publications);
    this.#running.push(() => compositor.stop());

    const points = await front.start(hookSide?.beforeAnswer(notifier.onSubscribe) ?? notifier.onSubscribe, {
      onPublish: compositor.onPublish,
      onNotify: (transaction) => subscriber.serve(transaction),
    });
    subscriber.listen(front.watches ? points : []);
    hub.onChange((change) => watcher.changed(change));
    this.#sip = points.map(({ transport, address, port }) => `${transport}:${hostPort(address, port)}`);

    const push = pushOf({ config, clock, random, logger, hub, adapters, notifier, store });
    push.start();

    this.#tellRestored(hub, notifier);
    // Together: one that hangs takes no time from the others.
    this.#running.push(async () => {
      await Promise.all([...adapters.values()].map((adapter) => adapter.stop()));
    });
    // before the PBXs: what is under way may still ask them
    this.#running.push(() => front.stop());
    this.#running.push(() => watcher.stop());
    this.#running.push(() => push.stop());
    const pressed = hookSide?.beforeTelling((event) => keys.pressed(event)) ?? ((event) => keys.pressed(event));
    const tell = (event: PbxEvent): void => {
      const heard = hookSide === null ? event : hookSide.heard(event);
      if (heard !== null) hub.apply(gate.attribute(heard));
    };
    for (const adapter of adapters.values()) {
      adapter.start((event) => {
        if (event.type === 'phone-key') void pressed(event);
        else tell(sip.phones?.devices.heard(event) ?? event);
      });
    }
    sip.phones?.phones.onChange((aor) => {
      for (const event of sip.phones?.devices.again(aor) ?? []) tell(event);
    });

    const served = { hub, adapters, store, gate, sip, front, notifier, watcher, push, compositor, profiles, hookSide };
    const http = httpServer({ config, clock, logger, version, ...served });
    const at = await http.start();
    this.#running.push(() => http.stop());
    this.#http = hostPort(at.address, at.port);
    logger.info({ sip: this.#sip, http: this.#http, subscriptions: stored.subscriptions.length }, 'ready for phones');
  }

  /** Reads the TLS certificate again. A bad one is logged, and the old one stays. */
  async reloadCertificate(): Promise<void> {
    await this.#sipSide?.reloadCertificate();
  }

  /** Newest room first, each within its time; sends no `terminated`: a restart is invisible to phones. */
  async stop(): Promise<void> {
    const { clock, logger } = this.#options;
    for (const stop of this.#running.splice(0).reverse()) {
      try {
        await within(clock, stopMs, Promise.resolve(stop()), () => undefined);
      } catch (error) {
        logger.error({ reason: String(error) }, 'a room did not stop cleanly');
      }
    }
  }

  /** Telling many restored subscriptions is a rehearsal of its own, and they wait. */
  async #rehearse(restored: number): Promise<void> {
    const { config, clock, random, logger, version } = this.#options;
    if (!config.sip.warmUp || restored > mostToRehearse) return;
    try {
      const answered = await rehearse({ clock, random, digest: config.sip.auth !== 'trusted', version });
      logger.debug({ answered }, 'rehearsed with phones of our own');
    } catch (error) {
      logger.debug({ reason: String(error) }, 'no rehearsal: the first requests will take longer');
    }
  }

  #adapter(pbx: PbxConfig, remembered: readonly FeatureRow[]): Promise<PbxAdapter> {
    const { clock, random, logger, config } = this.#options;
    const { name, type, domain: own, ...options } = pbx;
    const domains = domainsOf(config).filter((one) => own === undefined || one.name === own);
    const settings = { name, domain: own ?? config.domain, domains, options, remembered };
    return openAdapter(type, settings, { clock, random, logger: logger.child(`pbx ${name}`) });
  }

  /** Once: when every PBX has told its picture, or after `patienceMs` with the last truth. */
  #tellRestored(hub: Hub, notifier: Notifier): void {
    let timer: Timer | null = null;
    const go = (): void => {
      if (timer === null) return;
      timer.cancel();
      timer = null;
      notifier.start();
    };
    timer = this.#options.clock.after(patienceMs, go);
    hub.onLink(() => {
      if (hub.synced) go();
    });
    this.#running.push(() => timer?.cancel());
  }
}

function* featureSubscribers(notifier: Notifier): Iterable<Aor> {
  for (const { event, aor } of notifier.list()) if (event === 'as-feature-event') yield aor;
}

function hostPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
