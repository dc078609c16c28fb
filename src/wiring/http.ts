import type { PbxAdapter } from '../../adapters/adapter.ts';
import type { Gate } from '../commands/gate.ts';
import { phoneEvents } from '../commands/phone-orders.ts';
import type { Compositor } from '../compositor/compositor.ts';
import { parseHostPort } from '../config/listen-point.ts';
import { domainsOf, groupsOf } from '../config/readings.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { Notifier } from '../notifier/notifier.ts';
import type { Health } from '../ops/deps.ts';
import { HttpServer } from '../ops/http.ts';
import type { Push } from '../push/push.ts';
import type { SipFront } from '../sip/sip-front.ts';
import type { Hub } from '../state/hub.ts';
import type { Store } from '../store/store.ts';
import type { Watcher } from '../watcher/watcher.ts';
import type { HookSide } from './hooks.ts';
import { type ProfileRoom, phoneOrders } from './profiles.ts';
import { simulators } from './simulators.ts';
import type { SipSide } from './sip.ts';
import { type SipWays, waysOf } from './ways.ts';

export interface HttpSide {
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  readonly hub: Hub;
  readonly adapters: ReadonlyMap<string, PbxAdapter>;
  readonly store: Store;
  readonly gate: Gate;
  readonly front: SipFront;
  readonly notifier: Notifier;
  readonly watcher: Watcher;
  readonly push: Push;
  readonly sip: Pick<SipSide, 'ways' | 'phones'>;
  readonly compositor: Compositor;
  readonly profiles: ProfileRoom;
  /** null: there are no hooks. */
  readonly hookSide: HookSide | null;
}

/** The admin's window, with what it may see and do of each room. Nothing is bound before its `start`. */
export function httpServer(side: HttpSide): HttpServer {
  const { config, clock, logger, version, hub, adapters, store, gate, notifier, watcher, compositor, hookSide } = side;
  const phones = side.sip.phones?.phones ?? null;
  const orders = phoneOrders(side, (aor) => adapters.get(hub.ownerOf(aor) ?? ''), notifier, side.front, phones);
  return new HttpServer({
    hub: {
      view: (aor) => hub.view(aor),
      list: () => hub.list().map((aor) => hub.view(aor)),
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
    health: () => health(hub, store.health(), side.sip.ways),
    ways: () => waysOf({ config, sip: side.sip.ways, paths: () => notifier.paths(), pushRules: config.push.length }),
    simulator: simulators(adapters, config),
    domains: domainsOf(config),
    groups: groupsOf(config),
    listen: parseHostPort(config.http.listen),
    token: config.http.token ?? null,
    clock,
    logger,
    version,
  });
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
