import { takesPublications } from '../compositor/publish.ts';
import { upstreamsOf } from '../config/inline-schema.ts';
import { parseListenPoint } from '../config/listen-point.ts';
import type { Config } from '../config/schema.ts';
import { eventPackages } from '../event-packages/index.ts';
import { listFormat } from '../event-packages/list/list.ts';
import type { Aor } from '../model/aor.ts';
import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { Meters } from '../model/meters.ts';
import type { RegistrationRow } from '../model/phone.ts';
import type { Tap } from '../model/trace.ts';
import { ExchangeableAuthenticator } from '../sip/auth/exchangeable.ts';
import type { DialogId } from '../sip/dialog.ts';
import { DrachtioEngine } from '../sip/drachtio/engine.ts';
import { EmbeddedEngine } from '../sip/embedded/engine.ts';
import type { Flow, SipEngine } from '../sip/engine.ts';
import { Heard } from '../sip/heard.ts';
import { HearingEngine } from '../sip/hearing-engine.ts';
import type { RegistrationStore } from '../sip/inline/registrations.ts';
import { LocalAddresses } from '../sip/local-addresses.ts';
import { AdvertisedName } from '../sip/locate/advertised-name.ts';
import { CachedResolver } from '../sip/locate/cached-resolver.ts';
import { Locator } from '../sip/locate/locator.ts';
import { DnsResolver, type Family, type NameResolver } from '../sip/locate/name-resolver.ts';
import { RelocatingEngine } from '../sip/locate/relocating-engine.ts';
import { Relocation } from '../sip/locate/relocation.ts';
import { parseUri } from '../sip/message/uri.ts';
import { hostOf, Places } from '../sip/places.ts';
import { SipFront } from '../sip/sip-front.ts';
import { UnservedDomains } from '../sip/unserved-domains.ts';
import { PhonePaths } from '../sip/watch/phone-paths.ts';
import { Subscriber } from '../sip/watch/subscriber.ts';
import { type Authorities, authenticatorOf, lookupOf } from './authentication.ts';
import type { Current } from './current.ts';
import { domainsBehind, inlineRoom } from './inline.ts';
import { type InlinePhones, inlinePhones } from './phones.ts';
import type { Stage } from './stages.ts';
import type { SipWays } from './ways.ts';

export interface SipSideOptions extends Authorities {
  readonly current: Current;
  readonly logger: Logger;
  readonly version: string;
  /** Keeps what is learnt of phones, and what it kept so far. */
  readonly store: RegistrationStore;
  readonly registrations: readonly RegistrationRow[];
  /** Where it counts; default: it does not. */
  readonly meters?: Meters;
  /** Hears of every SIP message; default: nobody does. */
  readonly tap?: Tap | null;
}

/** The SIP rooms as the rest of the application sees them. */
export interface SipSide {
  readonly front: SipFront;
  /** The other way: asks phones, and hears what they tell. */
  readonly subscriber: Subscriber;
  /** Those that register through us; null: none does. */
  readonly phones: InlinePhones | null;
  /** Whom a URI means; null: nobody of our domains. */
  aorFor(uri: string): Aor | null;
  /** Domains that are not served, and were asked in. */
  readonly unserved: Pick<UnservedDomains, 'list'>;
  /** What is known here of how phones come. */
  readonly ways: SipWays;
  /** Its part in a reload. */
  readonly stage: Stage;
  /** What no `front.stop()` ends: look-ups, and what is learnt. */
  close(): void;
}

/** Of the time a stop may take what is given to what is under way: answers to requests, and those to our NOTIFYs; ms. */
const drainMs = 300;

/** Who is wired to whom below `src/sip`: listeners, digest, names and the front. Nothing is bound before `front.start`. */
export function sipSide(options: SipSideOptions): SipSide {
  const { current, clock, random, security, version } = options;
  const { config } = current;
  const { sip } = config;
  const logger = options.logger.child('sip');
  const dns = new DnsResolver();
  const resolver = new CachedResolver(dns, clock);
  const addresses = new LocalAddresses(clock);
  const places = placesOf(config, clock, addresses, resolver);
  const advertise = sip.advertise ?? null;
  const exempt = (address: string) => current.now.exempt.has(address);
  const isUpstream = (address: string): boolean => room?.upstreams.has(address) ?? false;
  const embedded = new EmbeddedEngine({
    listen: sip.listen.map(parseListenPoint),
    clock,
    random,
    logger,
    serverName: `Lamplighter/${version}`,
    streams: {
      ...(sip.tls === undefined ? {} : { tls: sip.tls }),
      webSocketOrigins: sip.webSocketOrigins,
      limits: sip.connections,
      isTrusted: (address) => current.now.believed.has(address) || isUpstream(address),
    },
    perSource: sip.limits.perSource,
    exempt: (address) => exempt(address) || isUpstream(address),
    drainMs,
    security,
    proxy: upstreamsOf(sip).length > 0,
    tap: options.tap ?? null,
    batches: sip.batches,
    ...metered(options),
    ...(advertise === null ? {} : { advertise: hostOf(advertise) }),
  });
  const heard = new Heard(clock);
  const drachtio = drachtioOf(options, logger, exempt);
  const engine = new HearingEngine(drachtio ?? embedded, heard);
  const inline = inlinePhones({ ...options, config, logger, places, engine, exempt });
  const authenticator = new ExchangeableAuthenticator(authenticatorOf(options, config, places, inline));
  const unserved = new UnservedDomains(clock, logger, (host) => places.isOurs(host));
  const publishing = eventPackages.filter(takesPublications);
  // drachtio-server finds the way to a proxy that was restarted itself
  const outer = drachtio === null ? relocating(options, engine, resolver, addresses) : engine;
  const families = familiesOf(config);
  const isOwn = (address: string) => addresses.has(address);
  const locator = new Locator({ resolver, clock, random, logger, families, isOwn });
  const ownsDialog = (id: DialogId): boolean => front.owns(id);
  const between = { ...options, config, logger, places, locator, engine: outer, paths: engine, ownsDialog };
  const room = inline === null ? null : inlineRoom({ ...between, phones: inline });
  const front: SipFront = new SipFront({
    engine: room?.engine ?? outer,
    random,
    logger,
    authenticator,
    places,
    allowEvents: eventPackages.map(({ event }) => event),
    publishEvents: publishing.map(({ event }) => event),
    accepts: [...eventPackages.flatMap(({ requestTypes }) => requestTypes ?? []), ...(listFormat.requestTypes ?? [])],
    publishTypes: publishing.flatMap(({ publishTypes, contentTypes }) => publishTypes ?? contentTypes),
    maxBodyBytes: 65_536,
    advertise,
    security,
    unserved,
    ...metered(options),
    ...(inline === null ? {} : { agentOf: (user: Aor, flow: Flow) => inline.phones.userAgentOf(user, flow) }),
  });
  const subscriber = new Subscriber({
    engine,
    paths: new PhonePaths({
      locator,
      engine,
      addresses,
      learnt: (aor, contact) => inline?.phones.pathTo(aor, contact) ?? null,
      own: (aor, contact) => front.flowOf(aor, contact),
    }),
    authenticator,
    credentials: (user, domain) => lookupOf(options, current.config)(user, domain),
    places,
    advertise,
    random,
    logger,
    security,
  });
  return {
    front,
    subscriber,
    aorFor: (uri) => aorOfUri(uri, places),
    phones: inline,
    unserved,
    ways: {
      heard,
      ...(drachtio === null ? { load: () => embedded.load } : {}),
      ...(drachtio === null ? {} : { engine: () => ({ up: drachtio.trouble === null, reason: drachtio.trouble }) }),
      ...(room === null ? {} : { upstreams: () => room.upstreams.list() }),
      ...(inline === null ? {} : { phonesLearnt: () => inline.phones.size }),
    },
    stage: {
      name: 'sip',
      prepare: async ({ after, touches }) => {
        const { sip: next } = after.config;
        const renewCertificate = next.tls === undefined ? null : await embedded.prepareCertificate(next.tls);
        const asks = touches('sip.auth', 'sip.trusted', 'sip.identity', 'sip.digest', 'sip.users', 'pbx', 'aliases');
        const { memory } = authenticator;
        const nextAuthenticator = asks ? authenticatorOf(options, after.config, places, inline, memory) : null;
        return {
          commit: () => {
            renewCertificate?.();
            if (nextAuthenticator !== null) authenticator.exchange(nextAuthenticator);
            const { perSource } = next.limits;
            embedded.adjust({ perSource, webSocketOrigins: next.webSocketOrigins, limits: next.connections });
            drachtio?.adjust(perSource);
            places.rename(domainsBehind(after.config));
          },
        };
      },
    },
    close: () => {
      inline?.phones.stop();
      dns.close();
    },
  };
}

/** What is not there must not stand there as undefined. */
function metered({ meters }: { readonly meters?: Meters | undefined }): { readonly meters?: Meters } {
  return meters === undefined ? {} : { meters };
}

/** null: phones reach our own sockets. */
function drachtioOf(
  {
    current: {
      config: { sip },
    },
    clock,
    random,
    security,
    version,
    tap,
    meters,
  }: SipSideOptions,
  logger: Logger,
  exempt: (address: string) => boolean,
): DrachtioEngine | null {
  if (sip.engine !== 'drachtio' || sip.drachtio === undefined) return null;
  const { host, port, secret } = sip.drachtio;
  const { perSource } = sip.limits;
  const serverName = `Lamplighter/${version}`;
  return new DrachtioEngine({
    host,
    port,
    secret,
    clock,
    random,
    logger,
    serverName,
    security,
    perSource,
    exempt,
    drainMs,
    tap: tap ?? null,
    ...metered({ meters }),
  });
}

function aorOfUri(text: string, places: Places): Aor | null {
  const uri = parseUri(text);
  return uri === null ? null : places.aorFor(uri);
}

function placesOf(config: Config, clock: Clock, addresses: LocalAddresses, resolver: NameResolver): Places {
  const { sip } = config;
  const advertise = sip.advertise ?? null;
  const advertised = new AdvertisedName(hostOf(advertise ?? ''), resolver, clock);
  void advertised.refresh();
  const listen = sip.listen.map((point) => parseListenPoint(point).address);
  return new Places({ domains: domainsBehind(config), advertise, listen, addresses, advertised });
}

/** Proxies in front that were restarted are connected to again, as far as the networks go that are believed. */
function relocating(
  { current, clock, random, logger }: SipSideOptions,
  engine: SipEngine,
  resolver: NameResolver,
  addresses: LocalAddresses,
): RelocatingEngine {
  const listen = current.config.sip.listen.map(parseListenPoint);
  const families = familiesOf(current.config);
  const isOwn = (address: string) => addresses.has(address);
  const relocation = new Relocation({
    locator: new Locator({ resolver, clock, random, logger, families, isOwn }),
    isTrusted: (address) => current.now.believed.has(address),
    isSelf: ({ address, port }) => isOwn(address) && listen.some((point) => point.port === port),
  });
  return new RelocatingEngine({ engine, relocation, clock, logger });
}

function familiesOf({ sip: { listen } }: Config): Family[] {
  const addresses = listen.map((point) => parseListenPoint(point).address);
  return [...new Set(addresses.map((address) => (address.includes(':') ? 6 : 4)))];
}
