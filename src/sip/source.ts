import type { Flow } from './engine.ts';
import { bracketed } from './own-contact.ts';

/** Where it came from, for people: `udp:192.0.2.1:5060`. */
export function sourceOf({ transport, remote }: Pick<Flow, 'transport' | 'remote'>): string {
  return `${transport}:${bracketed(remote.address)}:${remote.port}`;
}
