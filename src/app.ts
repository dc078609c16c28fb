import type { Loaded, LoadResult } from './config/load.ts';
import { domainsOf } from './config/readings.ts';
import { eventPackages } from './event-packages/index.ts';
import { silentLogger } from './log.ts';
import { type Aor, aorOf } from './model/aor.ts';
import type { AuditRow } from './model/audit.ts';
import { type Clock, within } from './model/clock.ts';
import { hostPort } from './model/host-port.ts';
import type { LevelSwitch, Logger } from './model/logger.ts';
import { Meters } from './model/meters.ts';
import type { PbxEvent } from './model/pbx-event.ts';
import type { Random } from './model/random.ts';
import type { Notifier } from './notifier/notifier.ts';
import type { Grant } from './notifier/wishes.ts';
import { LogLevels } from './ops/log-levels.ts';
import { type RehearsalOptions, rehearse } from './rehearsal/rehearsal.ts';
import { SecurityLog } from './sip/security-log.ts';
import { Hub } from './state/hub.ts';
import { neverTried } from './state/links.ts';
import { SqliteStore } from './store/sqlite-store.ts';
import { ChangeLog } from './wiring/change-log.ts';
import { Current } from './wiring/current.ts';
import { gateOf } from './wiring/gate.ts';
import { HookPlace } from './wiring/hook-place.ts';
import { httpServer } from './wiring/http.ts';
import { PhoneKeys } from './wiring/keys.ts';
import { Lifecycle } from './wiring/lifecycle.ts';
import { liveSettings } from './wiring/live-settings.ts';
import { notifierOf, tellRestored } from './wiring/notifier.ts';
import { Pbxs } from './wiring/pbxs.ts';
import { ProfileRoom } from './wiring/profiles.ts';
import { compositorOf } from './wiring/publish.ts';
import { pushOf } from './wiring/push.ts';
import { rehearsedRooms } from './wiring/rehearsal.ts';
import { type Reloaded, Reloader, type ReloadOrigin } from './wiring/reload.ts';
import { sipSide } from './wiring/sip.ts';
import { TraceSide } from './wiring/trace.ts';
import { Sayings, watcherOf } from './wiring/watch.ts';

export interface AppOptions {
  /** The configuration as it was read, with where each value came from. */
  readonly loaded: Loaded;
  /** Reads it again. May throw a Fault. */
  readonly read: () => LoadResult;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Of that logger. */
  readonly levels: LevelSwitch;
  readonly version: string;
  /** How its commands are typed on this host: `npx lamplighter`. */
  readonly program: string;
}

/** Restored subscriptions up to which the start takes the time of a rehearsal. */
const mostToRehearse = 5_000;
/** A room that does not stop in this time is left behind; ms. All of them together end within 3 s of SIGTERM. */
const stopMs = 800;

/** The one place that knows every room: who is wired to whom, and in which order they start and stop. */
export class App {
  readonly #options: AppOptions;
  readonly #current: Current;
  /** For whoever watches over the daemon. */
  readonly lifecycle: Lifecycle;
  /** What has started, newest last: stopped in reverse. */
  readonly #running: (() => void | Promise<void>)[] = [];
  #sip: readonly string[] = [];
  #http = '';
  #hub: Hub | null = null;
  readonly #security: SecurityLog;
  #reloader: Reloader | null = null;

  constructor(options: AppOptions) {
    this.#options = options;
    this.#current = new Current(options.loaded.config);
    this.lifecycle = new Lifecycle(options);
    this.#security = new SecurityLog(options.logger, options.clock);
  }

  /** Where phones and admins reach it. */
  get bound(): { readonly sip: readonly string[]; readonly http: string; readonly domains: readonly string[] } {
    const domains = domainsOf(this.#current.config).map(({ name }) => name);
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
      return `PBX ${source.padEnd(11)} ${state}${detail}`;
    });
  }

  /** Some PBX has neither answered nor been given up on since the start, or is being read. */
  get waiting(): boolean {
    return this.#hub?.links().some(({ state, reason }) => reason === neverTried || state === 'stale') ?? false;
  }

  /** Throws a Fault where the daemon cannot work at all; a PBX that is away is not such a fault. */
  async start(): Promise<void> {
    const { loaded, read, clock, random, logger, levels, version } = this.#options;
    const current = this.#current;
    const { config } = current;
    const sources = config.pbx.map(({ name }) => name);
    const meters = new Meters({ events: eventPackages.map(({ event }) => event), pbxs: sources });

    const store = new SqliteStore({ path: config.store.path, clock, random, logger: logger.child('store'), meters });
    this.#running.push(() => store.close());
    const stored = store.load(clock.now());
    await this.#rehearse(stored.subscriptions.length);
    const { secret, registrations } = stored;

    const isPublished = (aor: Aor) => current.now.rights.covers(aor);
    const changes = new ChangeLog(logger, meters);
    const truth = { store: changes.over(store), secret, sources, isPublished, drift: meters.pbxDrift };
    const hub = new Hub({ clock, logger: logger.child('state'), ...truth });
    hub.load(stored);
    changes.watch(hub);
    this.#hub = hub;

    const pbxs = new Pbxs(hub, { clock, random, logger, meters });
    await pbxs.open(config, stored.features);
    const { adapters } = pbxs;
    const hooks = new HookPlace({
      hub,
      adapters,
      current,
      clock,
      random,
      logger: logger.child('hooks'),
      counts: meters.hooks,
      subscribed: () => featureSubscribers(notifier),
    });
    const appendAudit = (row: AuditRow) => {
      changes.told(row);
      store.appendAudit(row);
    };
    const security = this.#security;
    const { hooks: hook } = hooks;
    const gate = gateOf({ current, clock, logger, security, hub, adapters, hooks: hook, appendAudit, meters });
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

    const trace = new TraceSide(config, clock, logger);
    this.#running.push(() => trace.stop());
    const owner = (user: string, domain: string) => hub.ownerOf(aorOf(user, domain));
    const isAway = (pbx: string) => hub.links().some(({ source, state }) => source === pbx && state !== 'up');
    const { tap } = trace;
    const tools = { clock, random, logger, version, security, meters };
    const sip = sipSide({ ...tools, current, adapters, owner, isAway, secret, store, registrations, tap });
    const { front, subscriber } = sip;
    this.#running.push(() => sip.close());
    const profiles = new ProfileRoom({ config, clock, logger }, store, stored.profiles);
    const { shelves } = profiles;
    const { notifier, lists } = notifierOf({
      ...{ current, clock, random, logger, store, grant, hub, sip, shelves, meters },
      onEnded: (subscription) => trace.ended(subscription),
    });
    trace.knows({ subscriptions: () => notifier.calls(), aorFor: sip.aorFor });
    // before anybody is known who could be told
    await profiles.start();
    this.#running.push(() => profiles.stop());
    const subscriptions = notifier.restore(stored.subscriptions, stored.nextSubscriptionId);
    this.#running.push(() => notifier.stop());

    hooks.start(gate);
    this.#running.push(() => hooks.stop());

    const say = sayings.phones.bind(sayings);
    const watcher = watcherOf({ current, clock, random, logger, sender: subscriber, hub, grant, say });
    const compositor = compositorOf(current, {
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

    const points = await front.start(hooks.beforeAnswer(notifier.onSubscribe), {
      onPublish: compositor.onPublish,
      onNotify: (transaction) => subscriber.serve(transaction),
    });
    subscriber.listen(front.watches ? points : []);
    hub.onChange((change) => watcher.changed(change));
    this.#sip = points.map(({ transport, address, port }) => `${transport}:${hostPort(address, port)}`);

    const push = pushOf({ current, clock, random, logger, hub, adapters, notifier, store, meters });
    push.start();

    this.#running.push(tellRestored(hub, notifier, clock));
    this.#running.push(() => pbxs.stop());
    // before the PBXs: what is under way may still ask them
    this.#running.push(() => front.stop());
    this.#running.push(() => watcher.stop());
    this.#running.push(() => push.stop());
    const pressed = hooks.beforeTelling((event) => keys.pressed(event));
    const tell = (event: PbxEvent): void => {
      const heard = hooks.heard(event);
      if (heard !== null) hub.apply(gate.attribute(heard));
    };
    pbxs.start((event) => {
      if (event.type === 'phone-key') void pressed(event);
      else tell(sip.phones?.devices.heard(event) ?? event);
    });
    sip.phones?.phones.onChange((aor) => {
      for (const event of sip.phones?.devices.again(aor) ?? []) tell(event);
    });

    const logLevels = new LogLevels(levels, clock);
    this.#running.push(() => logLevels.stop());
    const rooms = { current, hub, gate, hooks, notifier, lists, compositor, watcher, push, profiles, logLevels };
    const stages = [liveSettings(rooms), sip.stage, hooks, pbxs, trace];
    const { lifecycle } = this;
    const reloader = new Reloader({ loaded, read, current, stages, lifecycle, logger: logger.child('reload') });
    const { desk: traced } = trace;
    const http = httpServer({
      ...tools,
      ...rooms,
      adapters,
      store,
      sip,
      front,
      configuration: reloader,
      trace: traced,
      program: this.#options.program,
    });
    stages.push(http.stage);
    const at = await http.server.start();
    this.#running.push(() => http.server.stop());
    this.#reloader = reloader;
    this.#running.push(() => reloader.stop());
    this.#http = hostPort(at.address, at.port);
    lifecycle.watch(() => store.audit({ limit: 1 }));
    this.#running.push(() => lifecycle.stop());
    logger.info({ sip: this.#sip, http: this.#http, subscriptions }, 'ready for phones');
    lifecycle.enter('ready');
  }

  /** Reads the configuration again, and puts in place what can change without a restart. Never rejects. */
  async reload(origin: ReloadOrigin): Promise<Reloaded | null> {
    return this.#reloader?.reload(origin) ?? null;
  }

  /** Newest room first, each within its time; sends no `terminated`: a restart is invisible to phones. */
  async stop(): Promise<void> {
    const { clock, logger } = this.#options;
    this.lifecycle.enter('stopping');
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
    const { clock, random, logger, version } = this.#options;
    const { config } = this.#current;
    if (!config.sip.warmUp || restored > mostToRehearse) return;
    try {
      const tools = { clock, random, logger: silentLogger() };
      const rooms: RehearsalOptions['rooms'] = (...given) => rehearsedRooms({ ...tools, version, config }, ...given);
      const answered = await rehearse({ ...tools, rooms });
      logger.debug({ answered }, 'rehearsed with phones of our own');
    } catch (error) {
      logger.debug({ reason: String(error) }, 'no rehearsal: the first requests will take longer');
    }
  }
}

function* featureSubscribers(notifier: Notifier): Iterable<Aor> {
  for (const { event, aor } of notifier.list()) if (event === 'as-feature-event') yield aor;
}
