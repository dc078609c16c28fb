import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Logger } from '../../model/logger.ts';
import type { Endpoint, ListenPoint } from '../engine.ts';
import { bindFault, pointName } from './bind-fault.ts';

const wantedBuffer = 4 * 1024 * 1024;

/** One bound UDP socket. What is not SIP (STUN, keep-alives) ends here. */
export class UdpListener {
  readonly #wanted: ListenPoint;
  readonly #logger: Logger;
  readonly #onDatagram: (bytes: Buffer, remote: Endpoint, listener: UdpListener) => void;
  #socket: Socket | null = null;
  #point: ListenPoint;

  constructor(
    point: ListenPoint,
    logger: Logger,
    onDatagram: (bytes: Buffer, remote: Endpoint, listener: UdpListener) => void,
  ) {
    this.#wanted = point;
    this.#point = point;
    this.#logger = logger;
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
    // ipv6Only: `[::]` and `0.0.0.0` on one port are two listeners, and no peer shows up as ::ffff:192.0.2.1
    const socket = createSocket({ type: v6 ? 'udp6' : 'udp4', ipv6Only: v6 });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => {
        socket.close();
        reject(bindFault(this.#wanted, error));
      });
      socket.bind({ address, port, exclusive: true }, resolve);
    });
    socket.removeAllListeners('error');
    socket.on('error', (error) => this.#logger.warn({ at: pointName(this.#point), error: error.message }, 'UDP error'));
    socket.on('message', (bytes, remote) => {
      if (!isNoise(bytes)) this.#onDatagram(bytes, { address: remote.address, port: remote.port }, this);
    });
    this.#socket = socket;
    this.#point = { transport: 'udp', address, port: socket.address().port };
    this.#askBuffers(socket);
  }

  /** Sends one message. `onError` runs where the kernel refused it; nothing is said about its arrival. */
  send(wire: string, remote: Endpoint, onError: (error: Error) => void): void {
    if (this.#socket === null) onError(new Error('closed'));
    else
      this.#socket.send(Buffer.from(wire, 'latin1'), remote.port, remote.address, (error) => {
        if (error) onError(error);
      });
  }

  close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = null;
    return socket === null ? Promise.resolve() : new Promise((resolve) => socket.close(resolve));
  }

  /** A storm of 10,000 phones fits into 4 MiB, not into the usual 208 kB (reference: engines 1.3). */
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

/** No SIP message is that short: CRLF, `jaK` (COMPAT(Jitsi, Linphone)) and other keep-alives. */
const shortest = 16;

/** Keep-alives, STUN (RFC 7983: first byte 0 to 3), NULs (COMPAT(Linksys, Cisco)). */
function isNoise(bytes: Buffer): boolean {
  const first = bytes[0];
  if (first === undefined || bytes.length < shortest || first <= 3) return true;
  if (first !== 0x0d && first !== 0x0a) return false;
  return bytes.every((byte) => byte === 0x0d || byte === 0x0a || byte === 0);
}
