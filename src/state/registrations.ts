import type { Aor } from '../model/aor.ts';
import type { Contacts, Device } from '../model/pbx-event.ts';
import type { ChangeSet } from './change-set.ts';
import { PerSource } from './per-source.ts';

/** What is kept; sorted, so that their order is no change. */
interface Held {
  readonly contacts: number;
  readonly uris: readonly string[];
  readonly devices: readonly Device[];
}

const noUris: readonly string[] = [];
const noDevices: readonly Device[] = [];

/** Reachable contacts of an extension, summed over its PBXs. */
export class Registrations {
  readonly #contacts = new PerSource<Held>();

  of(aor: Aor): number {
    let sum = 0;
    for (const { contacts } of this.#contacts.of(aor)?.values() ?? []) sum += contacts;
    return sum;
  }

  /** As far as the PBXs tell them. */
  urisOf(aor: Aor): readonly string[] {
    const held = this.#contacts.of(aor);
    return held === undefined ? noUris : [...held.values()].flatMap(({ uris }) => uris);
  }

  /** The phones, as far as the PBXs tell them. */
  devicesOf(aor: Aor): readonly Device[] {
    const held = this.#contacts.of(aor);
    return held === undefined ? noDevices : [...held.values()].flatMap(({ devices }) => devices);
  }

  set(source: string, aor: Aor, told: Contacts, changes: ChangeSet): void {
    const contacts = Math.max(0, told.contacts);
    const uris = contacts === 0 || told.uris === undefined ? noUris : [...told.uris].sort();
    const devices = contacts === 0 || told.devices === undefined ? noDevices : sortDevices(told.devices);
    const before = this.#contacts.get(source, aor);
    const isSame = (before?.contacts ?? 0) === contacts && sameUris(before?.uris ?? noUris, uris);
    if (isSame && sameUris((before?.devices ?? noDevices).map(keyOf), devices.map(keyOf))) return;
    const reachable = this.#contacts.of(aor) !== undefined;
    if (contacts === 0) this.#contacts.delete(source, aor);
    else this.#contacts.set(source, aor, { contacts, uris, devices });
    changes.add('registration', aor, isSame ? 'devices' : 'contacts');
    if ((this.#contacts.of(aor) !== undefined) !== reachable) changes.add('registration', aor, 'reachable');
  }

  /** The complete list of one PBX: who is missing has no contact. */
  replace(source: string, told: readonly ({ readonly aor: Aor } & Contacts)[], changes: ChangeSet): void {
    const named = new Set(told.map(({ aor }) => aor));
    for (const aor of this.#contacts.heldBy(source))
      if (!named.has(aor)) this.set(source, aor, { contacts: 0 }, changes);
    for (const each of told) this.set(source, each.aor, each, changes);
  }

  aors(): Iterable<Aor> {
    return this.#contacts.aors();
  }
}

function sameUris(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((uri, index) => uri === b[index]);
}

/** Two devices with one key are told alike. */
function keyOf({ uri, userAgent, via }: Device): string {
  return `${uri}\n${via ?? ''}\n${userAgent ?? ''}`;
}

function sortDevices(devices: readonly Device[]): readonly Device[] {
  return [...devices].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}
