import { isIP } from 'node:net';
import { broken, type Check, fine, odd, type Remark } from '../model/check.ts';
import type { ListenerView } from '../model/ways.ts';
import { isLoopback } from '../sip/local-addresses.ts';
import { bracketed } from '../sip/own-contact.ts';
import { type Door, type Knock, knock } from './knock.ts';
import type { DaemonSeen } from './seen.ts';

/** Of a listener on every address so many are tried. */
const mostAddresses = 8;

/** Asks each of our own listeners for a subscription, by each of its addresses. */
export const listeners: Check<DaemonSeen> = {
  name: 'listeners',
  look: async (seen) => {
    const { ways } = seen;
    // they are drachtio-server's own
    if (ways.engine.kind !== 'embedded') return [];
    const doors = ways.listeners.flatMap((listener) => doorsOf(listener, seen.addresses));
    const knocks = await Promise.all(doors.map((door) => ask(door, seen)));
    const bad = doors.flatMap((door, index) => judge(door, knocks[index]) ?? []);
    if (bad.length > 0) return bad;
    return [fine(`each listener answers a SUBSCRIBE: ${[...new Set(doors.map(nameOf))].join(', ')}`)];
  },
};

/** The certificate that phones are shown, with the address it is shown at. */
export async function shownCertificates(
  seen: DaemonSeen,
): Promise<readonly { readonly door: Door; readonly knock: Knock }[]> {
  const secure = seen.ways.listeners.filter(({ transport }) => transport === 'tls' || transport === 'wss');
  const doors = secure.flatMap((listener) => doorsOf(listener, seen.addresses).slice(0, 1));
  return Promise.all(doors.map(async (door) => ({ door, knock: await ask(door, seen) })));
}

function ask(door: Door, { ways, question, expect, clock }: DaemonSeen): Promise<Knock> {
  // who is not trusted would be told so, and written down as an attacker
  const method = ways.auth === 'trusted' && !isLoopback(door.host) ? 'OPTIONS' : 'SUBSCRIBE';
  return knock(door, { method, ...question }, expect, clock);
}

function doorsOf({ transport, address, port }: ListenerView, addresses: readonly string[]): readonly Door[] {
  const isWild = address === '0.0.0.0' || address === '::';
  if (!isWild) return [{ transport, host: address, port }];
  const family = isIP(address);
  // an address of one link needs its zone, which nobody calls us by
  const own = addresses.filter((one) => isIP(one) === family && !/^fe80:/i.test(one));
  return [family === 6 ? '::1' : '127.0.0.1', ...own]
    .slice(0, mostAddresses)
    .map((host) => ({ transport, host, port }));
}

/** null: all is well. */
function judge(door: Door, knocked: Knock | undefined): Remark | null {
  const name = nameOf(door);
  if (knocked === undefined) return null;
  const { status, server, reason, heard } = knocked;
  if (status === null) {
    // it wants the certificate of a phone, and has none of us
    if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE/i.test(reason ?? '')) return null;
    const fix = heard
      ? 'Lamplighter hears the request and its answer does not come back: a firewall of this host, or too much to do (docs/overload.md)'
      : `a firewall of this host drops it, or another program has the address: ss -lnp | grep ${door.port}`;
    return broken(`${name} does not answer a SUBSCRIBE: ${reason ?? 'silence'}`, fix);
  }
  if (!heard) {
    const who = server === null ? 'another program' : server;
    return broken(
      `${who} answers at ${name}, not Lamplighter: phones that subscribe there reach it`,
      `give the PBX another port or address (Asterisk: bind of the transport in pjsip.conf; FreeSWITCH: sip-port of the profile), or Lamplighter another port than ${door.port} in sip.listen; ss -lnp | grep ${door.port}`,
    );
  }
  if (status === 503) {
    return odd(
      `${name} answers 503: the PBX that knows the passwords is away, or Lamplighter has more to do than it can`,
      'lamplighter links says whether it is the PBX; docs/overload.md what is slow',
    );
  }
  if (status >= 500) return broken(`${name} answers a SUBSCRIBE with ${status}`, 'the log has the fault with its fix');
  return null;
}

export function nameOf({ transport, host, port }: Door): string {
  return `${transport}:${bracketed(host)}:${port}`;
}
