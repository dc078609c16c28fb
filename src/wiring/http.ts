import type { PbxAdapter } from '../../adapters/adapter.ts';
import type { Gate } from '../commands/gate.ts';
import { phoneEvents } from '../commands/phone-orders.ts';
import type { Compositor } from '../compositor/compositor.ts';
import { parseHostPort } from '../config/listen-point.ts';
import { domainsOf, groupsOf } from '../config/readings.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { Meters } from '../model/meters.ts';
import type { TraceDesk } from '../model/trace.ts';
import type { Notifier } from '../notifier/notifier.ts';
import type { ConfigDesk, Health, OpsDeps } from '../ops/deps.ts';
import { HttpServer } from '../ops/http.ts';
import type { LogLevels } from '../ops/log-levels.ts';
import { Metrics } from '../ops/metrics/metrics.ts';
import type { Push } from '../push/push.ts';
import { LocalAddresses } from '../sip/local-addresses.ts';
import type { SecurityLog } from '../sip/security-log.ts';
import type { SipFront } from '../sip/sip-front.ts';
import type { Hub } from '../state/hub.ts';
import type { SqliteStore } from '../store/sqlite-store.ts';
import type { Store } from '../store/store.ts';
import type { Watcher } from '../watcher/watcher.ts';
import { examination } from './checks.ts';
import type { Current } from './current.ts';
import type { HookPlace } from './hook-place.ts';
import type { HookSide } from './hooks.ts';
import { httpAccess } from './http-access.ts';
import { roomReaders } from './metrics.ts';
import { type ProfileRoom, phoneOrders } from './profiles.ts';
import { provisionDesk } from './provision.ts';
import { setupDesk } from './setup.ts';
import { simulators } from './simulators.ts';
import type { SipSide } from './sip.ts';
import type { Stage } from './stages.ts';
import { type SipWays, waysOf } from './ways.ts';

export interface HttpSide {
  readonly current: Current;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  readonly program: string;
  readonly hub: Hub;
  readonly adapters: ReadonlyMap<string, PbxAdapter>;
  readonly store: Store & Pick<SqliteStore, 'sizes' | 'waiting'>;
  readonly meters: Meters;
  readonly security: Pick<SecurityLog, 'counts' | 'refusedLogins'>;
  readonly gate: Gate;
  readonly front: SipFront;
  readonly notifier: Notifier;
  readonly watcher: Watcher;
  readonly push: Push;
  readonly sip: Pick<SipSide, 'ways' | 'phones' | 'unserved'>;
  readonly compositor: Compositor;
  readonly profiles: ProfileRoom;
  /** Absent: no messages are kept. */
  readonly trace?: TraceDesk | undefined;
  readonly hooks: Pick<HookPlace, 'side' | 'hooks'>;
  readonly configuration: ConfigDesk;
  readonly logLevels: LogLevels;
}

/** The admin's window, and its part in a reload. */
interface HttpRoom {
  readonly server: HttpServer;
  readonly stage: Stage;
}

/** The admin's window, with what it may see and do of each room. Nothing is bound before its `start`. */
export function httpServer(side: HttpSide): HttpRoom {
  const { current, clock, logger, version, hub, adapters, store, gate, notifier, watcher, compositor, hooks } = side;
  const phones = side.sip.phones?.phones ?? null;
  const orders = phoneOrders(side, (aor) => adapters.get(hub.ownerOf(aor) ?? ''), notifier, side.front, phones);
  const healthNow = () => health(hub, store.health(), side.sip.ways);
  const ways = () =>
    waysOf({
      config: current.config,
      sip: side.sip.ways,
      paths: () => notifier.paths(),
      pushRules: current.config.push.length,
    });
  const addresses = new LocalAddresses(clock);
  const isReady = () => healthNow().ready;
  const eventClients = () => server.eventClients;
  const readers = roomReaders({ ...side, sip: side.sip.ways, isReady, eventClients });
  const metrics = new Metrics(readers, clock);
  const depsOf = (config: Config, hookSide: HookSide | null): OpsDeps => ({
    hub: {
      view: (aor) => hub.view(aor),
      list: () => hub.list().map((aor) => hub.view(aor)),
      lamps: () => hub.lamps().map((aor) => hub.view(aor)),
      links: () => hub.links(),
      onChange: (listener) => hub.onChange(listener),
      onLink: (listener) => hub.onLink(listener),
    },
    subscriptions: notifier,
    watched: watcher,
    pushed: side.push,
    phones: phones ?? undefined,
    publications: {
      list: (aor) => compositor.list(aor),
      remove: (id) => compositor.remove(id),
      setMailbox: (aor, counts, expires, from) => compositor.setMailbox(aor, counts, expires, from),
      clearMailbox: (aor) => compositor.clearMailbox(aor),
      ownsMailbox: (aor) => hub.ownsMailbox(aor),
    },
    grant: (wish) => gate.grant(wish),
    grantAgent: (wish) => gate.grantAgent(wish),
    profiles: side.profiles.desk,
    phoneOrders: { events: phoneEvents, send: (order) => orders.send(order) },
    audit: (query) => store.audit(query),
    readHooks: hookSide === null ? undefined : (aor) => hookSide.read(aor),
    expose: hookSide === null ? undefined : (aor) => hookSide.expose(aor),
    health: healthNow,
    trace: side.trace,
    metrics,
    logLevels: side.logLevels,
    configuration: side.configuration,
    ways,
    examine: examination({ ...side, config, ways, phones, storeFailure: () => store.health() }),
    setup: setupDesk(config, side.configuration.view().files[0] ?? null, clock, logger),
    // TEST-NET-1: nobody is there, so it is the address that faces everybody
    provision: () =>
      provisionDesk({ config, domains: domainsOf(config), ways, ownAddress: () => addresses.facing('192.0.2.1') }),
    simulator: simulators(adapters, config),
    domains: domainsOf(config),
    groups: groupsOf(config),
    listen: parseHostPort(config.http.listen),
    ...httpAccess(config),
    clock,
    logger,
    version,
    program: side.program,
  });
  const deps = () => depsOf(current.config, hooks.side);
  const server: HttpServer = new HttpServer(deps());
  // all of it is made anew: what is kept is the listener, and the clients of event streams
  const commit = (): void => server.exchange(deps());
  return { server, stage: { name: 'http', prepare: () => ({ commit }) } };
}

function health(hub: Hub, storeFailure: string | null, { engine }: SipWays): Health {
  const sip = engine?.();
  const checks = [
    ...hub.links().map(({ source, state, reason }) => ({
      name: `pbx ${source}`,
      ok: state === 'up',
      reason: state === 'up' ? null : (reason ?? state),
    })),
    { name: 'store', ok: storeFailure === null, reason: storeFailure },
    // bound at start, or there is no daemon; where they are another's, he can be away
    sip === undefined
      ? { name: 'listeners', ok: true, reason: null }
      : { name: 'drachtio', ok: sip.up, reason: sip.reason },
  ];
  return { ready: checks.every(({ ok }) => ok), checks };
}
