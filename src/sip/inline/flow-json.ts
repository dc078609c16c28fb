import { isIP } from 'node:net';
import { isTransport } from '../dialog.ts';
import type { Endpoint, Flow } from '../engine.ts';

/** A stored path; null: none that this version understands. */
export function readFlow(json: string): Flow | null {
  let read: unknown;
  try {
    read = JSON.parse(json);
  } catch {
    return null;
  }
  if (typeof read !== 'object' || read === null) return null;
  const { transport, local, remote, connection } = read as Record<string, unknown>;
  const [from, to] = [endpointOf(local), endpointOf(remote)];
  if (!isTransport(transport) || from === null || to === null || typeof connection !== 'string') return null;
  return { transport, local: from, remote: to, connection };
}

function endpointOf(raw: unknown): Endpoint | null {
  if (typeof raw !== 'object' || raw === null) return null;
  const { address, port } = raw as Record<string, unknown>;
  if (typeof address !== 'string' || isIP(address) === 0 || typeof port !== 'number') return null;
  return Number.isInteger(port) && port > 0 && port < 65_536 ? { address, port } : null;
}
