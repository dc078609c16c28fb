import type { DigestFacts, PbxAdapter } from '../../adapters/adapter.ts';
import { takesPublications } from '../compositor/publish.ts';
import { parseListenPoint } from '../config/listen-point.ts';
import { domainsOf } from '../config/readings.ts';
import type { Config } from '../config/schema.ts';
import { eventPackages } from '../event-packages/index.ts';
import { listFormat } from '../event-packages/list/list.ts';
import { type Aor, aorOf } from '../model/aor.ts';
import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { Random } from '../model/random.ts';
import { Authenticator } from '../sip/auth/authenticator.ts';
import type { Lookup } from '../sip/auth/credentials.ts';
import { factsFor } from '../sip/auth/realm.ts';
import { TrustedNetworks } from '../sip/auth/trusted-networks.ts';
import { EmbeddedEngine } from '../sip/embedded/engine.ts';
import type { StreamOptions } from '../sip/embedded/transports.ts';
import { LocalAddresses } from '../sip/local-addresses.ts';
import { AdvertisedName } from '../sip/locate/advertised-name.ts';
import { CachedResolver } from '../sip/locate/cached-resolver.ts';
import { Locator } from '../sip/locate/locator.ts';
import { DnsResolver, type Family, type NameResolver } from '../sip/locate/name-resolver.ts';
import { RelocatingEngine } from '../sip/locate/relocating-engine.ts';
import { Relocation } from '../sip/locate/relocation.ts';
import { parseUri } from '../sip/message/uri.ts';
import { hostOf, Places } from '../sip/places.ts';
import type { SecurityLog } from '../sip/security-log.ts';
import { SipFront } from '../sip/sip-front.ts';
import { PhonePaths } from '../sip/watch/phone-paths.ts';
import { Subscriber } from '../sip/watch/subscriber.ts';

type Adapters = ReadonlyMap<string, PbxAdapter>;

export interface SipSideOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly version: string;
  readonly security: SecurityLog;
  /** By the name of their PBX: they know the phones' passwords. */
  readonly adapters: Adapters;
  /** The PBX that has this user of a domain; null: none that is known. */
  readonly owner: (user: string, domain: string) => string | null;
  /** Signs nonces; the same after a restart. */
  readonly secret: Buffer;
}

/** The SIP rooms as the rest of the application sees them. */
export interface SipSide {
  readonly front: SipFront;
  /** The other way: asks phones, and hears what they tell. */
  readonly subscriber: Subscriber;
  /** Whom a URI means; null: nobody of our domains. */
  aorFor(uri: string): Aor | null;
  /** Reads the TLS certificate again. */
  reloadCertificate(): Promise<void>;
  /** What no `front.stop()` ends: look-ups. */
  close(): void;
}

/** Of the time a stop may take what is given to what is under way: answers to requests, and those to our NOTIFYs; ms. */
const drainMs = 300;

/** Who is wired to whom below `src/sip`: listeners, digest, names and the front. Nothing is bound before `front.start`. */
export function sipSide(options: SipSideOptions): SipSide {
  const { config, clock, random, security, version } = options;
  const { sip } = config;
  const logger = options.logger.child('sip');
  const dns = new DnsResolver();
  const resolver = new CachedResolver(dns, clock);
  const addresses = new LocalAddresses(clock);
  const places = placesOf(config, clock, addresses, resolver);
  const advertise = sip.advertise ?? null;
  const engine = new EmbeddedEngine({
    listen: sip.listen.map(parseListenPoint),
    clock,
    random,
    logger,
    serverName: `Lamplighter/${version}`,
    streams: streamsOf(sip),
    perSource: sip.limits.perSource,
    exempt: exemptOf(sip),
    drainMs,
    security,
    ...(advertise === null ? {} : { advertise: hostOf(advertise) }),
  });
  const authenticator = authenticatorOf(options, places);
  const publishing = eventPackages.filter(takesPublications);
  const front = new SipFront({
    engine: sip.auth === 'trusted' ? relocating(options, engine, resolver, addresses) : engine,
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
  });
  const families = familiesOf(config);
  const locator = new Locator({
    resolver,
    clock,
    random,
    logger,
    families,
    isOwn: (address) => addresses.has(address),
  });
  const subscriber = new Subscriber({
    engine,
    paths: new PhonePaths({ locator, engine, addresses, own: (aor, contact) => front.flowOf(aor, contact) }),
    authenticator,
    credentials: lookupOf(options),
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
    reloadCertificate: () => engine.reloadCertificate(),
    close: () => dns.close(),
  };
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
  return new Places({ domains: domainsOf(config), advertise, listen, addresses, advertised });
}

/** Who knows a user's password. */
function lookupOf({ config, adapters, owner }: SipSideOptions): Lookup {
  const { sip } = config;
  const users = new Map(
    sip.users.map(({ user, domain = config.domain, password }) => [aorOf(user, domain), { realm: domain, password }]),
  );
  return async (user, domain) =>
    sip.auth === 'users'
      ? (users.get(aorOf(user, domain)) ?? null)
      : credentials(adapters, owner(user, domain), user, domain);
}

function authenticatorOf(options: SipSideOptions, places: Places): Authenticator {
  const { config, clock, random, security, adapters, owner, secret } = options;
  const { sip } = config;
  return new Authenticator({
    mode: sip.auth,
    trusted: sip.trusted,
    lookup: lookupOf(options),
    facts: (user, domain) => {
      const facts =
        sip.auth === 'users'
          ? { realm: domain, md5Only: false }
          : digestFor(adapters, user === null ? null : owner(user, domain), user, domain, secret);
      // COMPAT(baresip 1, sipsak): they give up where the first offer is no MD5
      return facts === null ? null : { ...facts, md5Only: facts.md5Only || sip.digest === 'md5' };
    },
    secret,
    places,
    clock,
    random,
    security,
  });
}

/** Proxies in front that were restarted are connected to again, as far as `sip.trusted` goes. */
function relocating(
  { config, clock, random, logger }: SipSideOptions,
  engine: EmbeddedEngine,
  resolver: NameResolver,
  addresses: LocalAddresses,
): RelocatingEngine {
  const listen = config.sip.listen.map(parseListenPoint);
  const trusted = new TrustedNetworks(config.sip.trusted);
  const families = familiesOf(config);
  const isOwn = (address: string) => addresses.has(address);
  const relocation = new Relocation({
    locator: new Locator({ resolver, clock, random, logger, families, isOwn }),
    isTrusted: (address) => trusted.has(address),
    isSelf: ({ address, port }) => isOwn(address) && listen.some((point) => point.port === port),
  });
  return new RelocatingEngine({ engine, relocation, clock, logger });
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

function familiesOf({ sip: { listen } }: Config): Family[] {
  const addresses = listen.map((point) => parseListenPoint(point).address);
  return [...new Set(addresses.map((address) => (address.includes(':') ? 6 : 4)))];
}

/** Not counted by `sip.limits`: this host, and the proxies and media gateways an admin trusts with everybody's name. */
function exemptOf({ auth, trusted }: Config['sip']): (address: string) => boolean {
  const networks = new TrustedNetworks(['127.0.0.0/8', '::1', ...(auth === 'trusted' ? trusted : [])]);
  return (address) => networks.has(address);
}

/** Of the PBX that has the extension, and of no other: the same number at another PBX is another user. */
async function credentials(adapters: Adapters, owner: string | null, user: string, domain: string) {
  const known = owner === null ? undefined : adapters.get(owner);
  // Before any picture has come the owner is a guess, and may have nobody in this domain.
  if (known !== undefined && known.digest(domain) !== null) return known.credentials(user, domain);
  for (const adapter of adapters.values()) {
    const found = await adapter.credentials(user, domain);
    if (found !== null) return found;
  }
  return null;
}

function digestFor(
  adapters: Adapters,
  owner: string | null,
  user: string | null,
  domain: string,
  secret: Buffer,
): DigestFacts | null {
  const own = owner === null ? null : (adapters.get(owner)?.digest(domain) ?? null);
  const all = [...adapters.values()].flatMap((adapter) => adapter.digest(domain) ?? []);
  return factsFor(user, own, all, secret);
}
