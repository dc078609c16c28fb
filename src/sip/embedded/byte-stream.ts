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
  const framer = new StreamFramer();
  socket.on('data', (chunk: Buffer) => {
    framer.push(chunk, (frame) => connection.receive(frame));
    connection.settle(framer.midMessage);
  });
  for (const over of ['error', 'end', 'close'] as const) socket.on(over, () => connection.close());
  return connection;
}
