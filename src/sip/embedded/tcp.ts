import { connect, createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { Endpoint, ListenPoint } from '../engine.ts';
import { openByteStream } from './byte-stream.ts';
import type { Connection } from './connection.ts';
import { type Connections, remoteOf } from './connections.ts';
import { bindServer, closeServer } from './stream-server.ts';

/** The TCP listeners, and the connections we dial for what is too large for UDP (RFC 3261 18.1.1). */
export class TcpSide {
  readonly #connections: Connections;
  readonly #servers: Server[] = [];
  readonly #points: ListenPoint[] = [];
  /** Dialled and still open, by `address|port|from`. */
  readonly #dialled = new Map<string, Connection>();
  readonly #dialling = new Map<string, Promise<Connection | null>>();
  readonly #unconnected = new Set<Socket>();

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  /** Throws a Fault where the address cannot be had. */
  async listen(point: ListenPoint): Promise<ListenPoint> {
    const server = createServer((socket) => this.#accept(socket));
    const bound = await bindServer(server, point);
    this.#servers.push(server);
    this.#points.push(bound);
    return bound;
  }

  /**
   * A connection to this very address and port, dialled where none is open; null where that fails in time.
   *
   * @param from the address of ours that the peer knows; a wildcard or nothing: the system chooses.
   */
  dial(remote: Endpoint, from = ''): Promise<Connection | null> {
    const localAddress = from === '' || isWildcard(from) ? undefined : from;
    const key = `${remote.address}|${remote.port}|${localAddress ?? ''}`;
    const known = this.#dialled.get(key);
    if (known?.open) return Promise.resolve(known);
    this.#dialled.delete(key);
    if (this.#connections.closing) return Promise.resolve(null);
    const under = this.#dialling.get(key);
    if (under !== undefined) return under;
    const dialling = this.#connect(remote, localAddress, key).then((connection) => {
      this.#dialling.delete(key);
      if (connection?.open) this.#dialled.set(key, connection);
      return connection;
    });
    this.#dialling.set(key, dialling);
    return dialling;
  }

  async close(): Promise<void> {
    for (const socket of this.#unconnected) socket.destroy();
    await Promise.all(this.#servers.map(closeServer));
  }

  #accept(socket: Socket): void {
    const remote = remoteOf(socket);
    if (!this.#connections.admit(socket, 'tcp', false) || remote === null) return;
    const local = { address: socket.localAddress ?? '', port: socket.localPort ?? 0 };
    openByteStream(socket, { transport: 'tcp', local, remote }, this.#connections);
  }

  #connect(remote: Endpoint, localAddress: string | undefined, key: string): Promise<Connection | null> {
    return new Promise((resolve) => {
      const from = localAddress === undefined ? {} : { localAddress };
      const socket = connect({ host: remote.address, port: remote.port, noDelay: true, ...from });
      this.#unconnected.add(socket);
      const done = (connection: Connection | null) => {
        timer.cancel();
        this.#unconnected.delete(socket);
        if (connection === null) socket.destroy();
        resolve(connection);
      };
      const { clock, limits } = this.#connections;
      const timer = clock.after(limits.connectMs, () => done(null));
      socket.on('error', () => done(null));
      socket.once('close', () => done(null));
      socket.once('connect', () => {
        socket.removeAllListeners('error');
        socket.removeAllListeners('close');
        done(this.#connections.closing ? null : this.#dialledTo(socket, remote, key));
      });
    });
  }

  /**
   * What a dial tells of itself: it has a port of its own, where nobody answers once it is closed, so Via and Contact name a
   * listener. One at another address than the dial left from is named as a whole: its port is no good at this one.
   */
  #reachableAt(address: string, port: number): Endpoint {
    const family = this.#points.filter((point) => isIPv6(point.address) === isIPv6(address));
    const here = family.find((point) => point.address === address || isWildcard(point.address));
    if (here !== undefined) return { address, port: here.port };
    const [other] = family;
    return other === undefined ? { address, port } : { address: other.address, port: other.port };
  }

  #dialledTo(socket: Socket, remote: Endpoint, key: string): Connection {
    const local = this.#reachableAt(socket.localAddress ?? '', socket.localPort ?? 0);
    const connection = openByteStream(socket, { transport: 'tcp', local, remote }, this.#connections, true);
    socket.once('close', () => {
      if (this.#dialled.get(key) === connection) this.#dialled.delete(key);
    });
    return connection;
  }
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}
