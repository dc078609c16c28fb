import type { Config } from '../config/schema.ts';
import type { SourceView, UpstreamView, Way, WaysView } from '../model/ways.ts';
import type { SubscriptionPath } from '../notifier/census.ts';
import type { EngineLoad } from '../sip/embedded/engine.ts';
import type { Heard } from '../sip/heard.ts';

/** What the SIP side knows of the ways in. */
export interface SipWays {
  readonly heard: Pick<Heard, 'list' | 'expect'>;
  /** Absent: an engine that needs nobody. */
  readonly engine?: () => { readonly up: boolean; readonly reason: string | null };
  /** What our own engine holds; absent: phones reach another's. */
  readonly load?: () => EngineLoad;
  /** Absent: not inline. */
  readonly upstreams?: () => readonly UpstreamView[];
  /** Absent: no REGISTER goes through us. */
  readonly phonesLearnt?: () => number;
}

/** What each room knows of them. */
export interface WaySources {
  readonly config: Pick<Config, 'sip'>;
  readonly sip: SipWays;
  readonly paths: () => Iterable<SubscriptionPath>;
  /** How many rules push state through the PBX; 0: none. */
  readonly pushRules: number;
}

/** Addresses that are told one by one. */
const mostSources = 5;

/** What `GET /api/v1/ways` tells. Looks through all subscriptions. */
export function waysOf({ config, sip, paths, pushRules }: WaySources): WaysView {
  const { auth, engine: kind } = config.sip;
  const upstreams = sip.upstreams?.() ?? [];
  return {
    engine: { kind, ...(sip.engine?.() ?? { up: true, reason: null }) },
    auth,
    listeners: sip.heard.list(),
    upstreams,
    ...countPaths(paths(), straightWay(kind, upstreams.length > 0)),
    phonesLearnt: sip.phonesLearnt?.() ?? null,
    pushRules: pushRules === 0 ? null : pushRules,
  };
}

/** The way of those that no proxy brought. */
function straightWay(engine: WaysView['engine']['kind'], isInline: boolean): Way {
  if (engine === 'drachtio') return 'drachtio';
  return isInline ? 'inline' : 'direct';
}

/** @param straight the way of those that no proxy brought. */
function countPaths(
  paths: Iterable<SubscriptionPath>,
  straight: Way,
): Pick<WaysView, 'subscriptions' | 'sources' | 'sourceCount'> {
  const subscriptions = { total: 0, direct: 0, inline: 0, proxy: 0, drachtio: 0, unanswered: 0 };
  const found = new Map<string, { count: number; readonly users: Set<string> }>();
  for (const { watcher, address, proxied, unanswered } of paths) {
    subscriptions.total += 1;
    subscriptions[proxied ? 'proxy' : straight] += 1;
    if (unanswered) subscriptions.unanswered += 1;
    const source = found.get(address) ?? { count: 0, users: new Set() };
    found.set(address, source);
    source.count += 1;
    if (watcher !== null) source.users.add(watcher);
  }
  const sources = [...found]
    .map(([address, { count, users }]): SourceView => ({ address, subscriptions: count, users: users.size }))
    .sort((a, b) => b.subscriptions - a.subscriptions)
    .slice(0, mostSources);
  return { subscriptions, sources, sourceCount: found.size };
}
