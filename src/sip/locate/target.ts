import type { Transport } from '../engine.ts';

/** One place a request can be sent to. */
export interface Target {
  readonly transport: Transport;
  /** IP address without brackets and zone. */
  readonly address: string;
  readonly port: number;
  /** The name the certificate must show: that of the URI, whatever DNS made of it (RFC 5922 4); null without TLS. */
  readonly serverName: string | null;
}

/** An SRV name and what it stands for. */
export interface Service {
  readonly transport: Transport;
  /** `_sip._udp.example.com` */
  readonly name: string;
}

/** A name to be looked up in A and AAAA. */
export interface Host {
  readonly transport: Transport;
  readonly name: string;
  readonly port: number;
}

/** RFC 3261 18, RFC 7118 5.3: whether the peer has a certificate to check. */
export function isSecure(transport: Transport): boolean {
  return transport === 'tls' || transport === 'wss';
}

/** RFC 3261 19.1.2; RFC 7118 5.3: those of HTTP. */
export function defaultPort(transport: Transport): number {
  if (transport === 'ws') return 80;
  if (transport === 'wss') return 443;
  return transport === 'tls' ? 5061 : 5060;
}

/** Two targets with one key are one place. */
export function targetKey({ transport, address, port }: Target): string {
  return `${transport}:${address}|${port}`;
}
