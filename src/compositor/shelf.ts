import type { Aor } from '../model/aor.ts';
import type { Published } from '../model/publication.ts';
import type { PublicationRecord } from './record.ts';

const none: readonly PublicationRecord[] = [];

/** The living publications: by resource, oldest first, and by entity tag. */
export class Shelf {
  readonly #byAor = new Map<Aor, readonly PublicationRecord[]>();
  readonly #byTag = new Map<string, PublicationRecord>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Of a resource, all packages. */
  of(aor: Aor): readonly PublicationRecord[] {
    return this.#byAor.get(aor) ?? none;
  }

  /** By resource, and within one in the order they were made. */
  all(): readonly PublicationRecord[] {
    return [...this.#byAor.values()].flat();
  }

  byTag(etag: string): PublicationRecord | null {
    return this.#byTag.get(etag) ?? null;
  }

  add(record: PublicationRecord): void {
    this.#byAor.set(record.aor, [...this.of(record.aor), record]);
    if (record.etag !== null) this.#byTag.set(record.etag, record);
    this.#size += 1;
  }

  /** The old tag is unknown from now on. */
  retag(record: PublicationRecord, etag: string | null): void {
    if (record.etag !== null) this.#byTag.delete(record.etag);
    record.etag = etag;
    if (etag !== null) this.#byTag.set(etag, record);
  }

  /** False: it was not there any more. */
  remove(record: PublicationRecord): boolean {
    const before = this.of(record.aor);
    const after = before.filter((one) => one !== record);
    if (after.length === before.length) return false;
    if (after.length === 0) this.#byAor.delete(record.aor);
    else this.#byAor.set(record.aor, after);
    if (record.etag !== null) this.#byTag.delete(record.etag);
    this.#size -= 1;
    return true;
  }

  /** What stands of a resource in a package; dialogs of different publications have different ids. */
  said(aor: Aor, event: string): readonly Published[] {
    return this.of(aor).flatMap((record) => (record.event === event ? told(record) : []));
  }
}

function told({ id, said }: PublicationRecord): readonly Published[] {
  if (said === null) return [];
  if (said.kind !== 'dialogs') return [said];
  return [{ kind: 'dialogs', dialogs: said.dialogs.map((dialog) => ({ ...dialog, id: `${id} ${dialog.id}` })) }];
}
