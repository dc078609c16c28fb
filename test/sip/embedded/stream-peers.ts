import { once } from 'node:events';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { type ClientOptions, WebSocket } from 'ws';
import type { Endpoint, Transport } from '../../../src/sip/engine.ts';
import { certificate } from '../../support/certificate.ts';
import { TcpPeer } from './raw-peer.ts';

export type StreamTransport = Exclude<Transport, 'udp'>;

/** A raw phone on any connection: bytes or frames out, one growing text in. */
export interface StreamPeer {
  readonly text: string;
  readonly closed: boolean;
  send(bytes: Buffer | string): void;
  /** Reads no more. */
  pause(): void;
  close(): void;
}

export async function openTls(to: Endpoint, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: to.address, port: to.port, ca: certificate('ca.pem'), ...options });
  socket.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed before the handshake was over')));
  });
  return socket;
}

/** A WebSocket phone in its rawest form. */
export class WsPeer implements StreamPeer {
  text = '';
  closed = false;
  closeCode = 0;
  pongs = 0;
  readonly frames: { readonly text: string; readonly binary: boolean }[] = [];
  readonly socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data, binary) => {
      const text = (data as Buffer).toString('latin1');
      this.frames.push({ text, binary });
      this.text += text;
    });
    socket.on('pong', () => this.pongs++);
    socket.on('close', (code) => {
      this.closed = true;
      this.closeCode = code;
    });
    socket.on('error', () => undefined);
  }

  /** Rejects with `Unexpected server response: 403` and the like where the upgrade is refused. */
  static async open(
    transport: 'ws' | 'wss',
    to: Endpoint,
    protocols: string | string[] = 'sip',
    options: ClientOptions = {},
  ): Promise<WsPeer> {
    const host = to.address.includes(':') ? `[${to.address}]` : to.address;
    const all = { ca: certificate('ca.pem'), perMessageDeflate: false, ...options };
    const socket = new WebSocket(`${transport}://${host}:${to.port}/`, protocols, all);
    const peer = new WsPeer(socket);
    await once(socket, 'open');
    return peer;
  }

  send(bytes: Buffer | string): void {
    if (typeof bytes === 'string') this.socket.send(bytes);
    else this.socket.send(bytes, { binary: true });
  }

  pause(): void {
    this.socket.pause();
  }

  close(): void {
    this.socket.terminate();
  }
}

export async function openStream(transport: StreamTransport, to: Endpoint): Promise<StreamPeer> {
  if (transport === 'tcp') return TcpPeer.open(to);
  if (transport === 'tls') return new TcpPeer(await openTls(to));
  return WsPeer.open(transport, to);
}
