import type { Aor } from '../model/aor.ts';
import type { PublicationRow } from '../model/publication-row.ts';

/** What the compositor asks of the store. Faults have the codes `store-*`. */
export interface PublicationStore {
  /** Birth or change: resolves when it is on disk. */
  putPublication(row: PublicationRow): Promise<void>;
  /** Resolves when it is off the disk. */
  deletePublication(id: number): Promise<void>;
}

/** What somebody may publish for a resource that is not himself. `features`: he may also set its features by it. */
export type PublishRight = 'none' | 'state' | 'features';

/** Of the resource's own domain only; the caller has seen to that. */
export type RightOf = (publisher: Aor, resource: Aor) => PublishRight;
