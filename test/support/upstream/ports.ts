import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { addressUri, Framer, Message } from '../phone/message.ts';
import type { Place, Wire } from '../phone/wire.ts';

/** Where a request has to go next (RFC 3261 8.1.2): its first Route, else its Request-URI. */
export interface NextHop extends Place {
  readonly transport: 'udp' | 'tcp';
}

export function nextHop(request: Message): NextHop {
  const [route] = request.all('Route').flatMap((value) => value.split(/,(?=\s*<)/));
  const uri = route === undefined ? request.uri : addressUri(route);
  const [, host = '', port] = /^sips?:(?:[^@]*@)?(\[[^\]]*\]|[^:;?>]+)(?::(\d+))?/i.exec(uri) ?? [];
  return { host, port: Number(port ?? 5060), transport: /;transport=tcp/i.test(uri) ? 'tcp' : 'udp' };
}

type OnBytes = (bytes: Buffer, reply: (bytes: Buffer) => void, from: string) => void;

/** One port for UDP and TCP as a PBX has it; sends each request where its Route or Request-URI says. */
export class PbxPorts {
  readonly local: Place;
  readonly #udp = createSocket('udp4');
  readonly #tcp: Server;
  readonly #accepted = new Set<Socket>();
  readonly #dialled = new Map<string, Socket>();
  readonly #onBytes: OnBytes;
  #open = true;

  private constructor(local: Place, onBytes: OnBytes) {
    this.local = local;
    this.#onBytes = onBytes;
    this.#udp.on('error', () => undefined);
    this.#udp.on('message', (bytes, from) =>
      onBytes(bytes, (answer) => this.#datagram(answer, { host: from.address, port: from.port }), 'udp'),
    );
    this.#tcp = createServer((socket) => {
      this.#accepted.add(socket);
      socket.on('close', () => this.#accepted.delete(socket));
      this.#read(socket);
    });
  }

  static async open(local: Place, onBytes: OnBytes): Promise<PbxPorts> {
    const ports = new PbxPorts(local, onBytes);
    ports.#udp.bind(local.port, local.host);
    await once(ports.#udp, 'listening');
    ports.#tcp.listen(local.port, local.host);
    await once(ports.#tcp, 'listening');
    return ports;
  }

  /** For an agent: each message finds its own way. */
  wire(transport: 'udp' | 'tcp'): Wire {
    const send = (bytes: Buffer): void => {
      const hop = nextHop(Message.parse(bytes));
      if (transport === 'udp') this.#datagram(bytes, hop);
      else this.#stream(hop).write(bytes);
    };
    return { transport, local: this.local, send, close: async () => undefined };
  }

  /** Bytes as they are. */
  send(bytes: Buffer | string, to: NextHop): void {
    const raw = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    if (to.transport === 'udp') this.#datagram(raw, to);
    else this.#stream(to).write(raw);
  }

  /** Connections that stand lead nowhere from now on, as after a power cut: nobody closes them, and nobody reads them. */
  strand(): void {
    for (const socket of this.#accepted) socket.removeAllListeners('data').pause();
  }

  /** At once, as if its plug were pulled; again: nothing. */
  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    for (const socket of [...this.#accepted, ...this.#dialled.values()]) socket.destroy();
    const closed = [once(this.#udp, 'close'), once(this.#tcp, 'close')];
    this.#udp.close();
    this.#tcp.close();
    await Promise.all(closed);
  }

  #datagram(bytes: Buffer, { host, port }: Place): void {
    if (this.#open) this.#udp.send(bytes, port, host);
  }

  #stream({ host, port }: Place): Socket {
    const key = `${host}:${port}`;
    const standing = this.#dialled.get(key);
    if (standing !== undefined) return standing;
    const socket = connect({ host, port, localAddress: this.local.host });
    this.#dialled.set(key, socket);
    socket.on('close', () => this.#dialled.delete(key));
    this.#read(socket);
    return socket;
  }

  #read(socket: Socket): void {
    const framer = new Framer();
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      for (const message of framer.push(chunk)) this.#onBytes(message, (answer) => socket.write(answer), 'tcp');
    });
  }
}
