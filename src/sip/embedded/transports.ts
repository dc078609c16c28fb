import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Clock } from '../../model/clock.ts';
import type { Logger } from '../../model/logger.ts';
import type { Endpoint, Flow, ListenPoint } from '../engine.ts';
import { type TcpConnection, type TcpEvents, TcpSide } from './tcp.ts';
import { UdpListener } from './udp.ts';

/** What came off the wire, with the path it took. */
export interface TransportEvents extends TcpEvents {
  onDatagram(bytes: Buffer, flow: Flow): void;
}

/** Every socket of the engine. Paths are flows: nothing here ever looks at a URI or resolves a name. */
export class Transports {
  readonly #udp: UdpListener[] = [];
  readonly #tcp: TcpSide;
  readonly #logger: Logger;
  readonly #events: TransportEvents;
  readonly #advertise: string | null;

  constructor(options: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly events: TransportEvents;
    readonly connectionPrefix: string;
    readonly advertise: string | null;
  }) {
    this.#logger = options.logger;
    this.#events = options.events;
    this.#advertise = options.advertise;
    this.#tcp = new TcpSide(options.clock, options.connectionPrefix, options.events);
  }

  /** All or nothing: what was bound before a fault is closed again. */
  async listen(points: readonly ListenPoint[]): Promise<readonly ListenPoint[]> {
    const bound: ListenPoint[] = [];
    try {
      for (const point of points) bound.push(await this.#listenOn(point));
    } catch (error) {
      await this.close();
      throw error;
    }
    return bound;
  }

  /** False: the flow is gone. `onError`: the kernel refused a datagram, said later. */
  send(flow: Flow, wire: string, onError: (error: Error) => void): boolean {
    if (flow.transport !== 'udp') return this.#tcp.find(flow.connection)?.send(wire) ?? false;
    const listener = this.#listenerFor(flow);
    listener?.send(wire, flow.remote, onError);
    return listener !== undefined;
  }

  connection(flow: Flow): TcpConnection | undefined {
    return this.#tcp.find(flow.connection);
  }

  dial(remote: Endpoint): Promise<TcpConnection | null> {
    return this.#tcp.dial(remote);
  }

  /** Where we can be reached, for the Via of a request on this flow; null: no socket for it. */
  viaAddress(flow: Flow): Endpoint | null {
    if (flow.transport === 'udp') {
      const listener = this.#listenerFor(flow);
      return listener === undefined ? null : this.#reachable(listener.point, flow.remote.address);
    }
    const connection = this.#tcp.find(flow.connection);
    return connection === undefined ? null : this.#reachable(connection.flow.local, connection.flow.remote.address);
  }

  async close(): Promise<void> {
    await Promise.all([this.#tcp.close(), ...this.#udp.map((listener) => listener.close())]);
  }

  async #listenOn(point: ListenPoint): Promise<ListenPoint> {
    if (point.transport === 'tcp') return this.#tcp.listen(point);
    const listener = new UdpListener(point, this.#logger, (bytes, remote, { point: local }) =>
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
    if (this.#advertise !== null) return { address: this.#advertise, port: local.port };
    if (local.address !== '0.0.0.0' && local.address !== '::') return local;
    return { address: ownAddress(isIPv6(local.address), remote), port: local.port };
  }
}

const loopback = /^(?:127\.|::1$)/;

/** An address of this host instead of the wildcard. Answers come back by rport, so any is good enough. */
function ownAddress(v6: boolean, remote: string): string {
  const home = v6 ? '::1' : '127.0.0.1';
  if (loopback.test(remote)) return home;
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const outside = all.find(
    (one) => !one.internal && one.family === (v6 ? 'IPv6' : 'IPv4') && !one.address.startsWith('fe80'),
  );
  return outside?.address ?? home;
}
