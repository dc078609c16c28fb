import { isIP } from 'node:net';
import { granted, type Outcome, refused } from '../../model/outcome.ts';
import type { Transport } from '../engine.ts';
import type { SipUri } from '../message/uri.ts';
import { rankNaptr, servicesOf } from './naptr.ts';
import { dnsName, type NaptrRecord, plainAddress } from './records.ts';
import { defaultPort, type Host, isSecure, type Service } from './target.ts';

/** What DNS has to be asked next, if anything. */
export type Step =
  | { readonly kind: 'address'; readonly transport: Transport; readonly address: string; readonly port: number }
  | { readonly kind: 'host'; readonly host: Host }
  | { readonly kind: 'naptr'; readonly name: string }
  /** `fallback`: where none of the services has SRV records (RFC 3263 4.2). */
  | { readonly kind: 'services'; readonly services: readonly Service[]; readonly fallback: Host };

/**
 * RFC 3263 4.1 and 4.2 up to the first question to DNS. `allowed`: the transports we can send by, most wanted first.
 * `maddr` is not honoured: it would let a peer aim us at any address.
 */
export function firstStep(uri: SipUri, allowed: readonly Transport[]): Outcome<Step> {
  if (uri.scheme !== 'sip' && uri.scheme !== 'sips') return refused('scheme', `${uri.scheme}: has no SIP server`, 416);
  const usable = usableFor(uri, allowed);
  const named = namedTransport(uri);
  if (named === null)
    return refused('transport-unknown', 'the URI names a transport that its scheme does not have', 503);
  const transport = named ?? defaultTransport(uri, usable);
  if (transport === null || !usable.includes(transport)) {
    return refused('transport-unavailable', `${uri.host} cannot be reached by a transport of this server`, 503);
  }
  if (isIP(uri.host) !== 0) {
    const address = plainAddress(uri.host);
    return granted({ kind: 'address', transport, address, port: uri.port ?? defaultPort(transport) });
  }
  const name = dnsName(uri.host);
  if (name === null) return refused('host-invalid', 'the host of the URI is neither an address nor a name', 503);
  if (uri.port !== null) return granted({ kind: 'host', host: { transport, name, port: uri.port } });
  if (named === undefined) return granted({ kind: 'naptr', name });
  const services = [{ transport, name: serviceName(transport, uri.scheme, name) }];
  return granted({ kind: 'services', services, fallback: { transport, name, port: defaultPort(transport) } });
}

/**
 * RFC 3263 4.1 with the answer to the NAPTR query: the services of the best usable records, or where there are none,
 * every service we could use, by our own preference.
 */
export function afterNaptr(uri: SipUri, allowed: readonly Transport[], records: readonly NaptrRecord[]): Step {
  const name = dnsName(uri.host) ?? '';
  const usable = usableFor(uri, allowed);
  const ranked = rankNaptr(records, servicesOf(uri.scheme, usable));
  const guessed = usable
    .filter((transport) => uri.scheme === 'sips' || !isSecure(transport)) // RFC 3263 4.1: `_sip` for SIP URIs
    .map((transport) => ({ transport, name: serviceName(transport, uri.scheme, name) }));
  const services = ranked.length > 0 ? ranked : guessed;
  const transport = ranked[0]?.transport ?? defaultTransport(uri, usable) ?? 'udp';
  return { kind: 'services', services, fallback: { transport, name, port: defaultPort(transport) } };
}

/** RFC 3261 26.2.2: a SIPS URI is reached by nothing that can be read on the way. */
function usableFor(uri: SipUri, allowed: readonly Transport[]): readonly Transport[] {
  return uri.scheme === 'sips' ? allowed.filter(isSecure) : allowed;
}

/** Undefined: the URI leaves it open; null: one that does not exist. */
function namedTransport(uri: SipUri): Transport | null | undefined {
  const raw = uri.params.get('transport');
  if (raw === undefined) return undefined;
  const secure = uri.scheme === 'sips';
  switch (raw?.toLowerCase()) {
    case 'udp':
      return secure ? null : 'udp'; // RFC 5630 3.1.3: there is no SIPS over UDP
    case 'tcp':
      return secure ? 'tls' : 'tcp'; // RFC 5630 3.1.4
    case 'ws':
      return secure ? 'wss' : 'ws'; // RFC 7118 5.2.4
    case 'tls': // RFC 3261 26.2.2: deprecated and in use everywhere
      return 'tls';
    case 'wss': // COMPAT(SIP.js, JsSIP peers): no transport parameter of RFC 7118, but seen
      return 'wss';
    default:
      return null;
  }
}

/** RFC 3263 4.1: UDP for SIP, TCP with TLS for SIPS; the next best where we do not have that. */
function defaultTransport(uri: SipUri, usable: readonly Transport[]): Transport | null {
  const order: readonly Transport[] = uri.scheme === 'sips' ? ['tls'] : ['udp', 'tcp'];
  return order.find((transport) => usable.includes(transport)) ?? null;
}

/** RFC 3263 4.1, RFC 7118: `_sips` is what has TLS inside. */
function serviceName(transport: Transport, scheme: string, name: string): string {
  const service = scheme === 'sips' || isSecure(transport) ? '_sips' : '_sip';
  const protocol = transport === 'udp' ? '_udp' : transport === 'ws' || transport === 'wss' ? '_ws' : '_tcp';
  return `${service}.${protocol}.${name}`;
}
