import { BlockList, isIP } from 'node:net';
import { Fault } from '../../model/errors.ts';

interface Network4 {
  readonly base: number;
  readonly mask: number;
}

/**
 * Networks in CIDR notation, or single addresses; IPv4 and IPv6. Asked for every datagram, so IPv4 is compared as numbers
 * (0.1 us); BlockList, which costs 3 us, is left for IPv6.
 */
export class TrustedNetworks {
  readonly #networks4: Network4[] = [];
  readonly #list6 = new BlockList();

  /** Throws a Fault `config-invalid` that names the entry that is no network, and the `setting` that has it. */
  constructor(networks: readonly string[], setting = 'sip.trusted') {
    for (const network of networks) this.#add(network, setting);
  }

  /** `address`: without brackets; an IPv4 address in its IPv6 form counts as IPv4. */
  has(address: string): boolean {
    const number = toNumber(address);
    if (number !== null) return this.#has4(number);
    const mapped = /^::ffff:(\d+\.[\d.]+)$/i.exec(address)?.[1];
    if (mapped !== undefined) return this.has(mapped);
    const bare = address.replace(/%.*$/, '');
    return isIP(bare) === 6 && this.#list6.check(bare, 'ipv6');
  }

  #has4(number: number): boolean {
    for (const { base, mask } of this.#networks4) if ((number & mask) === base) return true;
    return false;
  }

  #add(network: string, setting: string): void {
    const [address = '', prefix, ...rest] = network.trim().split('/');
    const family = isIP(address);
    const bits = family === 4 ? 32 : 128;
    const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
    if (family === 0 || rest.length > 0 || length < 0 || length > bits) {
      throw new Fault('config-invalid', `${setting}: "${network}" is not an address or a network like 192.0.2.0/24`);
    }
    const number = toNumber(address);
    if (number === null) this.#list6.addSubnet(address, length, 'ipv6');
    else {
      const mask = length === 0 ? 0 : -1 << (32 - length); // a shift by 32 is one by 0
      this.#networks4.push({ base: number & mask, mask });
    }
  }
}

const dot = 0x2e;
const zero = 0x30;

/** The 32 bits of a dotted IPv4 address, signed; null where it is none. */
function toNumber(address: string): number | null {
  let number = 0;
  let octet = -1;
  let dots = 0;
  for (let at = 0; at < address.length; at++) {
    const code = address.charCodeAt(at);
    if (code === dot) {
      if (octet < 0 || ++dots > 3) return null;
      number = (number << 8) | octet;
      octet = -1;
    } else if (code >= zero && code <= zero + 9) {
      octet = (octet < 0 ? 0 : octet * 10) + code - zero;
      if (octet > 255) return null;
    } else return null;
  }
  return dots === 3 && octet >= 0 ? (number << 8) | octet : null;
}
