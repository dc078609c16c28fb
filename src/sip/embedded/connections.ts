import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../model/clock.ts';
import type { Endpoint, Flow, Transport } from '../engine.ts';
import { type Carrier, Connection, type ConnectionEvents } from './connection.ts';
import type { StreamLimits } from './stream-limits.ts';

export interface ConnectionsOptions {
  readonly clock: Clock;
  readonly limits: StreamLimits;
  /** Addresses that may hold any number of connections. */
  readonly isTrusted: (address: string) => boolean;
  /** Differs in each process life, so that a stored flow never names a connection of this one. */
  readonly idPrefix: string;
  readonly events: ConnectionEvents;
}

/** A socket that was let in and is not yet a connection: its handshake has a time limit. */
interface Guest {
  readonly socket: Socket;
  readonly timer: Timer;
}

/** Who may connect, and every connection there is, of all transports together. */
export class Connections {
  readonly clock: Clock;
  readonly limits: StreamLimits;
  readonly events: ConnectionEvents;
  readonly #isTrusted: (address: string) => boolean;
  readonly #idPrefix: string;
  readonly #byId = new Map<string, Connection>();
  readonly #accepted = new Set<Socket>();
  readonly #perAddress = new Map<string, number>();
  readonly #guests = new Map<string, Guest>();
  #nextId = 1;
  #closing = false;

  constructor(options: ConnectionsOptions) {
    this.clock = options.clock;
    this.limits = options.limits;
    this.#isTrusted = options.isTrusted;
    this.#idPrefix = options.idPrefix;
    this.events = {
      onFrame: (frame, connection) => options.events.onFrame(frame, connection),
      onMisuse: (...said) => options.events.onMisuse(...said),
      onClosed: (connection) => {
        this.#byId.delete(connection.flow.connection);
        options.events.onClosed(connection);
      },
    };
  }

  get closing(): boolean {
    return this.#closing;
  }

  find(connection: string): Connection | undefined {
    return this.#byId.get(connection);
  }

  /**
   * Lets a socket in as the system accepted it, before any handshake, or destroys it. It counts until it closes; where
   * `handshake`, it has to `arrive` in time.
   */
  admit(socket: Socket, transport: Transport, handshake: boolean): boolean {
    const remote = remoteOf(socket);
    if (this.#closing || remote === null) {
      socket.destroy();
      return false;
    }
    const held = this.#perAddress.get(remote.address) ?? 0;
    const full = this.#accepted.size >= this.limits.total;
    if (full || (held >= this.limits.perAddress && !this.#isTrusted(remote.address))) {
      this.events.onMisuse(remote, transport, full ? 'too many connections' : 'too many connections from this address');
      socket.on('error', () => undefined);
      socket.destroy();
      return false;
    }
    const key = pathOf(socket);
    this.#accepted.add(socket);
    this.#perAddress.set(remote.address, held + 1);
    socket.on('error', () => undefined); // a TLS or HTTP server hears of it, too; 'close' follows
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    socket.once('close', () => this.#leave(socket, remote, transport, key));
    if (handshake) this.#receive(socket, remote, transport, key);
    return true;
  }

  /** The handshake of an admitted socket is over. */
  arrive(socket: Socket): void {
    const key = pathOf(socket);
    this.#guests.get(key)?.timer.cancel();
    this.#guests.delete(key);
  }

  /** `local`: where Via and Contact send others to. */
  open(path: Omit<Flow, 'connection'>, carrier: Carrier, dialled = false): Connection {
    const id = `${this.#idPrefix}-${this.#nextId++}`;
    const connection = new Connection({ ...path, connection: id }, carrier, dialled, this);
    this.#byId.set(id, connection);
    return connection;
  }

  /** Cuts every connection and lets none in any more. */
  close(): void {
    this.#closing = true;
    for (const connection of [...this.#byId.values()]) connection.close();
    for (const { timer } of this.#guests.values()) timer.cancel();
    this.#guests.clear();
    for (const socket of this.#accepted) socket.destroy();
  }

  #receive(socket: Socket, remote: Endpoint, transport: Transport, key: string): void {
    const timer = this.clock.after(this.limits.handshakeMs, () => {
      this.#guests.delete(key);
      this.events.onMisuse(remote, transport, 'handshake not completed in time');
      socket.destroy();
    });
    this.#guests.set(key, { socket, timer });
  }

  #leave(socket: Socket, remote: Endpoint, transport: Transport, key: string): void {
    const { address } = remote;
    this.#accepted.delete(socket);
    const guest = this.#guests.get(key);
    if (guest?.socket === socket) {
      guest.timer.cancel();
      this.#guests.delete(key);
      this.events.onMisuse(remote, transport, 'connection closed in the middle of its handshake');
    }
    const left = (this.#perAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(address, left);
    else this.#perAddress.delete(address);
  }
}

/** null: it is gone already. */
export function remoteOf(socket: Socket): Endpoint | null {
  const { remoteAddress: address, remotePort: port } = socket;
  return address === undefined || port === undefined ? null : { address, port };
}

/** The same for a socket and for the TLS socket over it. */
function pathOf(socket: Socket): string {
  return `${socket.remoteAddress}|${socket.remotePort}|${socket.localAddress}|${socket.localPort}`;
}
