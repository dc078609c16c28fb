import { connect, createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { Clock, Timer } from '../../model/clock.ts';
import type { Endpoint, Flow, ListenPoint } from '../engine.ts';
import { bindFault } from './bind-fault.ts';
import { type Frame, StreamFramer } from './framing.ts';

/** Our rules (reference: security 5); exported for the tests. */
export const tcpLimits = {
  perAddress: 50,
  total: 10_000,
  /** From accept to the first whole message. */
  firstMessageMs: 30_000,
  /** From the first byte of a message to its last. */
  messageMs: 10_000,
  /** A phone that keeps its subscription is heard within every expiry (at most 3600 s). */
  idleMs: 2 * 3_600_000,
  /** Bytes waiting for a peer that does not read. */
  unread: 1024 * 1024,
  connectMs: 2000,
} as const;

/** What the engine wants to hear from its connections. */
export interface TcpEvents {
  onFrame(frame: Frame, connection: TcpConnection): void;
  onClosed(connection: TcpConnection): void;
  /** Too many connections, a message that never ends, a peer that does not read. */
  onMisuse(remote: Endpoint, what: string): void;
}

/** One stream, accepted or dialled. */
export class TcpConnection {
  readonly flow: Flow;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #events: TcpEvents;
  readonly #framer = new StreamFramer();
  #timer: Timer | null = null;
  #deadline: number;
  #armedFor = Number.POSITIVE_INFINITY;
  #heard: boolean;
  #closed = false;

  /** `trusted`: dialled by us, so its peer need not speak first. */
  constructor(socket: Socket, flow: Flow, trusted: boolean, clock: Clock, events: TcpEvents) {
    this.#socket = socket;
    this.flow = flow;
    this.#clock = clock;
    this.#events = events;
    this.#heard = trusted;
    this.#deadline = clock.now() + (trusted ? tcpLimits.idleMs : tcpLimits.firstMessageMs);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    socket.on('data', (chunk) => this.#onData(chunk));
    socket.on('error', () => this.close());
    socket.on('close', () => this.close());
    socket.on('end', () => this.close());
    this.#watch();
  }

  get open(): boolean {
    return !this.#closed;
  }

  /** False where the connection is gone or its peer has stopped reading. */
  send(wire: string): boolean {
    if (this.#closed) return false;
    this.#socket.write(wire, 'latin1');
    if (this.#socket.writableLength > tcpLimits.unread) {
      this.#events.onMisuse(this.flow.remote, 'TCP peer does not read');
      this.close();
      return false;
    }
    return true;
  }

  /** Sends what is waiting, then closes. */
  finish(): void {
    this.#socket.end();
    this.#deadline = this.#clock.now() + 1000;
    this.#watch();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#socket.destroy();
    this.#events.onClosed(this);
  }

  #onData(chunk: Buffer): void {
    const wasMidMessage = this.#framer.midMessage;
    let messages = 0;
    this.#framer.push(chunk, (frame) => {
      if (this.#closed) return;
      if (frame.kind === 'ping')
        this.send('\r\n'); // RFC 5626 4.4.1
      else {
        messages++;
        this.#events.onFrame(frame, this);
      }
    });
    if (this.#closed || this.#socket.writableEnded) return;
    if (messages > 0) this.#heard = true;
    const now = this.#clock.now();
    if (this.#framer.midMessage) {
      if (messages > 0 || !wasMidMessage) this.#deadline = Math.min(now + tcpLimits.messageMs, this.#firstLimit());
    } else if (this.#heard) this.#deadline = now + tcpLimits.idleMs;
    if (this.#deadline < this.#armedFor) this.#watch();
  }

  /** Until the first message is complete its own limit stays in force. */
  #firstLimit(): number {
    return this.#heard ? Number.POSITIVE_INFINITY : this.#deadline;
  }

  /** One clock timer a connection; later deadlines are only looked at when it fires. */
  #watch(): void {
    this.#timer?.cancel();
    this.#armedFor = this.#deadline;
    this.#timer = this.#clock.after(Math.max(this.#deadline - this.#clock.now(), 1), () => {
      if (this.#clock.now() < this.#deadline) return this.#watch();
      if (this.#framer.midMessage) this.#events.onMisuse(this.flow.remote, 'TCP message not completed in time');
      this.close();
    });
  }
}

/** All listeners and connections of the stream side. */
export class TcpSide {
  readonly #clock: Clock;
  readonly #events: TcpEvents;
  readonly #idPrefix: string;
  readonly #servers: Server[] = [];
  readonly #points: ListenPoint[] = [];
  readonly #connections = new Map<string, TcpConnection>();
  readonly #perAddress = new Map<string, number>();
  /** Dialled and still open, by `address|port`. */
  readonly #dialled = new Map<string, TcpConnection>();
  readonly #dialling = new Map<string, Promise<TcpConnection | null>>();
  readonly #unconnected = new Set<Socket>();
  #nextId = 1;
  #closing = false;

  /** `idPrefix` differs in each process life, so that a stored flow never names a connection of this one. */
  constructor(clock: Clock, idPrefix: string, events: TcpEvents) {
    this.#clock = clock;
    this.#idPrefix = idPrefix;
    this.#events = {
      onFrame: (frame, connection) => events.onFrame(frame, connection),
      onMisuse: (remote, what) => events.onMisuse(remote, what),
      onClosed: (connection) => {
        this.#forget(connection);
        events.onClosed(connection);
      },
    };
  }

  /** Throws a Fault where the address cannot be had. */
  async listen(point: ListenPoint): Promise<ListenPoint> {
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(bindFault(point, error)));
      server.listen(
        { host: point.address, port: point.port, ipv6Only: isIPv6(point.address), exclusive: true },
        resolve,
      );
    });
    server.removeAllListeners('error');
    server.on('error', () => undefined); // an accept that failed (descriptors used up): the phone tries again
    this.#servers.push(server);
    const address = server.address();
    const bound = { ...point, port: address !== null && typeof address === 'object' ? address.port : point.port };
    this.#points.push(bound);
    return bound;
  }

  find(connection: string): TcpConnection | undefined {
    return this.#connections.get(connection);
  }

  /** A connection to this very address and port, dialled where none is open; null where that fails in time. */
  dial(remote: Endpoint): Promise<TcpConnection | null> {
    const key = `${remote.address}|${remote.port}`;
    const open = this.#dialled.get(key);
    if (open?.open) return Promise.resolve(open);
    if (this.#closing) return Promise.resolve(null);
    const under = this.#dialling.get(key);
    if (under !== undefined) return under;
    const dialling = this.#connect(remote).then((connection) => {
      this.#dialling.delete(key);
      if (connection?.open) this.#dialled.set(key, connection);
      return connection;
    });
    this.#dialling.set(key, dialling);
    return dialling;
  }

  #connect(remote: Endpoint): Promise<TcpConnection | null> {
    return new Promise((resolve) => {
      const socket = connect({ host: remote.address, port: remote.port });
      this.#unconnected.add(socket);
      const done = (connection: TcpConnection | null) => {
        timer.cancel();
        this.#unconnected.delete(socket);
        if (connection === null) socket.destroy();
        resolve(connection);
      };
      const timer = this.#clock.after(tcpLimits.connectMs, () => done(null));
      socket.on('error', () => done(null));
      socket.once('close', () => done(null));
      socket.once('connect', () => {
        socket.removeAllListeners('error');
        socket.removeAllListeners('close');
        done(this.#closing ? null : this.#add(socket, remote, true));
      });
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    const closed = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    for (const socket of this.#unconnected) socket.destroy();
    for (const connection of [...this.#connections.values()]) connection.close();
    await Promise.all(closed);
  }

  #accept(socket: Socket): void {
    const address = socket.remoteAddress;
    const port = socket.remotePort;
    if (this.#closing || address === undefined || port === undefined) {
      socket.destroy();
      return;
    }
    const remote = { address, port };
    const full = this.#connections.size >= tcpLimits.total;
    if (full || (this.#perAddress.get(address) ?? 0) >= tcpLimits.perAddress) {
      this.#events.onMisuse(remote, full ? 'too many TCP connections' : 'too many TCP connections from this address');
      socket.on('error', () => undefined);
      socket.destroy();
      return;
    }
    this.#add(socket, remote, false);
  }

  #add(socket: Socket, remote: Endpoint, dialled: boolean): TcpConnection {
    const id = `${this.#idPrefix}-${this.#nextId++}`;
    const address = socket.localAddress ?? '';
    // A dial has a port of its own, where nobody answers once it is closed: Via and Contact name the listener.
    const listening = this.#points.find((point) => isIPv6(point.address) === isIPv6(address));
    const local = { address, port: (dialled ? listening?.port : undefined) ?? socket.localPort ?? 0 };
    const flow: Flow = { transport: 'tcp', local, remote, connection: id };
    const connection = new TcpConnection(socket, flow, dialled, this.#clock, this.#events);
    this.#connections.set(id, connection);
    this.#perAddress.set(remote.address, (this.#perAddress.get(remote.address) ?? 0) + 1);
    return connection;
  }

  #forget(connection: TcpConnection): void {
    const { remote } = connection.flow;
    this.#connections.delete(connection.flow.connection);
    const left = (this.#perAddress.get(remote.address) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(remote.address, left);
    else this.#perAddress.delete(remote.address);
    const key = `${remote.address}|${remote.port}`;
    if (this.#dialled.get(key) === connection) this.#dialled.delete(key);
  }
}
