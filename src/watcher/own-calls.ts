import type { Published, PublishedDialog } from '../model/publication.ts';

/**
 * Which of a phone's calls its PBX does not have: direct ones, and those of another line. A call that was there while the
 * PBX had one is the PBX's own, for as long as it lasts: the two tell its end at two moments, and the lamp would light up
 * again in between.
 */
export class OwnCalls {
  /** Ids of dialogs that are the PBX's. */
  #known: ReadonlySet<string> = new Set();

  /** @param atPbx the PBX has a call of this extension now. */
  filter(said: Published | null, atPbx: boolean): Published | null {
    if (said?.kind !== 'dialogs') return said;
    const { dialogs } = said;
    const before = this.#known;
    const isKnown = ({ id }: PublishedDialog) => atPbx || before.has(id);
    this.#known = new Set(dialogs.filter(isKnown).map(({ id }) => id));
    const own = dialogs.filter((dialog) => !isKnown(dialog));
    return own.length === 0 ? null : { kind: 'dialogs', dialogs: own };
  }
}
