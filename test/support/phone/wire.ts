import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, isIPv6, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { WebSocket } from 'ws';
import { certificate } from '../certificate.ts';
import { Framer } from './message.ts';

export interface Place {
  readonly host: string;
  readonly port: number;
}

export type PhoneTransport = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

/** The phone's one way to its server. */
export interface Wire {
  readonly transport: PhoneTransport;
  /** What Via and Contact name: over TCP the port the phone listens on; over TLS and WebSocket nobody can call there. */
  readonly local: Place;
  send(bytes: Buffer): void;
  close(): Promise<void>;
}

export interface WireEvents {
  /** One message (or, over UDP, one datagram); `reply` goes back the way it came. */
  bytes(bytes: Buffer, reply: (bytes: Buffer) => void): void;
  /** Not over UDP: the connection to the server is gone or could not be made. The next `send` dials again. */
  down(reason: string): void;
}

export async function openUdp(server: Place, local: Place, events: WireEvents): Promise<Wire> {
  let open = true;
  const socket = createSocket(isIPv6(local.host) ? 'udp6' : 'udp4');
  socket.on('error', () => undefined); // an ICMP refusal while the server restarts; the retransmission tells
  socket.on('message', (bytes, from) => {
    events.bytes(bytes, (answer) => {
      if (open) socket.send(answer, from.port, from.address);
    });
  });
  socket.bind(local.port, local.host);
  await once(socket, 'listening');
  return {
    transport: 'udp',
    local: { host: local.host, port: socket.address().port },
    send: (bytes) => {
      if (open) socket.send(bytes, server.port, server.host);
    },
    close: async () => {
      if (!open) return;
      open = false;
      socket.close();
      await once(socket, 'close');
    },
  };
}

export function openWire(transport: PhoneTransport, server: Place, local: Place, events: WireEvents): Promise<Wire> {
  if (transport === 'udp') return openUdp(server, local, events);
  if (transport === 'tcp') return openTcp(server, local, events);
  return Promise.resolve(openDialled(transport, server, local, events));
}

/** Dials the server when there is something to send, and listens on its own Contact port as desk phones do. */
export async function openTcp(server: Place, local: Place, events: WireEvents): Promise<Wire> {
  const strangers = new Set<Socket>();
  const listener = createServer((socket) => {
    strangers.add(socket);
    socket.on('close', () => strangers.delete(socket));
    readStream(socket, events, () => undefined);
  });
  listener.listen(local.port, local.host);
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const line = new Line(events, (down) => {
    const socket = connect({ host: server.host, port: server.port, localAddress: local.host });
    readStream(socket, events, down);
    return { send: (bytes) => socket.write(bytes), cut: () => socket.destroy() };
  });
  return {
    transport: 'tcp',
    local: { host: local.host, port },
    send: (bytes) => line.send(bytes),
    close: async () => {
      if (!line.close()) return;
      listener.close();
      for (const socket of strangers) socket.destroy();
      await once(listener, 'close');
    },
  };
}

/** TLS and WebSocket: the connection the phone dials is the only way to it. */
function openDialled(transport: 'tls' | 'ws' | 'wss', server: Place, local: Place, events: WireEvents): Wire {
  const ca = certificate('ca.pem');
  const { port } = server;
  const host = isIPv6(server.host) ? `[${server.host}]` : server.host;
  const line = new Line(events, (down) => {
    if (transport === 'tls') {
      const socket = connectTls({ host: server.host, port, ca });
      readStream(socket, events, down);
      return { send: (bytes) => socket.write(bytes), cut: () => socket.destroy() };
    }
    const socket = new WebSocket(`${transport}://${host}:${port}`, 'sip', { ca, perMessageDeflate: false });
    const early: Buffer[] = [];
    const send = (bytes: Buffer) => (socket.readyState === WebSocket.OPEN ? socket.send(bytes) : early.push(bytes));
    let reason = 'the server closed the connection';
    socket.on('open', () => {
      for (const bytes of early.splice(0)) socket.send(bytes);
    });
    socket.on('message', (data) => events.bytes(data as Buffer, send));
    socket.on('error', (error) => {
      reason = error.message;
    });
    socket.on('close', () => down(reason));
    return { send, cut: () => socket.terminate() };
  });
  return {
    transport,
    local: transport === 'tls' ? { host: local.host, port: 5061 } : { host: 'phone.invalid', port: 5060 }, // RFC 7118 5.2
    send: (bytes) => line.send(bytes),
    close: async () => {
      line.close();
    },
  };
}

interface Dialled {
  send(bytes: Buffer): unknown;
  cut(): void;
}

/** The connection to the server, dialled when something is to be sent and none stands. */
class Line {
  readonly #events: WireEvents;
  readonly #dial: (down: (reason: string) => void) => Dialled;
  #standing: Dialled | undefined;
  #open = true;

  constructor(events: WireEvents, dial: (down: (reason: string) => void) => Dialled) {
    this.#events = events;
    this.#dial = dial;
  }

  send(bytes: Buffer): void {
    if (!this.#open) return;
    if (!this.#standing) {
      const dialled = this.#dial((reason) => {
        if (this.#standing !== dialled) return;
        this.#standing = undefined;
        if (this.#open) this.#events.down(reason);
      });
      this.#standing = dialled;
    }
    this.#standing.send(bytes);
  }

  /** False where it was closed before. */
  close(): boolean {
    if (!this.#open) return false;
    this.#open = false;
    this.#standing?.cut();
    return true;
  }
}

function readStream(socket: Socket, events: WireEvents, down: (reason: string) => void): void {
  const framer = new Framer();
  socket.setNoDelay(true);
  socket.on('data', (chunk: Buffer) => {
    for (const message of framer.push(chunk)) events.bytes(message, (answer) => socket.write(answer));
  });
  let reason = 'the server closed the connection';
  socket.on('error', (error) => {
    reason = error.message;
  });
  socket.on('close', () => down(reason));
}
