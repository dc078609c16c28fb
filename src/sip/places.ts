import { isIP } from 'node:net';
import { type Aor, aorOf } from '../model/aor.ts';
import type { Domain } from '../model/domain.ts';
import type { LocalAddresses } from './local-addresses.ts';
import { parseHostPort, type SipUri } from './message/uri.ts';

export interface PlacesOptions {
  /** The first is the default: it is meant by addresses of this machine that are nobody's alias. */
  readonly domains: readonly [Domain, ...Domain[]];
  /** `host` or `host:port` as phones see us; null: the address they reach. */
  readonly advertise: string | null;
  /** The hosts of the listen addresses. */
  readonly listen: readonly string[];
  readonly addresses: LocalAddresses;
  /** The addresses `advertise` has where it is a name; absent: it is an address, or nothing. */
  readonly advertised?: { has(address: string): boolean };
}

/**
 * Which hosts are ours, and which domain they mean. Phones write a domain, one of its aliases, or any address of this
 * machine, which is the default domain where it is no alias of another. An alias of one domain never leads to another.
 */
export class Places {
  /** The default. */
  readonly domain: string;
  /** There are several: what is asked across their border has to be refused. */
  readonly several: boolean;
  readonly addresses: LocalAddresses;
  /** Domains and aliases, and what each means. */
  #domains: ReadonlyMap<string, string>;
  /** Other names of this machine. */
  readonly #names: ReadonlySet<string>;
  readonly #advertised: { has(address: string): boolean };

  constructor(options: PlacesOptions) {
    this.domain = bare(options.domains[0].name);
    this.several = options.domains.length > 1;
    this.#domains = meanings(options.domains);
    const advertised = options.advertise === null ? [] : [hostOf(options.advertise)];
    const names = ['localhost', ...options.listen, ...advertised].map(bare);
    this.#names = new Set(names.filter((name) => name !== '0.0.0.0' && name !== '::' && name !== ''));
    this.addresses = options.addresses;
    this.#advertised = options.advertised ?? new Set();
  }

  /** Other aliases from now on. The domains themselves are what users are named by, and stay. */
  rename(domains: readonly Domain[]): void {
    this.#domains = meanings(domains);
  }

  /** `host`: without brackets; its letter case does not matter (RFC 3261 19.1.4). */
  isOurs(host: string): boolean {
    return this.domainFor(host) !== null;
  }

  /** The domain that a host means; null: it is none of ours. */
  domainFor(host: string): string | null {
    return this.namedBy(host) ?? (this.isThisMachine(host) ? this.domain : null);
  }

  /** The domain whose name or alias a host is; null where it names no domain, as an address of this machine. */
  namedBy(host: string): string | null {
    // Nearly every host comes in the one form that parseUri leaves: a look-up, and nothing made.
    return this.#domains.get(host) ?? this.#domains.get(bare(host)) ?? null;
  }

  /** Both are ours, and not of two domains. */
  agree(one: string, other: string): boolean {
    const [a, b] = [this.namedBy(one), this.namedBy(other)];
    return this.isOurs(one) && this.isOurs(other) && (a === b || a === null || b === null);
  }

  /**
   * `user@domain` of a SIP URI of one of our domains, whatever its port and parameters; null for another host, scheme, or
   * where there is no user.
   */
  aorFor(uri: SipUri): Aor | null {
    if (!uri.user || (uri.scheme !== 'sip' && uri.scheme !== 'sips')) return null;
    const domain = this.domainFor(uri.host);
    return domain === null ? null : aorOf(uri.user, domain);
  }

  /** An address or a name of this machine itself, whatever domain it may mean besides. */
  isThisMachine(host: string): boolean {
    const name = bare(host);
    return this.#names.has(name) || (isIP(name) !== 0 && (this.addresses.has(name) || this.#advertised.has(name)));
  }
}

function meanings(domains: readonly Domain[]): ReadonlyMap<string, string> {
  return new Map(
    domains.flatMap(({ name, aliases }) => [name, ...aliases].map((one) => [bare(one), bare(name)] as const)),
  );
}

/** The host of `host`, `host:port` or an IPv6 address with or without brackets. */
export function hostOf(text: string): string {
  return isIP(text) === 6 ? text : (parseHostPort(text)?.host ?? text);
}

function bare(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}
