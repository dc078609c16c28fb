import type { AgentState, AgentWish } from '../../src/model/agent.ts';
import type { Aor } from '../../src/model/aor.ts';
import type { Finding } from '../../src/model/check.ts';
import { Fault } from '../../src/model/errors.ts';
import { type FeatureName, type FeatureValue, featureNames, type Wish } from '../../src/model/feature.ts';
import { type Outcome, refused } from '../../src/model/outcome.ts';
import type { NotifiedPhone, PhoneNotice } from '../../src/model/phone-notice.ts';
import type {
  AdapterFactory,
  AdapterSettings,
  AdapterTools,
  Capabilities,
  Credentials,
  DigestFacts,
  PbxAdapter,
  Tell,
} from '../adapter.ts';
import type { LinkHandlers } from '../link.ts';
import { heard, overheard } from '../open-once.ts';
import { Resync } from '../resync.ts';
import { AgentWriter } from './agent-writer.ts';
import { AmiLink } from './ami.ts';
import { AriLink } from './ari.ts';
import { examineAsterisk } from './checks/examine.ts';
import { DeviceAsker } from './contacts.ts';
import { type Access, CredentialReader } from './credentials.ts';
import { DetailAsker } from './details.ts';
import { type AmiEvent, type AriEvent, type Reading, readAmi, readAri } from './events.ts';
import type { Fact } from './facts.ts';
import { AstdbFeatures } from './features/astdb.ts';
import { freepbx } from './features/freepbx.ts';
import { plain } from './features/plain.ts';
import { FeatureWriter } from './features/writer.ts';
import { isFlowState } from './lamp-events.ts';
import { LampKeeper } from './lamp-keeper.ts';
import { LampReader } from './lamp-reader.ts';
import { type AsteriskOptions, asteriskOptions } from './options.ts';
import { Picture } from './picture.ts';
import { configuredWrapUps } from './queue-places.ts';
import { RowWatch } from './row-watch.ts';
import { SnapshotReader } from './snapshot.ts';
import { Wishes } from './wishes.ts';

/** `type: asterisk`. Options as `asteriskOptions` gives them. */
export const asterisk: AdapterFactory = (settings, tools) => new Asterisk(settings, tools);

class Asterisk implements PbxAdapter {
  readonly capabilities: Capabilities;
  readonly #settings: AdapterSettings;
  readonly #options: AsteriskOptions;
  readonly #tools: AdapterTools;
  readonly #ari: AriLink | null;
  readonly #ami: AmiLink | null;
  readonly #access: Access;
  readonly #features: AstdbFeatures;
  readonly #reader: SnapshotReader;
  readonly #credentials: CredentialReader;
  readonly #resync: Resync<Fact, Picture>;
  readonly #asker: DetailAsker;
  readonly #devices: DeviceAsker | null;
  readonly #rows: RowWatch | null;
  readonly #keeper: LampKeeper;
  /** null: without AMI there is nothing that it could be asked to do. */
  readonly #wishes: Wishes | null;
  /** Links that are down, and why. */
  readonly #away = new Map<string, string>();
  /** Checks that wait for an event; empty but for moments. */
  readonly #listeners = { ari: new Set<(event: AriEvent) => void>(), ami: new Set<(event: AmiEvent) => void>() };

  constructor(settings: AdapterSettings, tools: AdapterTools) {
    this.#settings = settings;
    this.#tools = tools;
    const options = asteriskOptions.parse(settings.options);
    this.#options = options;
    this.#ari = options.ari === undefined ? null : new AriLink(options.ari, tools);
    // With ARI only what ARI cannot tell; without, the calls and the dialplan too, where the account may read them.
    const events = this.#ari === null ? 'system,call,agent,dialplan' : 'system,call,agent';
    this.#ami = options.ami === undefined ? null : new AmiLink({ ...options.ami, events }, tools);
    this.#access = { ari: this.#ari?.rest ?? null, ami: this.#ami };
    const templates = options.features === 'astdb' ? (options.astdb ?? plain) : freepbx;
    this.#features = new AstdbFeatures(templates, options.secondsPerRing, options.writeRingTimer);
    const lamps = this.#ami === null ? null : new LampReader(this.#ami, options, tools.logger);
    this.#reader = new SnapshotReader(this.#access, this.#features, lamps);
    this.#credentials = new CredentialReader(this.#access);
    this.#resync = new Resync<Fact, Picture>(
      settings.name,
      {
        incarnation: () => this.#incarnation(),
        read: (older, missed) => this.#read(older, missed),
        adopted: () => this.#adopted(),
      },
      tools,
    );
    this.#devices =
      this.#ami === null ? null : new DeviceAsker(this.#ami, tools.clock, (fact) => this.#resync.feed(fact));
    this.#asker = new DetailAsker(this.#access, tools.clock, (fact) => this.#feed(fact));
    this.#keeper = new LampKeeper({
      clock: tools.clock,
      logger: tools.logger,
      resync: this.#resync,
      asker: this.#asker,
      lamps,
      feed: (fact) => this.#feed(fact),
    });
    const byAmi = this.#ami === null ? null : this.#byAmi(this.#ami);
    this.#rows = byAmi?.rows ?? null;
    this.#wishes = byAmi?.wishes ?? null;
    this.capabilities = this.#capabilities();
  }

  /** What writes to its database and reads what others write there, and what it is asked to do. */
  #byAmi(ami: AmiLink): { readonly rows: RowWatch; readonly wishes: Wishes } {
    const { clock, logger } = this.#tools;
    const { name, domain } = this.#settings;
    const [options, reader, resync] = [this.#options, this.#reader, this.#resync];
    const feed = (fact: Fact) => this.#feed(fact);
    const features = new FeatureWriter(ami, this.#features, reader.ringTimers, logger);
    const everyMs = options.pollSeconds * 1000;
    const rows = new RowWatch({ clock, logger, everyMs, resync, reader, writer: features, feed });
    const agents = new AgentWriter({ ami, options, now: clock.now, logger, feed });
    const wishes = new Wishes({
      pbx: name,
      domain: domain.toLowerCase(),
      clock,
      logger,
      resync,
      ami,
      features,
      owners: reader.owners,
      rows,
      agents,
    });
    return { rows, wishes };
  }

  start(tell: Tell): void {
    this.#resync.start(tell);
    const links: [string, { start(handlers: LinkHandlers<never>): void } | null, (event: never) => Reading][] = [
      ['ARI', this.#ari, (event) => readAri(overheard(event, this.#listeners.ari), this.#ami === null)],
      ['AMI', this.#ami, (event) => readAmi(overheard(event, this.#listeners.ami), this.#ari === null)],
    ];
    for (const [name, link] of links) if (link !== null) this.#away.set(name, `${name} is being connected`);
    for (const [name, link, read] of links) {
      link?.start({
        up: () => this.#linkUp(name),
        down: (fault) => this.#linkDown(name, fault),
        event: (event) => this.#take(read(event)),
      });
    }
  }

  async stop(): Promise<void> {
    this.#resync.stop();
    this.#rows?.stop();
    this.#keeper.forget();
    this.#asker.forget();
    this.#devices?.forget();
    this.#ari?.stop();
    this.#ami?.stop();
  }

  async setFeature(wish: Wish, deadlineMs: number): Promise<Outcome<FeatureValue>> {
    if (this.#wishes === null || !this.capabilities.features[wish.feature].writable) {
      return refused('not-writable', 'this PBX is connected without AMI, or has no place for this feature');
    }
    return this.#wishes.setFeature(wish, deadlineMs);
  }

  async setAgent(wish: AgentWish, deadlineMs: number): Promise<Outcome<AgentState>> {
    if (this.#wishes === null) {
      return refused('not-writable', 'this PBX is connected without AMI, which logs agents in and out');
    }
    return this.#wishes.setAgent(wish, deadlineMs);
  }

  async notifyPhones(aor: Aor, notice: PhoneNotice, deadlineMs: number): Promise<Outcome<readonly NotifiedPhone[]>> {
    if (this.#wishes === null) {
      return refused('not-writable', 'a NOTIFY to phones is sent by AMI, which is not configured');
    }
    return this.#wishes.notifyPhones(aor, notice, deadlineMs);
  }

  checks(deadlineMs: number): Promise<readonly Finding[]> {
    const [ari, ami] = [this.#ari, this.#ami];
    const { ari: ariListeners, ami: amiListeners } = this.#listeners;
    const own = {
      ari: ari && { up: ari.up, hear: (listener: (event: AriEvent) => void) => heard(ariListeners, listener) },
      ami: ami && {
        link: ami,
        events: { hear: (listener: (event: AmiEvent) => void) => heard(amiListeners, listener) },
      },
    };
    return examineAsterisk(this.#options, own, this.#tools, ari?.rest ?? null, deadlineMs);
  }

  async credentials(user: string, domain: string): Promise<Credentials | null> {
    return this.#isOurs(domain) ? this.#credentials.of(user) : null;
  }

  digest(domain: string): DigestFacts | null {
    return this.#isOurs(domain) ? this.#credentials.facts : null;
  }

  /** An Asterisk knows no domains: all it has is in the one of its configuration. */
  #isOurs(domain: string): boolean {
    return domain === this.#settings.domain.toLowerCase();
  }

  #capabilities(): Capabilities {
    const ami = this.#ami !== null;
    const has = (name: FeatureName) => ami && this.#features.names.includes(name);
    const features = featureNames.map((name) => [
      name,
      { readable: has(name), writable: has(name), notified: has(name) && this.#features.notifies(name) },
    ]);
    return {
      features: Object.fromEntries(features) as Capabilities['features'],
      calls: true,
      registrations: true,
      mailboxes: ami,
      tags: true,
      notifiesPhones: ami,
      agents: ami,
    };
  }

  #linkUp(name: string): void {
    this.#away.delete(name);
    if (this.#away.size > 0) return;
    this.#tools.logger.info({ pbx: this.#settings.name }, 'connected to the PBX');
    this.#reader.forget();
    this.#resync.linked();
  }

  /** Said once for each cause, with its cure: a warning while waiting may help, an error where only a person can. */
  #linkDown(name: string, fault: Fault): void {
    const { code, fix, message: reason } = fault;
    if (this.#away.get(name) !== reason) {
      const fields = { pbx: this.#settings.name, link: name, code, fix };
      if (code === 'pbx-unreachable') this.#tools.logger.warn(fields, reason);
      else this.#tools.logger.error(fields, reason);
    }
    this.#away.set(name, reason);
    this.#rows?.pause();
    this.#keeper.forget();
    this.#asker.forget();
    this.#devices?.forget();
    this.#resync.lost(reason);
  }

  #take(reading: Reading): void {
    for (const fact of reading.facts) this.#feed(fact);
    if (reading.reloaded) {
      this.#reader.forget();
      this.#resync.soon();
    }
    const { deviceState } = reading;
    if (deviceState !== undefined && (this.#features.isTrigger(deviceState) || isFlowState(deviceState)))
      this.#rows?.lookTwice();
    this.#keeper.take(reading);
    if (reading.dialplan !== undefined && this.#features.isWrite(reading.dialplan)) this.#rows?.lookTwice();
  }

  #feed(fact: Fact): void {
    this.#resync.feed(fact);
    const { live } = this.#resync;
    if (live === null) return;
    this.#asker.after(fact, live.calls);
    if (fact.fact === 'contact' && live.contacts.isStranger(fact.endpoint, fact.uri)) this.#devices?.look();
    this.#keeper.after(fact, live);
  }

  async #incarnation(): Promise<string> {
    if (this.#ari !== null) {
      const info = (await this.#ari.rest.get(['asterisk', 'info'], { only: 'status' })) as Record<
        string,
        unknown
      > | null;
      const status = info?.['status'] as Record<string, unknown> | undefined;
      if (typeof status?.['startup_time'] === 'string') return status['startup_time'];
    }
    const answer = await this.#ami?.action('CoreStatus');
    const { CoreStartupDate: date, CoreStartupTime: time } = answer?.fields ?? {};
    if (!date || !time) throw new Fault('pbx-unreachable', 'the PBX does not say when it was started');
    return `${date}T${time}`;
  }

  async #read(older: Picture | null, missed: boolean): Promise<Picture> {
    const read = await this.#reader.read(older, missed);
    const reading = { ...read, wrapUps: configuredWrapUps(this.#options) };
    await this.#credentials.refresh(this.#reader.auths);
    const { name, domain } = this.#settings;
    return new Picture(name, domain, reading, () => this.#tools.clock.now(), older);
  }

  #adopted(): void {
    const live = this.#resync.live;
    if (live !== null) {
      this.#asker.all(live.calls);
      this.#keeper.adopted(live);
    }
    this.#rows?.plan();
  }
}
