import type { Clock } from '../../../src/model/clock.ts';
import type { SipConnection } from './sip-sockets.ts';
import { placeOf } from './sip-text.ts';

/** How often drachtio looks for connections that are closed: until then requests are still tried on them. */
const sweep = 30_000;

interface Entry {
  readonly connection: SipConnection;
  readonly expires: number;
}

/** TCP connections of phones by `user@host` of their Contact: `m_mapUri2InvalidData` of controller.cpp. */
export class PhoneConnections {
  readonly #clock: Clock;
  readonly #byContact = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `seconds`: of the Expires in a 2xx; 0 = none, which forgets it. */
  learn(contact: string, connection: SipConnection, seconds: number): void {
    const key = keyOf(contact);
    if (seconds > 0) this.#byContact.set(key, { connection, expires: this.#clock.now() + seconds * 1000 });
    else this.#byContact.delete(key);
  }

  /** It may be closed already. */
  find(uri: string): SipConnection | undefined {
    const key = keyOf(uri);
    const entry = this.#byContact.get(key);
    if (entry === undefined) return undefined;
    const now = this.#clock.now();
    const { closedAt } = entry.connection;
    if (now < entry.expires && (closedAt === null || now < closedAt + sweep)) return entry.connection;
    this.#byContact.delete(key);
    return undefined;
  }

  clear(): void {
    this.#byContact.clear();
  }
}

function keyOf(uri: string): string {
  const place = placeOf(uri);
  return place === null ? '' : place.user === '' ? place.host : `${place.user}@${place.host}`;
}
