import { isIPv6, type Server } from 'node:net';
import type { ListenPoint } from '../engine.ts';
import { bindFault } from './bind-fault.ts';

/** Binds a TCP, TLS or HTTP server and answers where. Throws a Fault where the address cannot be had. */
export async function bindServer(server: Server, point: ListenPoint): Promise<ListenPoint> {
  const { address: host, port } = point;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(bindFault(point, error)));
    // ipv6Only: `[::]` and `0.0.0.0` on one port are two listeners
    server.listen({ host, port, ipv6Only: isIPv6(host), exclusive: true }, resolve);
  });
  server.removeAllListeners('error');
  server.on('error', () => undefined); // an accept that failed (descriptors used up): the phone tries again
  const bound = server.address();
  return { ...point, port: bound !== null && typeof bound === 'object' ? bound.port : port };
}

/** Resolves when nothing is accepted any more and every socket has closed. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
