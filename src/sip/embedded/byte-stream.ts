import type { Socket } from 'node:net';
import type { Flow } from '../engine.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import { StreamFramer } from './framing.ts';

/** Makes a connection of a TCP or TLS socket: messages one after the other, found by their Content-Length. */
export function openByteStream(
  socket: Socket,
  path: Omit<Flow, 'connection'>,
  connections: Connections,
  dialled = false,
): Connection {
  const connection = connections.open(
    path,
    {
      framed: false,
      get waiting() {
        return socket.writableLength;
      },
      write: (wire) => socket.write(wire, 'latin1'),
      end: () => socket.end(),
      destroy: () => socket.destroy(),
    },
    dialled,
  );
  socket.allowHalfOpen = true; // answers may still leave where nothing more will come (RFC 3261 18.2.2)
  const framer = new StreamFramer();
  socket.on('data', (chunk: Buffer) => {
    framer.push(chunk, (frame) => {
      connection.receive(frame);
      if (!connection.hears) framer.stop(); // 64 kB hold thousands of messages
    });
    connection.settle(framer.midMessage);
  });
  socket.on('end', () => connection.heardAll());
  for (const over of ['error', 'close'] as const) socket.on(over, () => connection.close());
  return connection;
}
