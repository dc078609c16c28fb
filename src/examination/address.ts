import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { broken, type Check, fine, odd } from '../model/check.ts';
import { isLoopback } from '../sip/local-addresses.ts';
import type { DaemonSeen } from './seen.ts';

/** The address that phones are told, against those that this host has and those that phones come from. */
export const natAddress: Check<DaemonSeen> = {
  name: 'nat-address',
  look: async ({ config, ways, addresses }) => {
    const { advertise } = config.sip;
    if (advertise === undefined || ways.engine.kind !== 'embedded') return [];
    const host = hostOf(advertise);
    const told = isIP(host) === 0 ? await resolved(host) : [host];
    if (told === null) {
      return [
        broken(
          `sip.advertise ${host} has no address: phones cannot reach us by it`,
          'correct the name or its DNS record',
        ),
      ];
    }
    const far = ways.sources.find(({ address }) => !isPrivate(address));
    const nowhere = told.find((address) => isLoopback(address) || address === '0.0.0.0' || address === '::');
    if (nowhere !== undefined && (far !== undefined || addresses.length > 0)) {
      return [
        broken(
          `phones are told ${nowhere} (sip.advertise), which is their own host`,
          'set sip.advertise to the address by which phones reach Lamplighter',
        ),
      ];
    }
    if (far !== undefined && told.every((address) => isPrivate(address))) {
      return [
        odd(
          `phones at ${far.address} are told ${told.join(', ')} (sip.advertise), which they cannot reach`,
          'set sip.advertise to the public address of the router, or to a name that means both',
        ),
      ];
    }
    const isHere = told.some((address) => addresses.includes(address) || isLoopback(address));
    const behindNat = addresses.every((address) => isPrivate(address));
    if (isHere || behindNat) return [fine(`phones are told ${advertise}`)];
    return [
      odd(
        `phones are told ${told.join(', ')} (sip.advertise), and this host has ${addresses.join(', ')}`,
        'right where a router or a balancer stands before it; else correct sip.advertise, or take it out',
      ),
    ];
  },
};

/** null: it means nothing. */
async function resolved(name: string): Promise<readonly string[] | null> {
  try {
    const found = await lookup(name, { all: true });
    return found.length === 0 ? null : found.map(({ address }) => address);
  } catch {
    return null;
  }
}

/** Without a port and brackets. */
function hostOf(text: string): string {
  if (isIP(text) === 6) return text;
  return text.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

const privateNetworks = new BlockList();
for (const [network, prefix] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10], // RFC 6598
  ['169.254.0.0', 16],
  ['127.0.0.0', 8],
] as const) {
  privateNetworks.addSubnet(network, prefix);
}
for (const [network, prefix] of [
  ['fc00::', 7],
  ['fe80::', 10],
  ['::1', 128],
] as const) {
  privateNetworks.addSubnet(network, prefix, 'ipv6');
}

/** Nobody far away can reach it. */
export function isPrivate(address: string): boolean {
  const bare = address.replace(/%.*$/, '');
  return privateNetworks.check(bare, isIP(bare) === 6 ? 'ipv6' : 'ipv4');
}
