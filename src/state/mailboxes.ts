import type { Aor } from '../model/aor.ts';
import type { MailboxCounts } from '../model/pbx-event.ts';
import type { ChangeSet } from './change-set.ts';
import { PerSource } from './per-source.ts';

/** Message counts; where two PBXs have a mailbox for one extension, the first PBX counts. */
export class Mailboxes {
  readonly #sources: readonly string[];
  readonly #counts = new PerSource<MailboxCounts>();

  constructor(sources: readonly string[]) {
    this.#sources = sources;
  }

  of(aor: Aor): MailboxCounts | null {
    const counts = this.#counts.of(aor);
    if (counts === undefined) return null;
    const source = this.#sources.find((name) => counts.has(name));
    return source === undefined ? null : (counts.get(source) ?? null);
  }

  set(source: string, aor: Aor, counts: MailboxCounts, changes: ChangeSet): void {
    const before = this.of(aor);
    this.#counts.set(source, aor, counts);
    if (!sameCounts(before, this.of(aor))) changes.add('mailbox', aor);
  }

  /** The extension is gone from this PBX, and its mailbox with it. */
  drop(source: string, aor: Aor, changes: ChangeSet): void {
    const before = this.of(aor);
    this.#counts.delete(source, aor);
    if (!sameCounts(before, this.of(aor))) changes.add('mailbox', aor);
  }

  /** The PBX is not there any more. */
  forget(source: string, changes: ChangeSet): void {
    for (const aor of this.#counts.heldBy(source)) this.drop(source, aor, changes);
  }

  aors(): Iterable<Aor> {
    return this.#counts.aors();
  }
}

export function sameCounts(a: MailboxCounts | null, b: MailboxCounts | null): boolean {
  if (a === null || b === null) return a === b;
  return a.new === b.new && a.old === b.old && a.newUrgent === b.newUrgent && a.oldUrgent === b.oldUrgent;
}
