import { isIPv6 } from 'node:net';
import type { Clock } from '../../model/clock.ts';
import { Fault } from '../../model/errors.ts';
import type { Logger } from '../../model/logger.ts';
import type { Tap } from '../../model/trace.ts';
import type { Endpoint, Flow, ListenPoint, Transport } from '../engine.ts';
import { LocalAddresses } from '../local-addresses.ts';
import { isForFamily } from '../own-contact.ts';
import { pointName } from './bind-fault.ts';
import type { Connection, ConnectionEvents } from './connection.ts';
import { Connections } from './connections.ts';
import { openKernel } from './datagrams/kernel.ts';
import { type StreamLimits, streamLimits } from './stream-limits.ts';
import { TcpSide } from './tcp.ts';
import { TlsSide } from './tls.ts';
import { TlsKeys, type TlsSettings } from './tls-keys.ts';
import { UdpListener } from './udp.ts';
import { WsSide } from './ws.ts';

/** What came off the wire, with the path it took. */
export interface TransportEvents extends ConnectionEvents {
  /** The memory of `bytes` is used again after the call. */
  onDatagram(bytes: Buffer, flow: Flow): void;
}

/** What an admin or a test may set about connections. */
export interface StreamOptions {
  /** Needed for `tls` and `wss` listeners. */
  readonly tls?: TlsSettings;
  /** Web pages that may connect by WebSocket; default: none. A client that is no browser names no page and may. */
  readonly webSocketOrigins?: readonly string[];
  /** Instead of the usual limits. */
  readonly limits?: Partial<StreamLimits>;
  /** Addresses that may hold any number of connections; default: none. */
  readonly isTrusted?: (address: string) => boolean;
}

/** Every socket of the engine. Paths are flows: nothing here ever looks at a URI or resolves a name. */
export class Transports {
  readonly #udp: UdpListener[] = [];
  readonly #connections: Connections;
  readonly #keys: TlsKeys | null;
  readonly #tcp: TcpSide;
  readonly #tls: TlsSide | null;
  readonly #ws: WsSide;
  readonly #logger: Logger;
  readonly #events: TransportEvents;
  readonly #advertise: string | null;
  readonly #addresses: LocalAddresses;
  readonly #tap: Tap | null;
  readonly #batches: boolean;

  /** Throws a Fault `config-invalid` where the certificate cannot be used. */
  constructor(options: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly events: TransportEvents;
    readonly connectionPrefix: string;
    readonly advertise: string | null;
    readonly streams: StreamOptions;
    readonly tap: Tap | null;
    /** UDP by calls for many datagrams at once, where the system has them. */
    readonly batches: boolean;
  }) {
    const { clock, logger, connectionPrefix: idPrefix, tap } = options;
    const events = tap === null ? options.events : tapped(options.events, tap);
    const { tls, webSocketOrigins: origins = [], limits, isTrusted = () => false } = options.streams;
    this.#logger = logger;
    this.#events = events;
    this.#tap = tap;
    this.#batches = options.batches;
    this.#advertise = options.advertise;
    this.#addresses = new LocalAddresses(clock);
    this.#connections = new Connections({ clock, limits: { ...streamLimits, ...limits }, isTrusted, idPrefix, events });
    this.#keys = tls === undefined ? null : new TlsKeys(tls, clock, logger);
    this.#tcp = new TcpSide(this.#connections);
    this.#tls = this.#keys === null ? null : new TlsSide(this.#connections, this.#keys);
    this.#ws = new WsSide({ connections: this.#connections, keys: this.#keys, origins });
  }

  /** All or nothing: what was bound before a fault is closed again. */
  async listen(points: readonly ListenPoint[]): Promise<readonly ListenPoint[]> {
    const bound: ListenPoint[] = [];
    try {
      for (const point of points) bound.push(await this.#listenOn(point));
      if (points.some(({ transport }) => isSecure(transport))) this.#keys?.start();
    } catch (error) {
      await this.close();
      throw error;
    }
    return bound;
  }

  /** False: the flow is gone. `onError`: the kernel refused a datagram, said later. */
  send(flow: Flow, wire: string, onError: (error: Error) => void): boolean {
    const sent = this.#send(flow, wire, onError);
    if (sent) this.#tap?.passed('out', flow, wire);
    return sent;
  }

  #send(flow: Flow, wire: string, onError: (error: Error) => void): boolean {
    if (flow.transport !== 'udp') return this.#connections.find(flow.connection)?.send(wire) ?? false;
    const listener = this.#listenerFor(flow);
    listener?.send(wire, flow.remote, onError);
    return listener !== undefined;
  }

  connection(flow: Flow): Connection | undefined {
    return this.#connections.find(flow.connection);
  }

  /** How many there are of each transport. */
  connectionCounts(): ReadonlyMap<string, number> {
    return this.#connections.counts();
  }

  /** When the certificate in use ends, ms since the epoch; null: there is none. */
  get tlsValidTo(): number | null {
    return this.#keys?.validTo ?? null;
  }

  /** `from`: the address of ours that the peer knows. */
  dial(remote: Endpoint, from?: string): Promise<Connection | null> {
    return this.#tcp.dial(remote, from);
  }

  /** The path to this place from a UDP listener of its family; null: there is none. */
  udpTo(remote: Endpoint): Flow | null {
    const v6 = isIPv6(remote.address);
    const listener = this.#udp.find(({ point }) => isIPv6(point.address) === v6);
    return listener === undefined ? null : { transport: 'udp', local: listener.point, remote, connection: '' };
  }

  /** Where we can be reached, for the Via of a request on this flow; null: no socket for it. */
  viaAddress(flow: Flow): Endpoint | null {
    if (flow.transport === 'udp') {
      const listener = this.#listenerFor(flow);
      return listener === undefined ? null : this.#reachable(listener.point, flow.remote.address);
    }
    const connection = this.#connections.find(flow.connection);
    return connection === undefined ? null : this.#reachable(connection.flow.local, connection.flow.remote.address);
  }

  async close(): Promise<void> {
    this.#keys?.close();
    this.#connections.close();
    const streams = [this.#tcp.close(), this.#tls?.close(), this.#ws.close()];
    await Promise.all([...streams, ...this.#udp.map((listener) => listener.close())]);
  }

  /** As `TlsKeys.prepare`; without a certificate there is nothing to prepare. */
  async prepareCertificate(settings: TlsSettings): Promise<() => void> {
    return (await this.#keys?.prepare(settings)) ?? (() => undefined);
  }

  /** From the next connection on. */
  adjust({ webSocketOrigins, limits }: Required<Pick<StreamOptions, 'webSocketOrigins' | 'limits'>>): void {
    this.#ws.welcome(webSocketOrigins);
    this.#connections.limit(limits);
  }

  async #listenOn(point: ListenPoint): Promise<ListenPoint> {
    if (point.transport === 'tcp') return this.#tcp.listen(point);
    if (isSecure(point.transport) && this.#keys === null) {
      throw new Fault('config-invalid', `sip.tls: needed for ${pointName(point)}`);
    }
    if (point.transport === 'tls' && this.#tls !== null) return this.#tls.listen(point);
    if (point.transport !== 'udp') return this.#ws.listen(point);
    const kernel = this.#batches ? await openKernel() : null;
    if (this.#batches && kernel === null) this.#logger.info({}, 'UDP datagrams go one by one: no calls for many here');
    const listener = new UdpListener(point, this.#logger, kernel, (bytes, remote, { point: local }) =>
      this.#events.onDatagram(bytes, { transport: 'udp', local, remote, connection: '' }),
    );
    await listener.bind();
    this.#udp.push(listener);
    return listener.point;
  }

  /** The socket the flow came by; after a restart with other ports, one of the same family. */
  #listenerFor(flow: Flow): UdpListener | undefined {
    const { address, port } = flow.local;
    for (const listener of this.#udp) {
      if (listener.point.port === port && listener.point.address === address) return listener;
    }
    const v6 = isIPv6(flow.remote.address);
    return this.#udp.find((listener) => isIPv6(listener.point.address) === v6);
  }

  #reachable(local: Endpoint, remote: string): Endpoint {
    const advertised = this.#advertise;
    if (advertised !== null && isForFamily(advertised, remote)) return { address: advertised, port: local.port };
    if (local.address !== '0.0.0.0' && local.address !== '::') return local;
    return { address: this.#addresses.facing(remote), port: local.port };
  }
}

/** What comes in is told before anybody judges it: what is dropped in a flood, or is no SIP, has come as well. */
function tapped(events: TransportEvents, tap: Tap): TransportEvents {
  return {
    onDatagram: (bytes, flow) => {
      tap.passed('in', flow, bytes);
      events.onDatagram(bytes, flow);
    },
    onFrame: (frame, connection) => {
      if (frame.kind !== 'ping') tap.passed('in', connection.flow, frame.bytes);
      events.onFrame(frame, connection);
    },
    onClosed: (connection) => events.onClosed(connection),
    onMisuse: (...said) => events.onMisuse(...said),
  };
}

function isSecure(transport: Transport): boolean {
  return transport === 'tls' || transport === 'wss';
}
