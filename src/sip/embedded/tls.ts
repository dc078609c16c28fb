import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Flow, ListenPoint } from '../engine.ts';
import { openByteStream } from './byte-stream.ts';
import { type Connections, remoteOf } from './connections.ts';
import { bindServer, closeServer } from './stream-server.ts';
import type { TlsKeys } from './tls-keys.ts';

/** The TLS listeners. A handshake that fails costs its own connection and a line in the log, nothing else. */
export class TlsSide {
  readonly #connections: Connections;
  readonly #keys: TlsKeys;
  readonly #servers: Server[] = [];

  constructor(connections: Connections, keys: TlsKeys) {
    this.#connections = connections;
    this.#keys = keys;
  }

  /** Throws a Fault where the address cannot be had, or the certificate cannot be used. */
  async listen(point: ListenPoint): Promise<ListenPoint> {
    const server = createServer(this.#keys.serverOptions(), (socket) => this.#accept(socket));
    guardHandshakes(server, 'tls', this.#connections);
    const bound = await bindServer(server, point);
    this.#keys.serve(server);
    this.#servers.push(server);
    return bound;
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map(closeServer));
  }

  #accept(socket: TLSSocket): void {
    this.#connections.arrive(socket);
    const path = securePath(socket, 'tls', this.#keys, this.#connections);
    if (path === null) return;
    openByteStream(socket, path, this.#connections);
  }
}

/** Counts and limits what connects to a TLS server from its first byte on. */
export function guardHandshakes(server: Server, transport: 'tls' | 'wss', connections: Connections): void {
  server.on('connection', (socket: Socket) => connections.admit(socket, transport, true));
  server.on('tlsClientError', (error, socket) => {
    const remote = remoteOf(socket);
    const { code = error.message } = error as NodeJS.ErrnoException;
    // where the peer is gone already, its admission says so
    if (remote !== null) {
      connections.arrive(socket);
      connections.events.onMisuse(remote, transport, 'TLS handshake failed', code);
    }
    socket.destroy();
  });
}

/** The path of a secured socket; null: it has been destroyed, its certificate is not good or missing. */
export function securePath(
  socket: TLSSocket,
  transport: 'tls' | 'wss',
  keys: TlsKeys,
  connections: Connections,
): Omit<Flow, 'connection'> | null {
  const remote = remoteOf(socket);
  const fault = keys.whyUnwelcome(socket);
  if (remote === null || fault !== null || connections.closing) {
    if (remote !== null && fault !== null) {
      connections.events.onMisuse(remote, transport, 'TLS handshake failed', fault);
    }
    socket.on('error', () => undefined);
    socket.destroy();
    return null;
  }
  socket.disableRenegotiation();
  return { transport, local: { address: socket.localAddress ?? '', port: socket.localPort ?? 0 }, remote };
}
