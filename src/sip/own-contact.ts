import { isIP } from 'node:net';
import type { Flow } from './engine.ts';
import type { LocalAddresses } from './local-addresses.ts';
import { parseHostPort } from './message/uri.ts';

/** COMPAT(Yealink): refreshes to a Contact without a user part come with a Request-URI without one, for ever. */
export const contactUser = 'lamplighter';

/**
 * Our Contact for a flow (E65-31): `advertise` where it is set, else the local end of the flow, and where that is a
 * wildcard the address that faces the phone.
 */
export function ownContact(flow: Flow, advertise: string | null, addresses: LocalAddresses): string {
  const advertised = advertise === null ? null : hostPortOf(advertise);
  const host =
    advertised?.host ?? (isWildcard(flow.local.address) ? addresses.facing(flow.remote.address) : flow.local.address);
  const port = advertised?.port ?? flow.local.port;
  const transport = flow.transport === 'udp' ? '' : `;transport=${flow.transport}`;
  return `<sip:${contactUser}@${bracketed(host)}:${port}${transport}>`;
}

/** An IPv6 address in brackets and without its zone, which has no place in a URI; anything else as it is. */
export function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host.replace(/%.*$/, '')}]` : host;
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::' || address === '';
}

function hostPortOf(text: string): { readonly host: string; readonly port: number | null } {
  return (isIP(text) === 6 ? null : parseHostPort(text)) ?? { host: text, port: null };
}
