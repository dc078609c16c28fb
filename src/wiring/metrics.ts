import type { Compositor } from '../compositor/compositor.ts';
import type { Clock } from '../model/clock.ts';
import { featureNames } from '../model/feature.ts';
import type { Meters } from '../model/meters.ts';
import type { Tally } from '../model/tally.ts';
import type { DialogView, ResourceView } from '../model/views.ts';
import type { Notifier } from '../notifier/notifier.ts';
import type { RoomReaders } from '../ops/metrics/metrics.ts';
import { one, type Sample } from '../ops/metrics/reading.ts';
import type { SecurityLog } from '../sip/security-log.ts';
import type { Hub } from '../state/hub.ts';
import type { SqliteStore } from '../store/sqlite-store.ts';
import type { Watcher } from '../watcher/watcher.ts';
import { callWord, callWords } from './call-word.ts';
import type { SipWays } from './ways.ts';

/** The rooms that have something to tell when `/metrics` is asked for. */
export interface MetricsSide {
  readonly version: string;
  readonly clock: Clock;
  readonly meters: Meters;
  readonly security: Pick<SecurityLog, 'counts'>;
  readonly hub: Pick<Hub, 'list' | 'view' | 'links'>;
  readonly notifier: Pick<Notifier, 'census'>;
  readonly compositor: Pick<Compositor, 'list'>;
  readonly watcher: Pick<Watcher, 'list'>;
  readonly store: Pick<SqliteStore, 'health' | 'sizes' | 'waiting'>;
  readonly sip: SipWays;
  readonly isReady: () => boolean;
  readonly eventClients: () => number;
}

/** Events of the security log that are about who somebody is; the others have a metric of their own. */
const authEvents: ReadonlySet<string> = new Set([
  'auth-failed',
  'unknown-user',
  'not-trusted',
  'nonce-replay',
  'auth-unavailable',
]);

/** A lamp that shows one of these for so long is held to be stuck; milliseconds. */
const longestRingMs = 10 * 60_000;
const longestCallMs = 12 * 3_600_000;

/** Where each metric of the rooms is read. */
export function roomReaders(side: MetricsSide): RoomReaders {
  const { meters, security } = side;
  return {
    lamplighter_build_info: () => [[[side.version, process.version], 1]],
    lamplighter_ready: () => one(side.isReady()),
    ...subscriptionReaders(side),
    ...extensionReaders(side),
    ...wishReaders(side),
    ...pbxReaders(side),
    ...sipReaders(side),
    ...relayReaders(side),
    ...storeReaders(side),
    lamplighter_hook_calls_total: () => cells(meters.hooks),
    authFailures: () => [...rows(security.counts)].filter(([[event = '']]) => authEvents.has(event)),
    lamplighter_security_events_total: () =>
      [...rows(security.counts)].filter(([[event = '']]) => !authEvents.has(event)),
    eventClients: side.eventClients,
  };
}

function subscriptionReaders({ meters, notifier, compositor, watcher }: MetricsSide) {
  const census = (what: 'living' | 'unanswered') => () =>
    notifier.census().map((count): Sample => [[count.event, count.transport], count[what]]);
  return {
    lamplighter_subscriptions: census('living'),
    lamplighter_subscriptions_unanswered: census('unanswered'),
    lamplighter_subscriptions_begun_total: () => rows(meters.births),
    lamplighter_subscriptions_ended_total: () => cells(meters.endings),
    lamplighter_subscribe_total: () => cells(meters.subscribes),
    lamplighter_notify_total: () => cells(meters.notifies),
    lamplighter_notify_seconds: () => [...meters.notifySeconds].map(([event, spread]) => [[event], spread] as const),
    lamplighter_publish_total: () => cells(meters.publishes),
    lamplighter_publications: () => counted(compositor.list().map(({ event }) => event)),
    lamplighter_phone_watches: () => counted(watcher.list().map(({ state }) => state)),
    lamplighter_pushes_total: () => cells(meters.pushes),
  };
}

function extensionReaders({ hub, clock }: MetricsSide) {
  const all = () => hub.list().map((aor) => hub.view(aor));
  return {
    lamplighter_extensions: () => counted(all().map(stateOf), [...callWords, 'unregistered']),
    lamplighter_extensions_stale: () => one(all().filter(({ stale }) => stale).length),
    lamplighter_dialogs: () => counted(all().flatMap(({ dialogs }) => dialogs.map(({ phase }) => phase))),
    lamplighter_stuck_dialogs: () =>
      one(
        all()
          .flatMap(({ dialogs }) => dialogs)
          .filter(isStuck(clock.now())).length,
      ),
    lamplighter_features_enabled: () => {
      const views = all();
      return featureNames.map(
        (name): Sample => [[name], views.filter(({ features }) => features[name].enabled).length],
      );
    },
  };
}

function stateOf(view: ResourceView): string {
  const word = callWord(view);
  return word === 'idle' && view.contacts === 0 ? 'unregistered' : word;
}

function isStuck(now: number): (dialog: DialogView) => boolean {
  return ({ phase, since }) => now - since > (phase === 'confirmed' ? longestCallMs : longestRingMs);
}

function wishReaders({ meters }: MetricsSide) {
  return {
    lamplighter_feature_changes_total: () => cells(meters.features),
    lamplighter_wishes_total: () => rows(meters.wishes),
    lamplighter_wishes_refused_total: () => cells(meters.refusals),
    lamplighter_loop_suppressed_total: (): readonly Sample[] => [
      [['equal'], meters.wishes.of('equal')],
      [['oscillating'], meters.refusals.of('refused', 'oscillating')],
    ],
  };
}

function pbxReaders({ meters, hub }: MetricsSide) {
  return {
    lamplighter_pbx_up: () => hub.links().map(({ source, state }): Sample => [[source], Number(state === 'up')]),
    lamplighter_pbx_link_changes_total: () => cells(meters.pbxLinks),
    lamplighter_pbx_resyncs_total: () =>
      hub.links().map(({ source }): Sample => [[source], meters.pbxEvents.of(source, 'snapshot')]),
    lamplighter_pbx_drift_total: () => rows(meters.pbxDrift),
    lamplighter_pbx_events_total: () => cells(meters.pbxEvents),
    lamplighter_pbx_event_lag_seconds: () => [...meters.lags()].map(([pbx, spread]) => [[pbx], spread] as const),
  };
}

function sipReaders({ meters, sip }: MetricsSide) {
  const load = () => sip.load?.() ?? null;
  const drachtio = () => sip.engine?.() ?? null;
  return {
    lamplighter_sip_received_total: () => received(sip),
    lamplighter_sip_requests_total: () => cells(meters.answers),
    lamplighter_sip_transactions: (): readonly Sample[] => {
      const now = load();
      if (now === null) return [];
      const { server, pending, client, relays } = now;
      return [
        [['server'], server],
        [['pending'], pending],
        [['client'], client],
        [['relay'], relays],
      ];
    },
    lamplighter_sip_backlog: () => one(load()?.backlog ?? null),
    lamplighter_sip_shed_total: () => one(meters.shed.of('shed')),
    lamplighter_sip_connections: () => [...(load()?.connections ?? [])].map(([name, count]): Sample => [[name], count]),
    lamplighter_sip_sources: () => one(load()?.sources ?? null),
    lamplighter_source_limited_total: () => rows(meters.limited),
    lamplighter_tls_certificate_expires_seconds: () => {
      const until = load()?.tlsValidTo ?? null;
      return one(until === null ? null : until / 1000);
    },
    lamplighter_drachtio_up: () => one(drachtio()?.up ?? null),
  };
}

/** Listeners of one transport together: their addresses may be many. */
function received({ heard }: SipWays): readonly Sample[] {
  const sums = new Map<string, number>();
  for (const { transport, requests } of heard.list()) {
    for (const [method, count] of Object.entries(requests)) {
      const key = `${transport} ${method}`;
      sums.set(key, (sums.get(key) ?? 0) + count);
    }
  }
  return [...sums].map(([key, count]): Sample => [key.split(' '), count]);
}

function relayReaders({ meters, sip }: MetricsSide) {
  return {
    lamplighter_relay_requests_total: () => (sip.upstreams === undefined ? [] : rows(meters.relayed)),
    lamplighter_relay_answers_total: () => cells(meters.relayAnswers),
    lamplighter_relay_failovers_total: () => one(meters.failovers.of('failover')),
    lamplighter_upstream_up: () =>
      (sip.upstreams?.() ?? []).map(({ uri, state }): Sample => [[uri], Number(state !== 'down')]),
    lamplighter_phones_learnt: () => one(sip.phonesLearnt?.() ?? null),
  };
}

function storeReaders({ meters, store }: MetricsSide) {
  return {
    lamplighter_store_up: () => one(store.health() === null),
    lamplighter_store_commit_seconds: () =>
      Object.entries(meters.commits).map(([sync, spread]) => [[sync], spread] as const),
    lamplighter_store_failures_total: () => one(meters.storeFailures.of('failed')),
    lamplighter_store_waiting: () => one(store.waiting),
    lamplighter_store_bytes: (): readonly Sample[] => {
      const { database, wal } = store.sizes();
      return [
        [['database'], database],
        [['wal'], wal],
      ];
    },
  };
}

function rows(tally: Pick<Tally, 'entries'>): readonly Sample[] {
  return [...tally.entries()].map(([name, count]): Sample => [[name], count]);
}

function cells(grid: { entries(): Iterable<readonly [string, string, number]> }): readonly Sample[] {
  return [...grid.entries()].map(([name, column, count]): Sample => [[name, column], count]);
}

/** `names`: told even where there are none. */
function counted(words: readonly string[], names: readonly string[] = []): readonly Sample[] {
  const counts = new Map(names.map((name) => [name, 0]));
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([name, count]): Sample => [[name], count]);
}
