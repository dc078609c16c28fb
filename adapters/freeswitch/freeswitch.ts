import type { AgentState, AgentWish } from '../../src/model/agent.ts';
import type { Aor } from '../../src/model/aor.ts';
import type { Finding } from '../../src/model/check.ts';
import type { Fault } from '../../src/model/errors.ts';
import {
  type FeatureName,
  type FeatureState,
  type FeatureValue,
  featureNames,
  type Wish,
} from '../../src/model/feature.ts';
import { type Outcome, refused } from '../../src/model/outcome.ts';
import type { NotifiedPhone, PhoneNotice } from '../../src/model/phone-notice.ts';
import { token } from '../../src/model/random.ts';
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
import { heard, overheard } from '../open-once.ts';
import { Resync, type ResyncTimes } from '../resync.ts';
import { AgentDesk } from './agent-desk.ts';
import { examineFreeswitch } from './checks/examine.ts';
import { Presence } from './checks/presence.ts';
import { CredentialReader } from './credentials.ts';
import { Domains } from './domains.ts';
import { EslLink } from './esl/esl-link.ts';
import type { EslEvent } from './esl-event.ts';
import { pictureEvents, pictureSubclasses, readEsl } from './events.ts';
import type { Fact } from './facts.ts';
import type { FeatureBackend } from './features/backend.ts';
import { DatabaseBackend } from './features/database.ts';
import { FeatureDesk } from './features/desk.ts';
import { FusionPbxBackend } from './features/fusionpbx.ts';
import { knownOf } from './features/known.ts';
import { NativePhones } from './features/native.ts';
import { type Notice, type PhoneKey, readNotice, readPhoneKey } from './features/phone-feature.ts';
import { flowEvents, probeFlows } from './flows.ts';
import { Life } from './life.ts';
import { Newcomers } from './newcomers.ts';
import { extensionsOf, type FreeswitchOptions, freeswitchOptions } from './options.ts';
import { Picture } from './picture.ts';
import { SnapshotReader } from './snapshot.ts';
import { Wishes } from './wishes.ts';
import { WrapUp } from './wrap-up.ts';

/**
 * Thousands of users are asked for one by one, each with eleven questions to the scripts of FusionPBX; a PBX that stands still
 * is noticed by each single question, and a reading that gets on is never better begun anew.
 */
const times: ResyncTimes = { deadlineMs: 900_000, reconcileMs: 60_000 };

/** `type: freeswitch`. Options as `freeswitchOptions` gives them. */
export const freeswitch: AdapterFactory = (settings, tools) => new Freeswitch(settings, tools);

class Freeswitch implements PbxAdapter {
  readonly #settings: AdapterSettings;
  readonly #options: FreeswitchOptions;
  readonly #tools: AdapterTools;
  readonly #domains: Domains;
  readonly #esl: EslLink;
  readonly #backend: FeatureBackend;
  readonly #desk: FeatureDesk;
  readonly #wishes: Wishes;
  readonly #wrapUp: WrapUp;
  readonly #newcomers = new Newcomers();
  readonly #life = new Life();
  readonly #reader: SnapshotReader;
  readonly #credentials: CredentialReader;
  readonly #resync: Resync<Fact, Picture>;
  readonly #native: NativePhones | null;
  /** Says to another Lamplighter that we are here. */
  readonly #presence: Presence;
  /** Checks that wait for an event; empty but for moments. */
  readonly #listeners = new Set<(event: EslEvent) => void>();
  #tell: Tell = () => undefined;
  /** A reading of this connection is done. */
  #inStep = false;
  #away: string | null = null;

  constructor(settings: AdapterSettings, tools: AdapterTools) {
    const options = freeswitchOptions.parse(settings.options);
    this.#settings = settings;
    this.#options = options;
    this.#tools = tools;
    this.#domains = new Domains(settings.domains);
    this.#esl = new EslLink({ ...options.esl, ...subscription(options) }, tools);
    this.#backend = backendOf(options, tools);
    this.#desk = new FeatureDesk({
      esl: this.#esl,
      backend: this.#backend,
      clock: tools.clock,
      logger: tools.logger,
      feed: (aor, feature, value) => this.#resync.feed({ fact: 'feature', aor, feature, value }),
    });
    const agents = new AgentDesk({
      clock: tools.clock,
      esl: this.#esl,
      table: () => this.#resync.live?.agents ?? null,
      feed: (fact) => this.#feed(fact),
    });
    this.#wishes = new Wishes({
      pbx: settings.name,
      clock: tools.clock,
      logger: tools.logger,
      esl: this.#esl,
      features: this.#desk,
      agents,
      live: () => this.#resync.live,
    });
    this.#wrapUp = new WrapUp({
      clock: tools.clock,
      nextEnd: () => this.#resync.live?.agents.nextEnd ?? null,
      over: () => this.#resync.feed({ fact: 'time' }),
    });
    this.#reader = new SnapshotReader({
      esl: this.#esl,
      domains: this.#domains,
      backend: this.#backend,
      clock: tools.clock,
      logger: tools.logger,
      profiles: options.profiles,
      extensions: extensionsOf(options.extensions, settings.domain),
      account: options.esl.user ?? null,
    });
    this.#credentials = new CredentialReader(this.#esl);
    this.#resync = new Resync<Fact, Picture>(
      settings.name,
      {
        incarnation: () => this.#incarnation(),
        read: (older, missed) => this.#read(older, missed),
        adopted: () => this.#adopted(),
      },
      tools,
      times,
    );
    this.#native = options.mode === 'native' ? this.#nativePhones() : null;
    this.#presence = new Presence(this.#esl, tools);
  }

  get capabilities(): Capabilities {
    const { names, notified } = this.#backend;
    const one = (name: FeatureName) => {
      const has = names.includes(name);
      return [name, { readable: has, writable: has && !this.#observes, notified: has && notified }];
    };
    return {
      features: Object.fromEntries(featureNames.map(one)) as Capabilities['features'],
      calls: true,
      registrations: true,
      mailboxes: true,
      tags: true,
      agents: true,
      notifiesPhones: true,
      ...(this.#native === null ? {} : { tellsPhones: true }),
    };
  }

  start(tell: Tell): void {
    this.#tell = tell;
    this.#resync.start((event) => {
      // Phones are taken only while the PBX is in step: the gate grants nothing else, and nobody would be known.
      if (event.type === 'link' && event.state !== 'up') this.#native?.away();
      tell(event);
      if (event.type === 'link' && event.state === 'up') this.#native?.ready();
    });
    this.#esl.start({
      up: () => this.#up(),
      down: (fault) => this.#down(fault),
      event: (event) => this.#take(event),
    });
  }

  async stop(): Promise<void> {
    this.#tell = () => undefined;
    this.#native?.away();
    this.#desk.stop();
    this.#wrapUp.cancel();
    this.#resync.stop();
    this.#esl.stop();
  }

  async setFeature(wish: Wish, deadlineMs: number): Promise<Outcome<FeatureValue>> {
    if (this.capabilities.features[wish.feature].writable) return this.#wishes.setFeature(wish, deadlineMs);
    return refused('not-writable', 'this PBX is only observed, or has no place for this feature');
  }

  notifyPhones(aor: Aor, notice: PhoneNotice, deadlineMs: number): Promise<Outcome<readonly NotifiedPhone[]>> {
    return this.#wishes.notifyPhones(aor, notice, deadlineMs);
  }

  async setAgent(wish: AgentWish, deadlineMs: number): Promise<Outcome<AgentState>> {
    if (!this.#observes) return this.#wishes.setAgent(wish, deadlineMs);
    return refused('not-writable', 'this PBX is only observed');
  }

  checks(deadlineMs: number): Promise<readonly Finding[]> {
    const own = {
      link: this.#esl,
      hear: (listener: (event: EslEvent) => void) => heard(this.#listeners, listener),
      silenced: this.#options.mode === 'native' && this.#native?.mode === 'observe',
    };
    const events = subscription(this.#options);
    return examineFreeswitch(this.#options, own, this.#presence.mark, events, this.#tools, deadlineMs);
  }

  async credentials(user: string, domain: string): Promise<Credentials | null> {
    return this.#isOurs(domain) ? this.#credentials.of(user, domain) : null;
  }

  tellFeatures(aor: Aor, features: Readonly<Record<FeatureName, FeatureState>>, phone: string | null): void {
    this.#native?.tellFeatures(aor, features, phone);
  }

  digest(domain: string): DigestFacts | null {
    return this.#isOurs(domain) ? this.#credentials.digest(domain) : null;
  }

  #isOurs(domain: string): boolean {
    return this.#domains.names.includes(domain);
  }

  /** Native mode becomes one that observes where another script answers the phones too. */
  get #observes(): boolean {
    return this.#options.mode === 'observe' || this.#native?.mode === 'observe';
  }

  #nativePhones(): NativePhones {
    const { clock, logger, random } = this.#tools;
    const { emptyTarget, profiles } = this.#options;
    return new NativePhones({
      source: this.#settings.name,
      esl: this.#esl,
      clock,
      logger,
      directory: knownOf(() => this.#resync.live, this.#domains, profiles),
      style: { emptyTarget, mark: token(random, 64) },
      tell: (event) => this.#tell(event),
      pressedElsewhere: (aor) => this.#desk.lookLater(aor),
    });
  }

  #up(): void {
    this.#away = null;
    this.#tools.logger.info({ pbx: this.#settings.name, mode: this.#options.mode }, 'connected to the PBX');
    this.#begin();
  }

  /** From here on nothing read before counts. */
  #begin(): void {
    this.#inStep = false;
    this.#native?.away();
    this.#desk.stop();
    this.#reader.forget();
    this.#newcomers.forget();
    this.#credentials.forget();
    this.#resync.linked();
  }

  /** Said once for each cause, with its cure: a warning while waiting may help, an error where only a person can. */
  #down(fault: Fault): void {
    const { code, fix, message: reason } = fault;
    if (this.#away !== reason) {
      const fields = { pbx: this.#settings.name, code, fix };
      if (code === 'pbx-unreachable') this.#tools.logger.warn(fields, reason);
      else this.#tools.logger.error(fields, reason);
    }
    this.#away = reason;
    this.#life.lost();
    this.#native?.lost();
    this.#desk.stop();
    this.#resync.lost(reason);
  }

  #take(event: EslEvent): void {
    if (this.#life.hear(event['Core-UUID']) && this.#inStep) this.#bornAgain();
    overheard(event, this.#listeners);
    this.#presence.take(event);
    const { facts, changed = [] } = readEsl(event, this.#domains);
    for (const fact of facts) this.#feed(fact);
    // While the PBX is being read too: what was read of that user may be older.
    for (const { aor } of changed) if (this.#resync.live?.has(aor) ?? true) this.#desk.look(aor);
    const key = readPhoneKey(event);
    if (key !== null) this.#pressed(key);
    const notice = readNotice(event);
    if (notice !== null) this.#noticed(notice);
  }

  #feed(fact: Fact): void {
    const phones = (aor: Aor) => this.#resync.live?.contactsOf(aor).length ?? 0;
    const before = fact.fact === 'contact' ? phones(fact.aor) : 0;
    this.#resync.feed(fact);
    if (fact.fact === 'agent') this.#wrapUp.await();
    if (fact.fact !== 'contact') return;
    if (phones(fact.aor) > before) this.#native?.registered(fact.aor);
    if (!fact.registered) return;
    this.#newcomers.add(fact.aor);
    this.#lookUp();
  }

  #lookUp(): void {
    const { live } = this.#resync;
    if (live !== null && this.#newcomers.take((aor) => live.has(aor))) this.#resync.soon();
  }

  #pressed(key: PhoneKey): void {
    if (this.#native !== null) this.#native.take(key);
    else if (key.place !== null && key.request.ask !== 'state') this.#lookLater(key.place.user, key.place.host);
  }

  /** FusionPBX tells phones what it wrote; so it tells us. */
  #noticed(notice: Notice): void {
    this.#native?.noticed(notice);
    if (notice.mark !== null) return;
    const aor = this.#domains.aor(notice.user, notice.host);
    if (aor === null || !this.#resync.live?.has(aor)) return;
    if (this.#options.features === 'fusionpbx') this.#desk.heard(aor, notice.reports);
    else this.#desk.lookLater(aor);
  }

  #lookLater(user: string, host: string): void {
    const aor = this.#domains.aor(user, host);
    if (aor !== null && this.#resync.live?.has(aor)) this.#desk.lookLater(aor);
  }

  #bornAgain(): void {
    this.#tools.logger.warn({ pbx: this.#settings.name }, 'FreeSWITCH was started again');
    this.#begin();
  }

  async #incarnation(): Promise<string> {
    const { life, another } = await this.#life.read(this.#esl);
    if (another) this.#native?.away(true);
    return life;
  }

  async #read(older: Picture | null, missed: boolean): Promise<Picture> {
    const reading = await this.#reader.read(missed ? null : older);
    await this.#credentials.refresh(reading.users.map((it) => it.aor));
    return new Picture(this.#settings.name, reading, () => this.#tools.clock.now(), older);
  }

  #adopted(): void {
    this.#lookUp();
    this.#wrapUp.await();
    // Once for a connection: a sweep keeps its own pace, whatever is read beside it every minute.
    if (this.#inStep) return;
    this.#inStep = true;
    const { live } = this.#resync;
    if (this.#options.features === 'fusionpbx' && live !== null) {
      void probeFlows(this.#esl, live.lamps, this.#tools.logger);
    }
    this.#desk.watch(() => this.#resync.live?.users ?? [], this.#options.pollSeconds * 1000);
  }
}

function backendOf({ features, secondsPerRing }: FreeswitchOptions, { clock }: AdapterTools): FeatureBackend {
  return features === 'fusionpbx' ? new FusionPbxBackend(clock) : new DatabaseBackend(features, secondsPerRing);
}

/** Only what is used: each event more is work for FreeSWITCH. */
function subscription({ mode, features }: FreeswitchOptions) {
  const keys = mode === 'sidecar' ? [] : ['PHONE_FEATURE_SUBSCRIBE'];
  const notices = mode !== 'sidecar' || features === 'fusionpbx' ? ['PHONE_FEATURE'] : [];
  const flows = features === 'fusionpbx' ? flowEvents : [];
  return { events: [...pictureEvents, ...keys, ...notices, ...flows], subclasses: pictureSubclasses };
}
