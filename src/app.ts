import type { PbxAdapter } from '../adapters/adapter.ts';
import { openAdapter } from '../adapters/host.ts';
import { Gate } from './commands/gate.ts';
import { makePolicy, type TargetPolicy } from './commands/policy.ts';
import { parseHostPort, parseListenPoint } from './config/listen-point.ts';
import { chooseProfile } from './config/readings.ts';
import type { Config, PbxConfig } from './config/schema.ts';
import { eventPackages } from './event-packages/index.ts';
import { aorOf } from './model/aor.ts';
import type { AuditRow } from './model/audit.ts';
import { type Clock, type Timer, within } from './model/clock.ts';
import { Fault } from './model/errors.ts';
import type { FeatureRow, FeatureValue, Wish } from './model/feature.ts';
import type { Logger } from './model/logger.ts';
import { type Outcome, refused } from './model/outcome.ts';
import type { Random } from './model/random.ts';
import { Notifier } from './notifier/notifier.ts';
import { HttpServer } from './ops/http.ts';
import { Authenticator } from './sip/auth/authenticator.ts';
import { factsFor } from './sip/auth/realm.ts';
import { TrustedNetworks } from './sip/auth/trusted-networks.ts';
import { EmbeddedEngine } from './sip/embedded/engine.ts';
import type { StreamOptions } from './sip/embedded/transports.ts';
import { isLoopback, LocalAddresses } from './sip/local-addresses.ts';
import { AdvertisedName } from './sip/locate/advertised-name.ts';
import { CachedResolver } from './sip/locate/cached-resolver.ts';
import { Locator } from './sip/locate/locator.ts';
import { DnsResolver, type NameResolver } from './sip/locate/name-resolver.ts';
import { RelocatingEngine } from './sip/locate/relocating-engine.ts';
import { Relocation } from './sip/locate/relocation.ts';
import { hostOf, Places } from './sip/places.ts';
import { SecurityLog } from './sip/security-log.ts';
import { SipFront } from './sip/sip-front.ts';
import { Hub } from './state/hub.ts';
import { neverTried } from './state/links.ts';
import { SqliteStore } from './store/sqlite-store.ts';

export interface AppOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly version: string;
}

/** Stored subscriptions get their NOTIFY when the PBX has told its picture, or after this long without one; ms. */
const patienceMs = 10_000;
/** A room that does not stop in this time is left behind; ms. All of them together stay under the 3 s of product. */
const stopMs = 800;
/** Of which the SIP side gives what is under way: answers to requests that are here, and those to its NOTIFYs; ms. */
const drainMs = 300;

/** The one place that knows every room: who is wired to whom, and in which order they start and stop. */
export class App {
  readonly #options: AppOptions;
  /** What has started, newest last: stopped in reverse. */
  readonly #running: (() => void | Promise<void>)[] = [];
  #sip: readonly string[] = [];
  #http = '';
  #hub: Hub | null = null;
  readonly #security: SecurityLog;
  #engine: EmbeddedEngine | null = null;

  constructor(options: AppOptions) {
    this.#options = options;
    this.#security = new SecurityLog(options.logger, options.clock);
  }

  /** Where phones and admins reach it. */
  get bound(): { readonly sip: readonly string[]; readonly http: string; readonly domain: string } {
    return { sip: this.#sip, http: this.#http, domain: this.#options.config.domain };
  }

  /** What is known of the PBXs at this moment, a line each. */
  get found(): readonly string[] {
    const hub = this.#hub;
    if (hub === null) return [];
    return hub.links().map(({ source, state, reason }) => {
      const detail = state === 'up' ? `, ${hub.list().length} extensions` : reason === null ? '' : `: ${reason}`;
      return `PBX ${source.padEnd(12)} ${state}${detail}`;
    });
  }

  /** Some PBX has neither answered nor been given up on since the start. */
  get waiting(): boolean {
    return this.#hub?.links().some(({ reason }) => reason === neverTried) ?? false;
  }

  /** Throws a Fault where the daemon cannot work at all; a PBX that is away is not such a fault. */
  async start(): Promise<void> {
    const { config, clock, random, logger, version } = this.#options;

    const store = new SqliteStore({ path: config.store.path, clock, random, logger: logger.child('store') });
    this.#running.push(() => store.close());
    const stored = store.load(clock.now());

    const sources = config.pbx.map(({ name }) => name);
    const hub = new Hub({ clock, logger: logger.child('state'), store, secret: stored.secret, sources });
    hub.load(stored);
    this.#hub = hub;

    const adapters = new Map<string, PbxAdapter>();
    for (const pbx of config.pbx) adapters.set(pbx.name, await this.#adapter(pbx, stored.features));
    const gate = new Gate({
      clock,
      logger,
      view: (aor) => hub.view(aor),
      isExtension: (aor) => hub.isExtension(aor),
      sourceFor: (aor) => hub.ownerOf(aor),
      apply: (event) => hub.apply(event),
      ask: (wish, deadlineMs) => ask(adapters.get(hub.ownerOf(wish.aor) ?? ''), wish, deadlineMs),
      policy: policyOf(config),
      audit: (row) => {
        store.appendAudit(row);
        this.#reportRefusal(row);
      },
    });
    hub.onChange((change) => gate.observe(change));

    const front = this.#front(adapters, (user) => hub.ownerOf(aorOf(user, config.domain)), stored.secret);
    const notifier = new Notifier({
      clock,
      random,
      logger: logger.child('notifier'),
      packages: eventPackages,
      state: hub,
      sender: front,
      store,
      grant: (wish) => gate.grant(wish),
      profileFor: chooseProfile(config.phones.profiles),
      limits: { perUser: 300, perAddress: 3000 },
      expirySpread: config.sip.expirySpread,
    });
    notifier.restore(stored.subscriptions, stored.nextSubscriptionId);
    this.#running.push(() => notifier.stop());

    const points = await front.start(notifier.onSubscribe);
    this.#sip = points.map(({ transport, address, port }) => `${transport}:${hostPort(address, port)}`);

    this.#tellRestored(hub, notifier);
    // Together: one that hangs takes no time from the others.
    this.#running.push(async () => {
      await Promise.all([...adapters.values()].map((adapter) => adapter.stop()));
    });
    // before the PBXs: what is under way may still ask them
    this.#running.push(() => front.stop());
    for (const adapter of adapters.values()) adapter.start((event) => hub.apply(gate.attribute(event)));

    const http = new HttpServer({
      hub: {
        view: (aor) => hub.view(aor),
        list: () => hub.list().map((aor) => hub.view(aor)),
        links: () => hub.links(),
        onChange: (listener) => hub.onChange(listener),
        onLink: (listener) => hub.onLink(listener),
      },
      subscriptions: notifier,
      grant: (wish) => gate.grant(wish),
      audit: (query) => store.audit(query),
      health: () => health(hub, store.health()),
      simulator: [...adapters.values()].find(({ simulator }) => simulator !== undefined)?.simulator ?? null,
      domain: config.domain,
      listen: parseHostPort(config.http.listen),
      token: config.http.token ?? null,
      clock,
      logger,
      version,
    });
    const at = await http.start();
    this.#running.push(() => http.stop());
    this.#http = hostPort(at.address, at.port);
    logger.info({ sip: this.#sip, http: this.#http, subscriptions: stored.subscriptions.length }, 'ready for phones');
  }

  /** Reads the TLS certificate again. A bad one is logged, and the old one stays. */
  async reloadCertificate(): Promise<void> {
    await this.#engine?.reloadCertificate();
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

  #adapter(pbx: PbxConfig, remembered: readonly FeatureRow[]): Promise<PbxAdapter> {
    const { clock, random, logger, config } = this.#options;
    const { name, type, ...options } = pbx;
    const settings = { name, domain: config.domain, options, remembered };
    return openAdapter(type, settings, { clock, random, logger: logger.child(`pbx ${name}`) });
  }

  #front(adapters: ReadonlyMap<string, PbxAdapter>, owner: (user: string) => string | null, secret: Buffer): SipFront {
    const { config, clock, random, logger, version } = this.#options;
    const { sip, domain, aliases } = config;
    const listen = sip.listen.map(parseListenPoint);
    const serverName = `Lamplighter/${version}`;
    const log = logger.child('sip');
    const security = this.#security;
    const users = new Map(sip.users.map(({ user, password }) => [user, { realm: domain, password }]));
    const advertise = sip.advertise ?? null;
    const addresses = new LocalAddresses(clock);
    const dns = new DnsResolver();
    this.#running.push(() => dns.close());
    const resolver = new CachedResolver(dns, clock);
    const advertised = new AdvertisedName(hostOf(advertise ?? ''), resolver, clock);
    void advertised.refresh();
    const hosts = listen.map(({ address }) => address);
    const places = new Places({ domain, aliases, advertise, listen: hosts, addresses, advertised });
    const authenticator = new Authenticator({
      mode: sip.auth,
      trusted: sip.trusted,
      lookup: async (user) =>
        sip.auth === 'users' ? (users.get(user) ?? null) : credentials(adapters, owner(user), user),
      facts: (user) => {
        const own = user === null ? null : owner(user);
        const facts = sip.auth === 'users' ? { realm: domain, md5Only: false } : digestFor(adapters, own, user, secret);
        // COMPAT(baresip 1, sipsak): they give up where the first offer is no MD5
        return facts === null ? null : { ...facts, md5Only: facts.md5Only || sip.digest === 'md5' };
      },
      secret,
      domain,
      isOurs: (host) => places.isOurs(host),
      clock,
      random,
      security,
    });
    const engine = new EmbeddedEngine({
      listen,
      clock,
      random,
      logger: log,
      serverName,
      streams: streamsOf(sip),
      perSource: sip.limits.perSource,
      exempt: exemptOf(sip),
      drainMs,
      security,
      ...(advertise === null ? {} : { advertise: hostOf(advertise) }),
    });
    this.#engine = engine;
    return new SipFront({
      engine: sip.auth === 'trusted' ? this.#relocating(engine, resolver, addresses) : engine,
      random,
      logger: log,
      authenticator,
      places,
      allowEvents: eventPackages.map(({ event }) => event),
      accepts: eventPackages.flatMap(({ requestTypes }) => requestTypes ?? []),
      maxBodyBytes: 65_536,
      advertise,
      security,
    });
  }

  /** A phone wished what the policy forbids: with a stolen password the first sign of toll fraud. */
  #reportRefusal({ decision, origin, aor, feature, wished, reason }: AuditRow): void {
    if (decision !== 'refused' || origin.kind !== 'phone') return;
    const [, transport, bare, bracketed] = /^(\w+):(?:([^[\]:]+)|\[([^\]]+)\]):\d+$/.exec(origin.from ?? '') ?? [];
    const proven = this.#options.config.sip.auth !== 'trusted' || transport !== 'udp';
    const detail = `${feature} ${wished?.enabled ? 'on' : 'off'} ${wished?.target ?? ''} for ${aor}: ${reason}`;
    this.#security.report('wish-refused', { address: bare ?? bracketed ?? '', proven }, { user: origin.who, detail });
  }

  /** Proxies in front that were restarted are connected to again, as far as `sip.trusted` goes. */
  #relocating(engine: EmbeddedEngine, resolver: NameResolver, addresses: LocalAddresses): RelocatingEngine {
    const { config, clock, random, logger } = this.#options;
    const listen = config.sip.listen.map(parseListenPoint);
    const trusted = new TrustedNetworks(config.sip.trusted);
    const families = [...new Set(listen.map(({ address }) => (address.includes(':') ? 6 : 4)))];
    const isOwn = (address: string) => addresses.has(address);
    const relocation = new Relocation({
      locator: new Locator({ resolver, clock, random, logger, families, isOwn }),
      isTrusted: (address) => trusted.has(address),
      isSelf: ({ address, port }) => isOwn(address) && listen.some((point) => point.port === port),
    });
    return new RelocatingEngine({ engine, relocation, clock, logger });
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

async function ask(adapter: PbxAdapter | undefined, wish: Wish, deadlineMs: number): Promise<Outcome<FeatureValue>> {
  return adapter?.setFeature(wish, deadlineMs) ?? refused('pbx-away', 'no PBX has this extension');
}

function streamsOf({ tls, webSocketOrigins, connections, auth, trusted }: Config['sip']): StreamOptions {
  const networks = new TrustedNetworks(auth === 'trusted' ? trusted : []);
  return {
    ...(tls === undefined ? {} : { tls }),
    webSocketOrigins,
    limits: connections,
    isTrusted: (address) => networks.has(address),
  };
}

/** Not counted by `sip.limits`: this host, and the proxies and media gateways an admin trusts with everybody's name. */
function exemptOf({ auth, trusted }: Config['sip']): (address: string) => boolean {
  const networks = new TrustedNetworks(auth === 'trusted' ? trusted : []);
  return (address) => isLoopback(address) || networks.has(address);
}

function policyOf({ aliases, features }: Config): TargetPolicy {
  const policy = makePolicy({ ...features.policy, aliases });
  if (!policy.ok) throw new Fault('config-invalid', `features.policy: ${policy.refusal.message}`);
  return policy.value;
}

/** Of the PBX that has the extension, and of no other: the same number at another PBX is another user. */
async function credentials(adapters: ReadonlyMap<string, PbxAdapter>, owner: string | null, user: string) {
  const known = owner === null ? undefined : adapters.get(owner);
  if (known !== undefined) return known.credentials(user);
  for (const adapter of adapters.values()) {
    const found = await adapter.credentials(user);
    if (found !== null) return found;
  }
  return null;
}

function digestFor(
  adapters: ReadonlyMap<string, PbxAdapter>,
  owner: string | null,
  user: string | null,
  secret: Buffer,
) {
  const own = owner === null ? null : (adapters.get(owner)?.digest() ?? null);
  const all = [...adapters.values()].flatMap((adapter) => adapter.digest() ?? []);
  return factsFor(user, own, all, secret);
}

function health(hub: Hub, storeFailure: string | null) {
  const checks = [
    ...hub.links().map(({ source, state, reason }) => ({
      name: `pbx ${source}`,
      ok: state === 'up',
      reason: state === 'up' ? null : (reason ?? state),
    })),
    { name: 'store', ok: storeFailure === null, reason: storeFailure },
    // bound at start, or there is no daemon
    { name: 'listeners', ok: true, reason: null },
  ];
  return { ready: checks.every(({ ok }) => ok), checks };
}

function hostPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
