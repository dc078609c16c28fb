import { isIP } from 'node:net';
import { type DialogState, isSecureTag } from './dialog.ts';
import type { Flow, Transport } from './engine.ts';
import type { LocalAddresses } from './local-addresses.ts';
import { parseNameAddr, splitList } from './message/name-addr.ts';
import { parseHostPort } from './message/uri.ts';

/** COMPAT(Yealink): refreshes to a Contact without a user part come with a Request-URI without one, for ever. */
export const contactUser = 'lamplighter';

/**
 * Our Contact for a flow (E65-31): `advertise` where it is set and no address of the other IP family, else the local end of
 * the flow, and where that is a wildcard the address that faces the phone.
 *
 * @param secure the dialog was asked for by `sips:`; heeded where the flow is.
 */
export function ownContact(flow: Flow, advertise: string | null, addresses: LocalAddresses, secure = false): string {
  return new OwnContact(advertise, addresses).at(flow, secure);
}

type ContactPath = Pick<DialogState, 'flow' | 'remoteTarget' | 'routeSet'> & Partial<Pick<DialogState, 'localTag'>>;

/** The same for who says it with each answer and each NOTIFY: kept while it does not differ, as it hardly ever does (-0.5 us). */
export class OwnContact {
  readonly #advertised: HostPort | null;
  readonly #addresses: LocalAddresses;
  #host = '';
  #port = 0;
  #transport: Transport = 'udp';
  #sips = false;
  #contact = '';

  constructor(advertise: string | null, addresses: LocalAddresses) {
    this.#advertised = advertise === null ? null : hostPortOf(advertise);
    this.#addresses = addresses;
  }

  /**
   * In a dialog, or outside of one but by its path. RFC 3261 12.1.1 has the phone's own Contact be `sips:` where it asks for a
   * `sips:` URI; one that writes `sip:` there is served as well, and gets what it is owed.
   */
  in({ flow, remoteTarget, routeSet, localTag = '' }: ContactPath): string {
    return this.at(
      flow,
      isEncrypted(flow.transport) && (isSecureTag(localTag) || isSecureTarget(remoteTarget, routeSet)),
    );
  }

  /** As `ownContact`. */
  at({ transport, local, remote }: Flow, secure: boolean): string {
    const told = this.#advertised;
    const advertised = told !== null && isForFamily(told.host, remote.address) ? told : null;
    const host =
      advertised?.host ?? (isWildcard(local.address) ? this.#addresses.facing(remote.address) : local.address);
    // an advertised port is the one of plain SIP: TLS and WebSocket listen elsewhere
    const plain = transport === 'udp' || transport === 'tcp';
    const port = (plain ? advertised?.port : null) ?? local.port;
    const sips = secure && isEncrypted(transport);
    if (host === this.#host && port === this.#port && transport === this.#transport && sips === this.#sips) {
      return this.#contact;
    }
    const scheme = sips ? 'sips' : 'sip';
    this.#host = host;
    this.#port = port;
    this.#transport = transport;
    this.#sips = sips;
    this.#contact = `<${scheme}:${contactUser}@${bracketed(host)}:${port}${transportParam(transport, sips)}>`;
    return this.#contact;
  }
}

function isEncrypted(transport: Transport): boolean {
  return transport === 'tls' || transport === 'wss';
}

/**
 * True where our Contact must be a `sips:` URI, too: the remote target, or the first hop to it, is one
 * (RFC 3261 12.1.1, 8.1.1.8).
 */
export function isSecureTarget(remoteTarget: string, routeSet: readonly string[]): boolean {
  const first = routeSet[0];
  const hop = first === undefined ? remoteTarget : (parseNameAddr(splitList(first)?.[0] ?? first)?.uri ?? '');
  return /^sips:/i.test(hop) || /^sips:/i.test(remoteTarget);
}

function transportParam(transport: Transport, sips: boolean): string {
  if (transport === 'udp') return '';
  if (transport === 'tls') return sips ? '' : ';transport=tls'; // RFC 5630 3.1.4: `sips:` says it already
  return `;transport=${transport === 'wss' ? 'ws' : transport}`; // RFC 7118 5.2.1: `ws` for both
}

/** An IPv6 address in brackets and without its zone, which has no place in a URI; anything else as it is. */
export function bracketed(host: string): string {
  return host.includes(':') && isIP(host) === 6 ? `[${host.replace(/%.*$/, '')}]` : host;
}

/** False: a phone at `remote` can do nothing with `host`, an address of the other IP family. A name is for both. */
export function isForFamily(host: string, remote: string): boolean {
  return isIP(host) === 0 || isIP(host) === isIP(remote);
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::' || address === '';
}

interface HostPort {
  readonly host: string;
  readonly port: number | null;
}

function hostPortOf(text: string): HostPort {
  return (isIP(text) === 6 ? null : parseHostPort(text)) ?? { host: text, port: null };
}
