import { type Config, configSchema } from '../config/schema.ts';
import { eventPackages } from '../event-packages/index.ts';
import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import { Meters } from '../model/meters.ts';
import type { Random } from '../model/random.ts';
import type { RehearsedRooms, Script } from '../rehearsal/rehearsal.ts';
import { SecurityLog } from '../sip/security-log.ts';
import { Hub } from '../state/hub.ts';
import type { SqliteStore } from '../store/sqlite-store.ts';
import { ChangeLog } from './change-log.ts';
import { Current } from './current.ts';
import { HookPlace } from './hook-place.ts';
import { notifierOf } from './notifier.ts';
import { ProfileRoom } from './profiles.ts';
import { sipSide } from './sip.ts';
import { TraceSide } from './trace.ts';

interface Tools {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly version: string;
  /** That of the daemon: where passwords will be asked, the phones of the rehearsal show one, too. */
  readonly config: Pick<Config, 'sip' | 'phones' | 'trace'>;
}

/**
 * The rooms that a SUBSCRIBE passes, wired to each other as in the daemon: V8 compiles for the objects it has seen, and begins
 * anew where those of the daemon have other shapes.
 */
export function rehearsedRooms(tools: Tools, script: Script, store: SqliteStore): RehearsedRooms {
  const { clock, random, logger, version } = tools;
  const { source } = script;
  const current = new Current(rehearsedConfig(tools.config, script));
  const { config } = current;
  const { secret, registrations, profiles } = store.load(clock.now());
  const meters = new Meters({ events: eventPackages.map(({ event }) => event), pbxs: [source] });
  const changes = new ChangeLog(logger, meters);
  const isPublished = () => true;
  const truth = { store: changes.over(store), secret, sources: [source], isPublished, drift: meters.pbxDrift };
  const hub = new Hub({ clock, logger: logger.child('state'), ...truth });
  changes.watch(hub);
  const security = new SecurityLog(logger, clock);
  const common = { clock, random, logger, meters, current, store };
  const adapters = new Map();
  const wired = { version, security, adapters, owner: () => null, isAway: () => false, secret, registrations };
  const hooks = new HookPlace({ ...common, hub, adapters, counts: meters.hooks, subscribed: () => [] });
  const trace = new TraceSide(config, clock, logger);
  const sip = sipSide({ ...common, ...wired, tap: trace.tap });
  const { shelves } = new ProfileRoom({ config, clock, logger }, store, profiles);
  const grant = () => Promise.reject(new Error('nobody wishes anything here'));
  const { notifier } = notifierOf({ ...common, grant, hub, sip, shelves, onEnded: (sub) => trace.ended(sub) });
  trace.knows({ subscriptions: () => notifier.calls(), aorFor: sip.aorFor });
  const close = (): void => {
    sip.close();
    trace.stop();
  };
  const open = async (): Promise<number> => {
    const others = { onPublish: grant, onNotify: () => false };
    const [point] = await sip.front.start(hooks.beforeAnswer(notifier.onSubscribe), others);
    return point?.port ?? 0;
  };
  return { hub, notifier, open, stop: () => sip.front.stop(), close };
}

/** What the daemon's phones will be treated by, for phones and a PBX of the rehearsal's own. */
function rehearsedConfig({ sip, phones, trace }: Tools['config'], script: Script): Config {
  const { source, domain, users, password, userAgent } = script;
  const config = configSchema.parse({
    version: 1,
    domain,
    sip: {
      listen: ['udp:127.0.0.1:0'],
      batches: sip.batches,
      ...(sip.auth === 'trusted'
        ? { auth: 'trusted' }
        : { auth: 'users', users: users.map((user) => ({ user, password })) }),
    },
    // each change is told at once: waiting would rehearse nothing
    phones: { profiles: [{ name: source, match: userAgent, notifyMinIntervalMs: 0 }] },
    pbx: [{ name: source, type: 'simulated' }],
  });
  return {
    ...config,
    phones: { ...phones, profiles: [...config.phones.profiles, ...phones.profiles] },
    trace: { keep: trace.keep },
  };
}
