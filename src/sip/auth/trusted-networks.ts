import { BlockList, isIP } from 'node:net';
import { Fault } from '../../model/errors.ts';

/** Addresses whose answer is remembered: asking the list costs 3 us, and a storm is the same phones again and again. */
const mostRemembered = 10_000;

/** Networks in CIDR notation, or single addresses; IPv4 and IPv6. */
export class TrustedNetworks {
  readonly #list = new BlockList();
  readonly #remembered = new Map<string, boolean>();

  /** Throws a Fault `config-invalid` that names the entry that is no network. */
  constructor(networks: readonly string[]) {
    for (const network of networks) this.#add(network);
  }

  /** `address`: without brackets; an IPv4 address in its IPv6 form counts as IPv4. */
  has(address: string): boolean {
    const known = this.#remembered.get(address);
    if (known !== undefined) return known;
    if (this.#remembered.size >= mostRemembered) this.#remembered.clear();
    const answer = this.#look(address);
    this.#remembered.set(address, answer);
    return answer;
  }

  #look(address: string): boolean {
    const bare = address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
    const family = isIP(bare);
    return family !== 0 && this.#list.check(bare, family === 4 ? 'ipv4' : 'ipv6');
  }

  #add(network: string): void {
    const [address = '', prefix, ...rest] = network.trim().split('/');
    const family = isIP(address);
    const bits = family === 4 ? 32 : 128;
    const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
    if (family === 0 || rest.length > 0 || length < 0 || length > bits) {
      throw new Fault('config-invalid', `sip.trusted: "${network}" is not an address or a network like 192.0.2.0/24`);
    }
    this.#list.addSubnet(address, length, family === 4 ? 'ipv4' : 'ipv6');
  }
}
