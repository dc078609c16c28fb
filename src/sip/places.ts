import { isIP } from 'node:net';
import { type Aor, aorOf } from '../model/aor.ts';
import type { LocalAddresses } from './local-addresses.ts';
import { parseHostPort, type SipUri } from './message/uri.ts';

export interface PlacesOptions {
  readonly domain: string;
  /** Other names of the same place. */
  readonly aliases: readonly string[];
  /** `host` or `host:port` as phones see us; null: the address they reach. */
  readonly advertise: string | null;
  /** The hosts of the listen addresses. */
  readonly listen: readonly string[];
  readonly addresses: LocalAddresses;
  /** The addresses `advertise` has where it is a name; absent: it is an address, or nothing. */
  readonly advertised?: { has(address: string): boolean };
}

/** Which hosts are ours. Phones write the domain, an alias or any address of this machine: all are the one domain. */
export class Places {
  readonly domain: string;
  readonly addresses: LocalAddresses;
  readonly #names: ReadonlySet<string>;
  readonly #advertised: { has(address: string): boolean };

  constructor(options: PlacesOptions) {
    this.domain = options.domain.toLowerCase();
    const advertised = options.advertise === null ? [] : [hostOf(options.advertise)];
    const names = [this.domain, 'localhost', ...options.aliases, ...options.listen, ...advertised].map(bare);
    this.#names = new Set(names.filter((name) => name !== '0.0.0.0' && name !== '::' && name !== ''));
    this.addresses = options.addresses;
    this.#advertised = options.advertised ?? new Set();
  }

  /** `host`: without brackets; its letter case does not matter (RFC 3261 19.1.4). */
  isOurs(host: string): boolean {
    const name = bare(host);
    return this.#names.has(name) || (isIP(name) !== 0 && (this.addresses.has(name) || this.#advertised.has(name)));
  }

  /**
   * `user@domain` of a SIP URI of this place, whatever its port and parameters; null for another host, scheme, or
   * where there is no user.
   */
  aorFor(uri: SipUri): Aor | null {
    const isSip = uri.scheme === 'sip' || uri.scheme === 'sips';
    return isSip && uri.user && this.isOurs(uri.host) ? this.aorOfUser(uri.user) : null;
  }

  /** `user`: unescaped. */
  aorOfUser(user: string): Aor {
    return aorOf(user, this.domain);
  }
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
