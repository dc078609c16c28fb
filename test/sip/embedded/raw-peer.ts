import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Endpoint, Flow, ListenPoint } from '../../../src/sip/engine.ts';
import { lastingPort } from '../../support/ports.ts';

/** Resolves with what `look` finds, asked again whenever something arrives; fails after a generous deadline. */
class Inbox {
  readonly messages: string[] = [];
  readonly #waiting = new Set<() => void>();

  add(message: string): void {
    this.messages.push(message);
    for (const wake of [...this.#waiting]) wake();
  }

  /** Waits until there are `count` messages and answers the last of them. */
  async nth(count: number): Promise<string> {
    const deadline = Date.now() + 10_000;
    while (this.messages.length < count) {
      if (Date.now() > deadline) throw new Error(`only ${this.messages.length} of ${count} messages came`);
      await new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, 500);
        this.#waiting.add(wake);
      });
    }
    return this.messages[count - 1] ?? '';
  }
}

/** A phone in its rawest form: bytes out, bytes in, nothing understood. */
export class UdpPeer {
  readonly inbox = new Inbox();
  readonly #socket: UdpSocket;

  private constructor(socket: UdpSocket) {
    this.#socket = socket;
    socket.on('message', (bytes) => this.inbox.add(bytes.toString('latin1')));
  }

  static async open(address = '127.0.0.1', port = 0): Promise<UdpPeer> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, address, resolve);
    });
    return new UdpPeer(socket);
  }

  /** At a number that is free for TCP as well, and stays so: for what listens there by TCP later. */
  static async besideTcp(): Promise<UdpPeer> {
    return UdpPeer.open('127.0.0.1', await lastingPort());
  }

  get endpoint(): Endpoint {
    const { address, port } = this.#socket.address();
    return { address, port };
  }

  send(bytes: Buffer | string, to: Endpoint): void {
    this.#socket.send(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, to.port, to.address);
  }

  /** The flow an engine would see for this peer. */
  flowTo(local: ListenPoint): Flow {
    return { transport: 'udp', local, remote: this.endpoint, connection: '' };
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}

/** The same over a stream; what arrives is one growing text. */
export class TcpPeer {
  text = '';
  closed = false;
  /** The other side's address. */
  readonly from: string;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.from = socket.remoteAddress ?? '';
    socket.on('data', (bytes) => {
      this.text += bytes.toString('latin1');
    });
    socket.on('close', () => {
      this.closed = true;
    });
    socket.on('error', () => undefined);
  }

  static open(to: Endpoint): Promise<TcpPeer> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: to.address, port: to.port, noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new TcpPeer(socket)));
    });
  }

  send(bytes: Buffer | string): void {
    this.#socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Says that nothing more will come, and reads on. */
  end(): void {
    this.#socket.end();
  }

  /** Reads no more. */
  pause(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** A phone that also listens for streams, on the port given. */
export class TcpListener {
  readonly peers: TcpPeer[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.peers.push(new TcpPeer(socket)));
  }

  static open(at: Endpoint): Promise<TcpListener> {
    const server = createServer();
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(at.port, at.address, () => resolve(new TcpListener(server)));
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): Promise<void> {
    for (const peer of this.peers) peer.close();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

/** Waits until `holds`, looking again every few milliseconds. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  for (const deadline = Date.now() + 10_000; !holds(); ) {
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The first value of a header line in a raw message. */
export function headerOf(message: string, name: string): string | undefined {
  return headersOf(message, name)[0];
}

export function headersOf(message: string, name: string): string[] {
  const head = message.split('\r\n\r\n', 1)[0] ?? '';
  return head
    .split('\r\n')
    .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
    .map((line) => line.slice(name.length + 1).trim());
}

export function statusOf(message: string): number {
  return Number(/^SIP\/2\.0 (\d{3})/.exec(message)?.[1] ?? 0);
}

/** The answer a well-behaved phone gives to a raw request. */
export function answerTo(request: string, status: number, extra = ''): string {
  const lines = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].flatMap((name) =>
    headersOf(request, name).map((value) => `${name}: ${value}\r\n`),
  );
  return `SIP/2.0 ${status} X\r\n${lines.join('')}${extra}Content-Length: 0\r\n\r\n`;
}
