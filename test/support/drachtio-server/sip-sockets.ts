import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { Clock } from '../../../src/model/clock.ts';
import type { Endpoint, ListenPoint } from '../../../src/sip/engine.ts';

/** How a message came, or is to go. */
export interface Path {
  readonly transport: 'udp' | 'tcp';
  /** Of ours: where it came in, and what our Via says. */
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** null: UDP. */
  readonly connection: SipConnection | null;
}

/** One TCP connection of a phone, or to one. */
export class SipConnection {
  readonly path: Path;
  /** ms; null: it is open. */
  closedAt: number | null = null;
  readonly #socket: Socket;
  readonly #clock: Clock;
  #pending = '';

  constructor(
    socket: Socket,
    local: Endpoint,
    clock: Clock,
    onMessage: (text: string, path: Path) => void,
    onClose: () => void,
  ) {
    this.#socket = socket;
    this.#clock = clock;
    const remote = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    this.path = { transport: 'tcp', local, remote, connection: this };
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#read(bytes.toString('latin1'), onMessage));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closedAt ??= clock.now();
      onClose();
    });
  }

  get closed(): boolean {
    return this.closedAt !== null;
  }

  send(wire: string): void {
    this.#socket.write(wire, 'latin1');
  }

  destroy(): void {
    this.closedAt ??= this.#clock.now();
    this.#socket.destroy();
  }

  #read(text: string, onMessage: (text: string, path: Path) => void): void {
    this.#pending += text;
    for (;;) {
      // RFC 5626 4.4.1: two empty lines are a keep-alive, one is its answer
      if (this.#pending.startsWith('\r\n\r\n')) {
        this.send('\r\n');
        this.#pending = this.#pending.slice(4);
        continue;
      }
      if (/^\r\n./s.test(this.#pending)) this.#pending = this.#pending.slice(2);
      const blank = this.#pending.indexOf('\r\n\r\n');
      if (blank < 0) return;
      const length = /\r\n(?:content-length|l)[ \t]*:[ \t]*(\d+)/i.exec(this.#pending.slice(0, blank + 2))?.[1];
      const end = blank + 4 + Number(length ?? 0);
      if (this.#pending.length < end) return;
      const message = this.#pending.slice(0, end);
      this.#pending = this.#pending.slice(end);
      onMessage(message, this.path);
    }
  }
}

/** The SIP sockets of the server: UDP and TCP listeners, and connections it opens. */
export class SipSockets {
  readonly #clock: Clock;
  readonly #onMessage: (text: string, path: Path) => void;
  readonly #udp: { readonly socket: UdpSocket; readonly at: Endpoint }[] = [];
  readonly #tcp: { readonly server: Server; readonly at: Endpoint }[] = [];
  readonly #connections = new Set<SipConnection>();
  readonly #dialling = new Map<string, Promise<SipConnection | null>>();
  /** Not connected yet. */
  readonly #sockets = new Set<Socket>();

  constructor(clock: Clock, onMessage: (text: string, path: Path) => void) {
    this.#clock = clock;
    this.#onMessage = onMessage;
  }

  /** As bound: port 0 lets the system choose. */
  async listen(points: readonly ListenPoint[]): Promise<readonly ListenPoint[]> {
    const bound: ListenPoint[] = [];
    for (const { transport, address, port } of points) {
      if (transport !== 'udp' && transport !== 'tcp') throw new Error(`no ${transport} here`);
      const at = await (transport === 'udp' ? this.#listenUdp({ address, port }) : this.#listenTcp({ address, port }));
      bound.push({ transport, ...at });
    }
    return bound;
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    for (const socket of this.#sockets) socket.destroy(new Error('stopped'));
    const closing = [
      ...this.#udp.splice(0).map(({ socket }) => new Promise<void>((done) => socket.close(() => done()))),
      ...this.#tcp.splice(0).map(({ server }) => new Promise<void>((done) => server.close(() => done()))),
    ];
    await Promise.all(closing);
  }

  /** The listener of that transport and of the remote's family; null: none. */
  local(transport: 'udp' | 'tcp', remote: string): Endpoint | null {
    const all = transport === 'udp' ? this.#udp : this.#tcp;
    return all.find(({ at }) => isIPv6(at.address) === isIPv6(remote))?.at ?? null;
  }

  /** Connections that are open. */
  get connected(): number {
    return [...this.#connections].filter(({ closed }) => !closed).length;
  }

  /** True: one of our own listeners. */
  isOwn({ host, port }: { readonly host: string; readonly port: number }): boolean {
    const own = host === 'localhost' ? '127.0.0.1' : host;
    return [...this.#udp, ...this.#tcp].some(({ at }) => at.address === own && at.port === port);
  }

  /** `onError`: the kernel refused it. */
  sendUdp(path: Path, wire: string, onError: () => void): void {
    const from = this.#udp.find(({ at }) => at === path.local) ?? this.#udp[0];
    from?.socket.send(Buffer.from(wire, 'latin1'), path.remote.port, path.remote.address, (error) => {
      if (error !== null) onError();
    });
  }

  /** A connection to there that is open, or a new one; null: it is refused. */
  connection(remote: Endpoint): Promise<SipConnection | null> {
    for (const one of this.#connections) {
      const { address, port } = one.path.remote;
      if (!one.closed && address === remote.address && port === remote.port) return Promise.resolve(one);
    }
    const key = `${remote.address}|${remote.port}`;
    const dialled = this.#dialling.get(key) ?? this.#dial(remote).finally(() => this.#dialling.delete(key));
    this.#dialling.set(key, dialled);
    return dialled;
  }

  async #dial(remote: Endpoint): Promise<SipConnection | null> {
    const local = this.local('tcp', remote.address);
    if (local === null) return null;
    const socket = connect({ host: remote.address, port: remote.port });
    this.#sockets.add(socket);
    try {
      await once(socket, 'connect');
    } catch {
      return null;
    } finally {
      this.#sockets.delete(socket);
    }
    return this.#keep(socket, local);
  }

  #keep(socket: Socket, local: Endpoint): SipConnection {
    const connection: SipConnection = new SipConnection(socket, local, this.#clock, this.#onMessage, () =>
      this.#connections.delete(connection),
    );
    this.#connections.add(connection);
    return connection;
  }

  async #listenUdp(at: Endpoint): Promise<Endpoint> {
    const socket = createSocket(isIPv6(at.address) ? 'udp6' : 'udp4');
    socket.bind(at.port, at.address);
    await once(socket, 'listening');
    const local = { address: at.address, port: socket.address().port };
    socket.on('error', () => undefined); // a port nobody listens at
    socket.on('message', (bytes, { address, port }) =>
      this.#onMessage(bytes.toString('latin1'), {
        transport: 'udp',
        local,
        remote: { address, port },
        connection: null,
      }),
    );
    this.#udp.push({ socket, at: local });
    return local;
  }

  async #listenTcp(at: Endpoint): Promise<Endpoint> {
    const server = createServer((socket) => void this.#keep(socket, local));
    server.listen(at.port, at.address);
    await once(server, 'listening');
    const local = { address: at.address, port: (server.address() as AddressInfo).port };
    this.#tcp.push({ server, at: local });
    return local;
  }
}
