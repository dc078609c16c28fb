import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../model/clock.ts';
import type { Endpoint, Flow, Transport } from '../engine.ts';
import { sourceNetwork } from './address.ts';
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
  readonly events: ConnectionEvents;
  #limits: StreamLimits;
  readonly #isTrusted: (address: string) => boolean;
  readonly #idPrefix: string;
  readonly #byId = new Map<string, Connection>();
  readonly #accepted = new Set<Socket>();
  /** By address, and by the /64 of an IPv6 address. */
  readonly #held = new Map<string, number>();
  readonly #guests = new Map<string, Guest>();
  #nextId = 1;
  #closing = false;

  constructor(options: ConnectionsOptions) {
    this.clock = options.clock;
    this.#limits = options.limits;
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

  get limits(): StreamLimits {
    return this.#limits;
  }

  /** From the next connection on; none that stands is cut. */
  limit(limits: Partial<StreamLimits>): void {
    this.#limits = { ...this.#limits, ...limits };
  }

  get closing(): boolean {
    return this.#closing;
  }

  find(connection: string): Connection | undefined {
    return this.#byId.get(connection);
  }

  /** How many there are of each transport. Looks at all. */
  counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { flow } of this.#byId.values()) counts.set(flow.transport, (counts.get(flow.transport) ?? 0) + 1);
    return counts;
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
    const tooMany = this.#tooMany(remote.address);
    if (tooMany !== null) {
      this.events.onMisuse(remote, transport, tooMany);
      socket.on('error', () => undefined);
      socket.destroy();
      return false;
    }
    const key = pathOf(socket);
    this.#accepted.add(socket);
    this.#count(remote.address, 1);
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
    this.#count(address, -1);
  }

  /** null: there is room for one more from this address. */
  #tooMany(address: string): string | null {
    const { total, perAddress } = this.limits;
    if (this.#accepted.size >= total) return 'too many connections';
    if (this.#isTrusted(address)) return null;
    // One IPv6 host has a whole /64 of addresses; so has a house full of phones. Half of all is left to everybody else.
    const network = sourceNetwork(address);
    const crowded = network !== address && this.#heldBy(network) >= total / 2;
    return crowded || this.#heldBy(address) >= perAddress ? 'too many connections from this address' : null;
  }

  #heldBy(source: string): number {
    return this.#held.get(source) ?? 0;
  }

  #count(address: string, by: 1 | -1): void {
    for (const source of new Set([address, sourceNetwork(address)])) {
      const held = this.#heldBy(source) + by;
      if (held > 0) this.#held.set(source, held);
      else this.#held.delete(source);
    }
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
