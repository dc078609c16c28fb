import type { Config } from '../../config/schema.ts';
import { isPrivate } from '../../examination/address.ts';
import { many, odd } from '../../model/check.ts';
import { isLoopback } from '../../sip/local-addresses.ts';
import { bracketed } from '../../sip/own-contact.ts';
import type { DaemonCheck, WaysAnswer } from './seen.ts';

/** Requests that Lamplighter only has a use for when it can send them on. */
const callMethods = ['REGISTER', 'INVITE'];

/** Phones keep their feature keys subscribed to FreeSWITCH. */
export function isNative({ pbx }: Config): boolean {
  return pbx.some((one) => one['mode'] === 'native');
}

/** By push and natively no phone has to send anything here. */
function isToldOtherwise({ upstreams, pushRules }: WaysAnswer, config: Config): boolean {
  return upstreams.length === 0 && (pushRules !== null || isNative(config));
}

/** Listeners that only this host reaches. */
export const loopback: DaemonCheck = {
  name: 'loopback',
  look: ({ ways, ways: { listeners, subscriptions, engine }, config }) =>
    engine.kind === 'drachtio' ||
    subscriptions.total > 0 ||
    isToldOtherwise(ways, config) ||
    !listeners.every(({ address }) => isLoopback(address))
      ? []
      : [
          odd(
            `only this host can reach ${listeners.map(nameOf).join(', ')}`,
            'listen on an address that phones reach, sip.listen: [udp:0.0.0.0:5070, tcp:0.0.0.0:5070]; ' +
              'right as it is where a proxy on this host brings them',
          ),
        ],
};

/** Nobody has sent anything. */
export const unheard: DaemonCheck = {
  name: 'unheard',
  look: ({ ways, ways: { listeners, engine, subscriptions }, config }) =>
    // Without its server an engine has no listeners, and engine says so. Subscriptions of before a restart came in somewhere,
    // and are refreshed when it is time.
    !engine.up ||
    subscriptions.total > 0 ||
    isToldOtherwise(ways, config) ||
    listeners.some(({ lastRequestAt }) => lastRequestAt !== null)
      ? []
      : [
          odd(
            `no request came to ${listeners.map(nameOf).join(', ')} since the start`,
            'a firewall lets nothing in, or nothing sends here yet: set the way on the phones or the proxy (docs/deploy), ' +
              `then watch: tcpdump -n -i any port ${listeners[0]?.port ?? 5070}`,
          ),
        ],
};

/** Phones that take Lamplighter for their PBX. */
export const notForUs: DaemonCheck = {
  name: 'not-for-us',
  look: ({ ways }) => {
    const counts = callMethods.map((method) => [method, requestsOf(ways, method)] as const);
    const came = counts.filter(([, count]) => count > 0);
    if (ways.upstreams.length > 0 || came.length === 0) return [];
    const what = came.map(([method, count]) => `${count} ${method}`).join(' and ');
    return [
      odd(
        `${what} came here, and Lamplighter is not inline: they were refused`,
        'phones with Lamplighter as their outbound proxy need sip.upstream (docs/deploy/inline.md); ' +
          'a proxy should send SUBSCRIBE and PUBLISH only. From strangers: the firewall',
      ),
    ];
  },
};

/** Phones beyond NAT that are told an address of this side. */
export const advertise: DaemonCheck = {
  name: 'advertise',
  look: ({ config, ways, addresses }) => {
    if (config.sip.advertise !== undefined || ways.engine.kind === 'drachtio') return [];
    const isHidden = addresses.length > 0 && addresses.every((address) => isPrivate(address));
    const far = ways.sources.find(({ address }) => !isPrivate(address));
    const isWild = ways.listeners.some(({ address }) => address === '0.0.0.0' || address === '::');
    if (!isHidden || far === undefined || !isWild) return [];
    return [
      odd(
        `phones at ${far.address} are told ${addresses.join(' or ')}, which they cannot reach`,
        'set sip.advertise to the address or name by which they reach Lamplighter',
      ),
    ];
  },
};

/** SUBSCRIBEs that led to nothing. */
export const nobodySubscribed: DaemonCheck = {
  name: 'nobody-subscribed',
  look: ({ ways }) => {
    const came = requestsOf(ways, 'SUBSCRIBE');
    const heard = ways.listeners.some(({ lastRequestAt }) => lastRequestAt !== null);
    if (ways.subscriptions.total > 0 || !heard) return [];
    if (came > 0) {
      return [
        odd(
          `${many(came, 'SUBSCRIBE')} came, and no subscription stands`,
          'the log says why: auth-failed, unknown-user, or nothing where the phone gave up at the challenge ' +
            '(docs/troubleshooting.md)',
        ),
      ];
    }
    return [
      odd(
        'requests come, and no SUBSCRIBE is among them',
        'turn on feature key synchronisation and lamps (BLF) on the phones; behind a proxy, route SUBSCRIBE here',
      ),
    ];
  },
};

/** How many requests of a method came, at all listeners. */
export function requestsOf({ listeners }: Pick<WaysAnswer, 'listeners'>, method: string): number {
  return listeners.reduce((sum, { requests }) => sum + (requests[method] ?? 0), 0);
}

function nameOf({ transport, address, port }: WaysAnswer['listeners'][number]): string {
  return `${transport}:${bracketed(address)}:${port}`;
}
