import { mayAdvance } from '../model/dialog-state.ts';
import type { Published, PublishedDialog } from '../model/publication.ts';

/**
 * What stands after a new body of the same publication. A dialog goes on as the one it was, with the moment it was first
 * published. One whose state goes back is another call: publishers that name calls by the extension (Asterisk) never change
 * the id, and to whoever watches a dialog never goes back (RFC 4235 3.7.1). Ended ones are left out.
 *
 * @param now milliseconds since the epoch
 */
export function continued(before: Published | null, told: Published | null, now: number): Published | null {
  if (told?.kind !== 'dialogs') return told;
  const known = new Map((before?.kind === 'dialogs' ? before.dialogs : []).map((dialog) => [dialog.id, dialog]));
  const living = new Map<string, PublishedDialog>();
  for (const dialog of told.dialogs) {
    living.delete(dialog.id); // named twice: the last word counts
    if (dialog.phase !== 'terminated') living.set(dialog.id, { ...dialog, since: sinceOf(known, dialog, now) });
  }
  return { kind: 'dialogs', dialogs: [...living.values()] };
}

function sinceOf(known: ReadonlyMap<string, PublishedDialog>, { id, phase }: PublishedDialog, now: number): number {
  const before = known.get(id);
  if (before?.since === undefined) return now;
  return mayAdvance(before.phase, phase) ? before.since : Math.max(now, before.since + 1);
}
