import { createRequire } from 'node:module';
import type { Socket } from 'node:net';

/*
 * What this room uses of drachtio-srf 5, and nothing else: the types it brings know no subscribe handler and no request
 * within a dialog by its id. Read in its lib/srf.js, lib/drachtio-agent.js and lib/wire-protocol.js.
 */

/** A request from the network, or the copy of one that we sent. */
export interface SrfRequest {
  readonly method: string;
  /** The whole message; bytes that are no UTF-8 have become U+FFFD. */
  readonly raw: string;
  /** `udp`, `tcp`, `tls`, `ws` or `wss`. */
  readonly protocol?: string;
  readonly source_address?: string;
  readonly source_port?: number;
  /** `address:port` of the listener; only outside of dialogs. */
  readonly receivedOn?: string;
  /** The server's name of the dialog it is in; the empty string: of none that it knows. */
  readonly stackDialogId?: string;
  get(name: string): string | undefined;
  on(event: 'response', listener: (response: SrfMessage) => void): unknown;
}

/** A response from the network, or the copy of one that we sent. */
export interface SrfMessage {
  readonly raw?: string;
  readonly status?: number;
  readonly reason?: string;
  get(name: string): string | undefined;
}

/** The answer we give. `send` throws for a status it does not know. */
export interface SrfResponse {
  send(
    status: number,
    reason: string,
    options: { readonly headers: Readonly<Record<string, string>> },
    sent: (error: unknown, message?: SrfMessage) => void,
  ): void;
}

export interface SrfRequestOptions {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The next hop. */
  readonly proxy?: string;
  readonly stackDialogId?: string;
}

/** One frame without its length: a first line with bars, and a SIP message below it or nothing. */
export type SrfReader = (socket: Socket, text: string) => void;

/** What carries the frames. It is not in srf's manual, and the only way to see whether the server is alive. */
export interface SrfWire {
  on(event: 'connect', listener: (socket: Socket) => void): unknown;
  on(event: 'msg', listener: SrfReader): unknown;
  listeners(event: 'msg'): SrfReader[];
  removeAllListeners(event: 'msg'): unknown;
  send(socket: Socket, message: string): string;
}

export interface Srf {
  /** Before `connect` there is no client. */
  readonly app: { readonly client?: { readonly wp: SrfWire } };
  connect(options: {
    readonly host: string;
    readonly port: number;
    readonly secret: string;
    readonly reconnect: { readonly maxAttempts: number };
  }): void;
  /** `hostports`: `udp/192.0.2.1:5060,tcp/192.0.2.1:5060`. */
  on(event: 'connect', listener: (error: unknown, hostports?: string, version?: string) => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  subscribe(handler: SrfHandler): unknown;
  publish(handler: SrfHandler): unknown;
  notify(handler: SrfHandler): unknown;
  options(handler: SrfHandler): unknown;
  /** Any method, asks the server for none. */
  use(handler: SrfHandler): unknown;
  /** Throws where there is no connection. */
  request(uri: string, options: SrfRequestOptions, sent: (error: unknown, request?: SrfRequest) => void): unknown;
}

export type SrfHandler = (request: SrfRequest, response: SrfResponse) => void;

/** Of the `debug` package that srf brings. */
interface DebugPackage {
  disable(): string;
  enable(namespaces: string): void;
  enabled(namespace: string): boolean;
}

/**
 * A new client, not connected. Loaded where it is used: with the other engine it costs nothing.
 *
 * With DEBUG in the environment srf would write every frame to stderr, the secret of the first one and the passwords'
 * digests of all others: it is made silent, whatever DEBUG says.
 */
export function newSrf(): Srf {
  const load = createRequire(import.meta.url);
  const path = load.resolve('drachtio-srf');
  const debug = createRequire(path)('debug') as DebugPackage;
  const Client = load(path) as new () => Srf;
  if (debug.enabled('drachtio:agent')) {
    debug.enable([debug.disable(), '-drachtio:*'].filter((part) => part !== '').join(','));
  }
  return new Client();
}
