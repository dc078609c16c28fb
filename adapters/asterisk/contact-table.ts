import { isDeepStrictEqual } from 'node:util';
import type { Contacts, Device } from '../../src/model/pbx-event.ts';
import type { Fact } from './facts.ts';

type DeviceFact = Extract<Fact, { readonly fact: 'device' }>;

/** The contacts that a call can reach, by endpoint, and the phones behind them as far as they are known. */
export class ContactTable {
  readonly #uris = new Map<string, Set<string>>();
  readonly #devices = new Map<string, Map<string, Device>>();

  /** @param read endpoint to contacts. */
  constructor(read: ReadonlyMap<string, ReadonlySet<string>>) {
    for (const [endpoint, uris] of read) this.#uris.set(endpoint, new Set(uris));
  }

  /** A contact came, or went and its phone with it. True: there is one more or less. */
  reach(endpoint: string, uri: string, reachable: boolean): boolean {
    const uris = this.#uris.get(endpoint) ?? new Set<string>();
    const before = uris.size;
    if (reachable) uris.add(uri);
    else {
      uris.delete(uri);
      this.#devices.get(endpoint)?.delete(uri);
    }
    this.#uris.set(endpoint, uris);
    return uris.size !== before;
  }

  /** Which phone is behind a contact. True: that is new; of a contact that is not there nothing is kept. */
  describe({ endpoint, uri, userAgent, via }: DeviceFact): boolean {
    const devices = this.#devices.get(endpoint) ?? new Map<string, Device>();
    const device: Device = { uri, userAgent, ...(via === null ? {} : { via }) };
    if (!this.#uris.get(endpoint)?.has(uri) || isDeepStrictEqual(devices.get(uri), device)) return false;
    this.#devices.set(endpoint, devices.set(uri, device));
    return true;
  }

  /** A contact that answers, and of which the phone is not known. */
  isStranger(endpoint: string, uri: string): boolean {
    return (this.#uris.get(endpoint)?.has(uri) ?? false) && !this.#devices.get(endpoint)?.has(uri);
  }

  /** The URIs of one endpoint. */
  uris(endpoint: string): readonly string[] {
    return [...(this.#uris.get(endpoint) ?? [])];
  }

  /** As they are told. */
  of(endpoint: string): Contacts {
    const uris = this.uris(endpoint);
    const devices = [...(this.#devices.get(endpoint)?.values() ?? [])];
    return { contacts: uris.length, uris, ...(devices.length > 0 ? { devices } : {}) };
  }
}
