import type { Endpoint, ListenPoint, Transport } from '../engine.ts';
import type { SipUri } from '../message/uri.ts';
import { bracketed } from '../own-contact.ts';
import type { Places } from '../places.ts';

/** Which URIs mean Lamplighter itself: a host of this machine and one of its ports. The PBX may live on the same host. */
export class OwnPlaces {
  readonly #places: Pick<Places, 'isThisMachine'>;
  readonly #ports = new Set<number>();

  /** `advertisedPort`: where others reach us, where it differs from the ports bound; null: it does not. */
  constructor(places: Pick<Places, 'isThisMachine'>, advertisedPort: number | null) {
    this.#places = places;
    if (advertisedPort !== null) this.#ports.add(advertisedPort);
  }

  /** What was bound. */
  listen(points: readonly ListenPoint[]): void {
    for (const { port } of points) this.#ports.add(port);
  }

  has({ scheme, host, port, params }: Pick<SipUri, 'scheme' | 'host' | 'port' | 'params'>): boolean {
    if (host === '') return false;
    const secure = scheme === 'sips' || params.get('transport')?.toLowerCase() === 'tls';
    return this.#ports.has(port ?? (secure ? 5061 : 5060)) && this.#places.isThisMachine(host);
  }
}

/** As it stands in a URI behind the `@`: `192.0.2.1:5060;transport=tcp`. */
export function placeText({ address, port }: Endpoint, transport: Transport): string {
  if (transport === 'udp') return `${bracketed(address)}:${port}`;
  return `${bracketed(address)}:${port};transport=${transport === 'wss' ? 'ws' : transport}`; // RFC 7118 5.2.1
}
