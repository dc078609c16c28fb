import type { Aor } from '../model/aor.ts';
import type { ChangeSet } from './change-set.ts';
import { PerSource } from './per-source.ts';

/** Reachable contacts of an extension, summed over its PBXs. */
export class Registrations {
  readonly #contacts = new PerSource<number>();

  of(aor: Aor): number {
    let sum = 0;
    for (const contacts of this.#contacts.of(aor)?.values() ?? []) sum += contacts;
    return sum;
  }

  set(source: string, aor: Aor, contacts: number, changes: ChangeSet): void {
    const count = Math.max(0, contacts);
    if ((this.#contacts.get(source, aor) ?? 0) === count) return;
    if (count === 0) this.#contacts.delete(source, aor);
    else this.#contacts.set(source, aor, count);
    changes.add('registration', aor);
  }

  /** The complete list of one PBX: who is missing has no contact. */
  replace(source: string, told: readonly { readonly aor: Aor; readonly contacts: number }[], changes: ChangeSet): void {
    const named = new Set(told.map(({ aor }) => aor));
    for (const aor of this.#contacts.heldBy(source)) if (!named.has(aor)) this.set(source, aor, 0, changes);
    for (const { aor, contacts } of told) this.set(source, aor, contacts, changes);
  }

  aors(): Iterable<Aor> {
    return this.#contacts.aors();
  }
}
