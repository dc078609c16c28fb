import type { Aor } from '../../model/aor.ts';
import type { Contacts, Device, PbxEvent } from '../../model/pbx-event.ts';
import { tokenOf } from './contact-uri.ts';
import type { LearntPhones } from './registrations.ts';

type Registration = Extract<PbxEvent, { readonly type: 'registration' }>;

/**
 * What a PBX says of phones that registered through us, in the phones' own words: it knows them by a Contact that leads
 * here, which is of no use to whoever watches registrations or wants to reach a phone.
 */
export class OwnDevices {
  readonly #phones: Pick<LearntPhones, 'forToken' | 'atContact'>;
  /** What was said with Contacts of ours in it, by user and PBX: its phone may become known only a moment later. */
  readonly #said = new Map<Aor, Map<string, Registration>>();

  constructor(phones: Pick<LearntPhones, 'forToken' | 'atContact'>) {
    this.#phones = phones;
  }

  /** An event of a PBX, as the rest of us may hear it. */
  heard(event: PbxEvent): PbxEvent {
    if (event.type === 'registration') {
      this.#keep(event);
      return { ...event, ...this.#own(event.aor, event) };
    }
    if (event.type !== 'snapshot') return event;
    const { source, snapshot } = event;
    for (const aor of [...this.#said.keys()]) this.#keep({ aor, source, type: 'registration', contacts: 0 });
    for (const one of snapshot.registrations) this.#keep({ ...one, source, type: 'registration' });
    const registrations = snapshot.registrations.map((one) => ({ ...one, ...this.#own(one.aor, one) }));
    return { ...event, snapshot: { ...snapshot, registrations } };
  }

  /** What is to be heard once more, now that the phones of this user are others. */
  again(aor: Aor): readonly PbxEvent[] {
    const said = this.#said.get(aor)?.values() ?? [];
    return [...said].map((event) => ({ ...event, ...this.#own(aor, event) }));
  }

  #keep(event: Registration): void {
    const { aor, source } = event;
    const known = this.#said.get(aor) ?? new Map<string, Registration>();
    const uris = [...(event.uris ?? []), ...(event.devices ?? []).map(({ uri }) => uri)];
    if (uris.some((uri) => tokenOf(uri) !== null)) known.set(source, event);
    else known.delete(source);
    if (known.size > 0) this.#said.set(aor, known);
    else this.#said.delete(aor);
  }

  #own(aor: Aor, { uris, devices }: Contacts): Pick<Contacts, 'uris' | 'devices'> {
    return {
      ...(uris === undefined ? {} : { uris: uris.map((uri) => this.#contactOf(aor, uri)) }),
      ...(devices === undefined ? {} : { devices: devices.map((device) => this.#device(aor, device)) }),
    };
  }

  #contactOf(aor: Aor, uri: string): string {
    const phone = this.#phones.forToken(tokenOf(uri) ?? '');
    return phone?.aor === aor ? phone.contact : uri;
  }

  /** `via` led from the PBX to us. */
  #device(aor: Aor, device: Device): Device {
    const uri = this.#contactOf(aor, device.uri);
    return uri === device.uri ? device : { uri, userAgent: device.userAgent };
  }
}
