import { createHmac } from 'node:crypto';
import type { Aor } from '../model/aor.ts';
import type { MailboxCounts } from '../model/pbx-event.ts';
import type { Published, PublishedDialog, PublishedPresence } from '../model/publication.ts';
import type { DialogView } from '../model/views.ts';

/** Published calls of one resource that are shown at most; one publication of a package holds fewer. */
const mostDialogs = 100;
/**
 * What they may take of a document, reckoned high; bytes. With the calls of the PBX it must go into a datagram (65,507), or
 * a publisher with long names makes his lamp, and the lists it is in, dark for all who watch it over UDP.
 */
const mostBytes = 50_000;
const noDialogs: readonly DialogView[] = [];
const nothing: readonly Published[] = [];

/**
 * What was published for the resources (RFC 3903), and how it goes together with what the PBXs say: calls stand beside
 * theirs, counts only where no PBX has the mailbox, presence is for the renderer. The hub's compositor decides what stands
 * and until when; nothing here outlives it.
 */
export class Publications {
  readonly #secret: Buffer;
  /** By resource and package. */
  readonly #said = new Map<Aor, Map<string, readonly Published[]>>();
  readonly #dialogs = new Map<Aor, readonly DialogView[]>();

  constructor(secret: Buffer) {
    this.#secret = secret;
  }

  /** Takes all that is published of a resource in one package, oldest publication first. */
  set(aor: Aor, event: string, said: readonly Published[]): void {
    const packages = this.#said.get(aor) ?? new Map<string, readonly Published[]>();
    if (said.length > 0) packages.set(event, said);
    else packages.delete(event);
    if (packages.size > 0) this.#said.set(aor, packages);
    else this.#said.delete(aor);
    const dialogs = this.#viewsOf(aor);
    if (dialogs.length > 0) this.#dialogs.set(aor, dialogs);
    else this.#dialogs.delete(aor);
  }

  has(aor: Aor): boolean {
    return this.#said.has(aor);
  }

  aors(): Iterable<Aor> {
    return this.#said.keys();
  }

  /** The PBXs' own calls and the published ones, oldest first. */
  dialogs(aor: Aor, own: readonly DialogView[]): readonly DialogView[] {
    const published = this.#dialogs.get(aor);
    if (published === undefined) return own;
    const others = published.filter((one) => !own.some((other) => isSameCall(one, other)));
    return [...own, ...others].sort((a, b) => a.since - b.since || (a.id < b.id ? -1 : 1));
  }

  /** The counts of the youngest publication that tells some; null: none does. */
  mailbox(aor: Aor): MailboxCounts | null {
    return this.#of(aor).reduce<MailboxCounts | null>(
      (last, one) => (one.kind === 'mailbox' ? one.counts : last),
      null,
    );
  }

  /** Oldest first. */
  presence(aor: Aor): readonly PublishedPresence[] {
    return this.#of(aor).filter((one) => one.kind === 'presence');
  }

  #of(aor: Aor): readonly Published[] {
    const packages = this.#said.get(aor);
    return packages === undefined ? nothing : [...packages.values()].flat();
  }

  #viewsOf(aor: Aor): readonly DialogView[] {
    const views: DialogView[] = [];
    let bytes = 0;
    for (const one of this.#of(aor)) {
      if (one.kind !== 'dialogs') continue;
      for (const dialog of one.dialogs) {
        const view = this.#viewOf(aor, dialog);
        if (view === null || views.length >= mostDialogs || views.some((other) => isSameCall(view, other))) continue;
        bytes += bytesOf(view);
        if (bytes > mostBytes) return views;
        views.push(view);
      }
    }
    return views.length === 0 ? noDialogs : views;
  }

  /**
   * Its id is ours, like those of the PBXs' calls, and of none of them: their hashes begin with the name of a PBX, which is
   * never empty. A call that began anew is another one.
   */
  #viewOf(aor: Aor, dialog: PublishedDialog): DialogView | null {
    const { phase, direction, holding, remote, since = 0, callId, localTag, remoteTag } = dialog;
    if (phase === 'terminated') return null;
    const name = `\0${aor}\0${since}\0${dialog.id}`;
    const id = createHmac('sha256', this.#secret).update(name).digest('base64url').slice(0, 22);
    return { id, phase, direction, holding, remote, since, callId, localTag, remoteTag };
  }
}

/** At most, in a document: six for a character of an attribute (`&quot;`), nine for one of a URI, which stands there twice. */
function bytesOf({ remote: { number, name }, callId = '', localTag = '', remoteTag = '' }: DialogView): number {
  const attributes = (name?.length ?? 0) + callId.length + localTag.length + remoteTag.length;
  return 350 + 6 * attributes + 18 * (number?.length ?? 0);
}

/** A phone, its PBX and a proxy in between may all tell of one call: the first word counts, and a PBX's before any. */
function isSameCall(a: DialogView, b: DialogView): boolean {
  return a.callId !== undefined && a.callId === b.callId && a.direction === b.direction;
}

export function samePresence(a: readonly PublishedPresence[], b: readonly PublishedPresence[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, index) => {
      const other = b[index];
      return (
        other !== undefined &&
        one.basic === other.basic &&
        sameTexts(one.activities, other.activities) &&
        sameTexts(one.notes, other.notes)
      );
    })
  );
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
