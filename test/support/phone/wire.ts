import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, isIPv6, type Socket } from 'node:net';
import { Framer } from './message.ts';

export interface Place {
  readonly host: string;
  readonly port: number;
}

/** The phone's one way to its server. */
export interface Wire {
  readonly transport: 'udp' | 'tcp';
  /** What Via and Contact name: over TCP the port the phone listens on. */
  readonly local: Place;
  send(bytes: Buffer): void;
  close(): Promise<void>;
}

export interface WireEvents {
  /** One message (or, over UDP, one datagram); `reply` goes back the way it came. */
  bytes(bytes: Buffer, reply: (bytes: Buffer) => void): void;
  /** TCP only: the connection to the server is gone or could not be made. The next `send` dials again. */
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

/** Dials the server when there is something to send, and listens on its own Contact port as desk phones do. */
export async function openTcp(server: Place, local: Place, events: WireEvents): Promise<Wire> {
  const sockets = new Set<Socket>();
  let toServer: Socket | undefined;
  let open = true;

  const attach = (socket: Socket): void => {
    const framer = new Framer();
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      for (const message of framer.push(chunk)) events.bytes(message, (answer) => socket.write(answer));
    });
    let reason = 'the server closed the connection';
    socket.on('error', (error) => {
      reason = error.message;
    });
    socket.on('close', () => {
      sockets.delete(socket);
      if (socket !== toServer) return;
      toServer = undefined;
      if (open) events.down(reason);
    });
  };

  const listener = createServer(attach);
  listener.listen(local.port, local.host);
  await once(listener, 'listening');
  return {
    transport: 'tcp',
    local: { host: local.host, port: (listener.address() as AddressInfo).port },
    send: (bytes) => {
      if (!open) return;
      if (!toServer) {
        toServer = connect({ host: server.host, port: server.port, localAddress: local.host });
        attach(toServer);
      }
      toServer.write(bytes);
    },
    close: async () => {
      if (!open) return;
      open = false;
      listener.close();
      for (const socket of sockets) socket.destroy();
      await once(listener, 'close');
    },
  };
}
