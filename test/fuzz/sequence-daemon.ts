import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PbxAdapter } from '../../adapters/adapter.ts';
import { simulatedOptions } from '../../adapters/simulated/options.ts';
import { simulated } from '../../adapters/simulated/simulated.ts';
import type { Gate } from '../../src/commands/gate.ts';
import type { Compositor } from '../../src/compositor/compositor.ts';
import { takesPublications } from '../../src/compositor/publish.ts';
import { domainsOf } from '../../src/config/readings.ts';
import { type Config, configSchema } from '../../src/config/schema.ts';
import { eventPackages } from '../../src/event-packages/index.ts';
import { aorOf } from '../../src/model/aor.ts';
import type { Clock } from '../../src/model/clock.ts';
import type { Logger } from '../../src/model/logger.ts';
import type { Random } from '../../src/model/random.ts';
import type { Notifier } from '../../src/notifier/notifier.ts';
import type { Grant } from '../../src/notifier/wishes.ts';
import type { SipEngine } from '../../src/sip/engine.ts';
import { LocalAddresses } from '../../src/sip/local-addresses.ts';
import { parseUri } from '../../src/sip/message/uri.ts';
import { Places } from '../../src/sip/places.ts';
import { SecurityLog } from '../../src/sip/security-log.ts';
import { SipFront } from '../../src/sip/sip-front.ts';
import { Hub } from '../../src/state/hub.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import { Current } from '../../src/wiring/current.ts';
import { gateOf } from '../../src/wiring/gate.ts';
import { notifierOf } from '../../src/wiring/notifier.ts';
import { ProfileRoom } from '../../src/wiring/profiles.ts';
import { compositorOf } from '../../src/wiring/publish.ts';
import type { SipSide } from '../../src/wiring/sip.ts';
import { Sayings } from '../../src/wiring/watch.ts';
import type { SequenceClock } from './sequence-clock.ts';

export const domain = 'fuzz.test';
export const users = ['1001', '1002', '1003', '1004'] as const;

export const config: Config = configSchema.parse({
  version: 1,
  domain,
  sip: { listen: ['udp:127.0.0.1:5070', 'tcp:127.0.0.1:5070'], warmUp: false },
  store: { path: 'unused' },
  lists: [
    { name: 'desk', members: ['1001', '1002', '1003', '1004', 'nobody'] },
    { name: 'all', extensions: '100.*' },
    { name: 'outer', members: ['desk', '1001'] },
  ],
  pbx: [{ name: 'sim', type: 'simulated', extensions: ['1001-1004', '1010-1012'], agents: ['1001-1002'] }],
});

export interface DaemonTools {
  readonly clock: SequenceClock;
  readonly random: Random;
  readonly logger: Logger;
  /** The network; each life has its own. */
  readonly engine: SipEngine;
  readonly path: string;
}

/** One process life of the rooms behind the sockets: the real ones, but for the engine, digest and the HTTP side. */
export class SequenceDaemon {
  readonly notifier: Notifier;
  readonly compositor: Compositor;
  readonly gate: Gate;
  readonly front: SipFront;
  readonly hub: Hub;
  readonly profiles: ProfileRoom;
  readonly adapter: PbxAdapter;
  readonly store: SqliteStore;
  readonly pending: () => number;
  readonly #clock: Clock;
  readonly #endTimers: () => void;
  readonly #path: string;

  constructor(tools: DaemonTools) {
    const { random, logger, engine, path } = tools;
    const life = tools.clock.life();
    const { clock } = life;
    this.#clock = clock;
    this.#endTimers = life.end;
    this.#path = path;
    this.pending = life.pending;
    const security = new SecurityLog(logger, clock);
    const store = new SqliteStore({ path, clock, random, logger });
    const stored = store.load(clock.now());
    const current = new Current(config);
    const { rights } = current.now;
    const { secret } = stored;
    const isPublished = (aor: Parameters<typeof rights.covers>[0]) => rights.covers(aor);
    const hub = new Hub({ clock, logger, store, secret, sources: ['sim'], isPublished });
    hub.load(stored);
    const [pbx] = config.pbx;
    if (pbx === undefined) throw new Error('a PBX is configured');
    const { name, type: _, domain: __, ...raw } = pbx;
    const options = simulatedOptions.parse(raw);
    const domains = domainsOf(config);
    this.adapter = simulated(
      { name, domain, domains, options, remembered: stored.features },
      { clock, random, logger },
    );
    const adapters = new Map([['sim', this.adapter]]);
    const appendAudit = store.appendAudit.bind(store);
    const gate = gateOf({ current, clock, logger, security, hub, adapters, hooks: null, appendAudit });
    const grant: Grant = (wish) => (wish.feature === 'agent' ? gate.grantAgent(wish) : gate.grant(wish));
    const sayings = new Sayings((event) => hub.apply(event));
    const addresses = new LocalAddresses(clock);
    const places = new Places({ domains, advertise: null, listen: ['192.0.2.1'], addresses });
    const publishing = eventPackages.filter(takesPublications);
    const front = new SipFront({
      engine,
      random,
      logger,
      authenticator: {
        check: (request) => {
          const user = /sip:([^@;>]+)@/.exec(request.header('From') ?? '')?.[1] ?? '';
          return { ok: true, who: aorOf(user, domain), domain, how: 'digest' };
        },
      },
      places,
      allowEvents: eventPackages.map(({ event }) => event),
      publishEvents: publishing.map(({ event }) => event),
      maxBodyBytes: 65_536,
      advertise: null,
      security,
    });
    const aorFor = (text: string) => {
      const uri = parseUri(text);
      return uri === null ? null : places.aorFor(uri);
    };
    // the notifier uses no more of it
    const sip = { front, aorFor } as unknown as SipSide;
    const profiles = new ProfileRoom({ config, clock, logger }, store, stored.profiles);
    const { shelves } = profiles;
    const { notifier } = notifierOf({ current, clock, random, logger, store, grant, hub, sip, shelves });
    notifier.restore(stored.subscriptions, stored.nextSubscriptionId);
    const compositor = compositorOf(current, {
      clock,
      random,
      logger,
      state: hub,
      store,
      apply: (event) => sayings.publication(event),
      grant,
    });
    compositor.restore(stored.publications);
    this.notifier = notifier;
    this.compositor = compositor;
    this.gate = gate;
    this.front = front;
    this.hub = hub;
    this.profiles = profiles;
    this.store = store;
  }

  async start(): Promise<void> {
    await this.front.start(this.notifier.onSubscribe, { onPublish: this.compositor.onPublish });
    this.pbxUp();
    this.notifier.start();
  }

  pbxUp(): void {
    this.adapter.start((event) => {
      if (event.type !== 'phone-key') this.hub.apply(this.gate.attribute(event));
    });
  }

  pbxAway(): void {
    this.hub.apply({ source: 'sim', type: 'link', state: 'down', reason: 'away' });
    void this.adapter.stop();
  }

  /** As after SIGTERM. Answers the database of the next life. */
  async stop(): Promise<string> {
    this.compositor.stop();
    await this.adapter.stop();
    await this.front.stop();
    // the real one drains its sockets
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    await this.notifier.stop();
    await this.profiles.stop();
    this.store.close();
    this.#endTimers();
    return this.#path;
  }

  /** As after SIGKILL: what SQLite had taken is there, and nothing more. */
  kill(next: string): string {
    for (const end of ['', '-wal']) if (existsSync(this.#path + end)) copyFileSync(this.#path + end, next + end);
    this.#endTimers();
    void this.notifier.stop();
    this.compositor.stop();
    void this.adapter.stop();
    this.store.close();
    return next;
  }

  /** What the database would tell the next life. */
  async left(scratch: string, random: Random, logger: Logger) {
    for (const end of ['', '-wal']) if (existsSync(this.#path + end)) copyFileSync(this.#path + end, scratch + end);
    const store = new SqliteStore({ path: scratch, clock: this.#clock, random, logger });
    const { subscriptions, publications } = store.load(0);
    store.close();
    return { subscriptions: subscriptions.length, publications: publications.length };
  }
}

/** A folder for the databases of one sequence. */
export function scratchFolder(): { readonly path: (name: string) => string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'lamplighter-sequence-'));
  return { path: (name) => join(folder, name), remove: () => rmSync(folder, { recursive: true, force: true }) };
}
