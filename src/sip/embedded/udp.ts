import { createSocket, type Socket } from 'node:dgram';
import type { LookupOptions } from 'node:dns';
import { isIPv6 } from 'node:net';
import type { Logger } from '../../model/logger.ts';
import type { Endpoint, ListenPoint } from '../engine.ts';
import { bindFault, pointName } from './bind-fault.ts';
import { DatagramBatches } from './datagrams/batches.ts';
import type { Kernel } from './datagrams/kernel.ts';
import { readStunRequest, writeStunAnswer } from './stun.ts';

const wantedBuffer = 4 * 1024 * 1024;

/** What came, and where; the memory of `bytes` is used again after the call. */
export type OnDatagram = (bytes: Buffer, remote: Endpoint, listener: UdpListener) => void;

/** One bound UDP socket. What is not SIP ends here: STUN is answered, other keep-alives are dropped. */
export class UdpListener {
  readonly #wanted: ListenPoint;
  readonly #logger: Logger;
  readonly #kernel: Kernel | null;
  readonly #onDatagram: OnDatagram;
  #socket: Socket | null = null;
  /** null: datagrams come and go one by one, as they do with IPv6. */
  #batches: DatagramBatches | null = null;
  #point: ListenPoint;

  /** `kernel`: null, where only Node's own calls are to be used. */
  constructor(point: ListenPoint, logger: Logger, kernel: Kernel | null, onDatagram: OnDatagram) {
    this.#wanted = point;
    this.#point = point;
    this.#logger = logger;
    this.#kernel = kernel;
    this.#onDatagram = onDatagram;
  }

  /** What is bound; before `bind` what was asked. */
  get point(): ListenPoint {
    return this.#point;
  }

  /** Throws a Fault where the address cannot be had. */
  async bind(): Promise<void> {
    const { address, port } = this.#wanted;
    const v6 = isIPv6(address);
    // null as well where it is taken: Node's own attempt then says why
    const descriptor = v6 ? null : (this.#kernel?.bind(address, port) ?? null);
    // ipv6Only: `[::]` and `0.0.0.0` on one port are two listeners, and no peer shows up as ::ffff:192.0.2.1
    const socket = createSocket({ type: v6 ? 'udp6' : 'udp4', ipv6Only: v6, lookup: literal });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => {
        socket.close();
        reject(bindFault(this.#wanted, error));
      });
      if (descriptor === null) socket.bind({ address, port, exclusive: true }, resolve);
      else socket.bind({ fd: descriptor, exclusive: true }, resolve);
    });
    socket.removeAllListeners('error');
    socket.on('error', (error) => this.#logger.warn({ at: pointName(this.#point), error: error.message }, 'UDP error'));
    this.#socket = socket;
    this.#point = { transport: 'udp', address, port: socket.address().port };
    this.#askBuffers(socket);
    if (this.#kernel !== null && descriptor !== null) this.#batches = this.#batched(this.#kernel, descriptor);
    socket.on('message', (bytes, remote) => {
      this.#received(bytes, remote.address, remote.port);
      this.#batches?.read();
    });
  }

  /** Sends one message, within this turn of the loop. `onError` runs where the kernel refused it; nothing is said about its arrival. */
  send(wire: string, remote: Endpoint, onError: (error: Error) => void): void {
    if (this.#socket === null) onError(new Error('closed'));
    else if (remote.port === 0)
      onError(new Error('nobody can be at port 0')); // RFC 768; dgram throws
    else if (this.#batches?.send(wire, remote, onError) !== true) {
      this.#batches?.flush(); // what was sent before goes before
      this.#sendAlone(wire, remote, onError);
    }
  }

  #batched(kernel: Kernel, descriptor: number): DatagramBatches {
    kernel.keepAlone(descriptor);
    return new DatagramBatches(kernel, descriptor, {
      onDatagram: (bytes, address, port) => this.#received(bytes, address, port),
      // libuv waits until the kernel has room again, and knows the error's name
      onLeft: (wire, remote, onError) => this.#sendAlone(wire, remote, onError),
    });
  }

  #received(bytes: Buffer, address: string, port: number): void {
    if (port === 0) return; // RFC 768: nobody can be answered there, and dgram throws at whoever tries
    if (bytes[0] === 0) this.#keepAlive(bytes, { address, port });
    else if (!isNoise(bytes)) this.#onDatagram(bytes, { address, port }, this);
  }

  #sendAlone(wire: string, remote: Endpoint, onError: (error: Error) => void): void {
    this.#socket?.send(Buffer.from(wire, 'latin1'), remote.port, remote.address, (error) => {
      if (error) onError(error);
    });
  }

  /** RFC 5626 4.4.2: a phone asks by STUN whether its flow is alive and how we see it. */
  #keepAlive(bytes: Buffer, { address, port }: Endpoint): void {
    const request = readStunRequest(bytes);
    // an answer that the kernel refuses is one that did not arrive: the phone asks again
    if (request !== null)
      this.#socket?.send(writeStunAnswer(request, { address, port }), port, address, () => undefined);
  }

  close(): Promise<void> {
    const socket = this.#socket;
    this.#batches?.close();
    this.#batches = null;
    this.#socket = null;
    return socket === null ? Promise.resolve() : new Promise((resolve) => socket.close(resolve));
  }

  /** A storm of 10,000 phones fits into 4 MiB, not into the usual 208 kB. */
  #askBuffers(socket: Socket): void {
    let got = 0;
    try {
      socket.setRecvBufferSize(wantedBuffer);
      socket.setSendBufferSize(wantedBuffer);
    } catch {
      // what the system allows is read below
    }
    got = socket.getRecvBufferSize();
    // Linux grants at most net.core.rmem_max and reports double of what it granted
    if (got < wantedBuffer) {
      this.#logger.warn(
        { at: pointName(this.#point), got, wanted: wantedBuffer },
        'small UDP receive buffer: phones that subscribe all at once may have to repeat; raise net.core.rmem_max to 4194304',
      );
    }
  }
}

/** The address as it is: flows hold no names, and dgram would ask the resolver's queue for each message. */
function literal(
  address: string,
  options: LookupOptions,
  done: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  done(null, address, Number(options.family));
}

/** No SIP message is that short: CRLF, `jaK` (COMPAT(Jitsi, Linphone)) and other keep-alives. */
const shortest = 16;

/** Keep-alives, STUN (RFC 7983: first byte 0 to 3), NULs (COMPAT(Linksys, Cisco)). */
function isNoise(bytes: Buffer): boolean {
  const first = bytes[0];
  if (first === undefined || bytes.length < shortest || first <= 3) return true;
  if (first !== 0x0d && first !== 0x0a) return false;
  return bytes.every((byte) => byte === 0x0d || byte === 0x0a || byte === 0);
}
