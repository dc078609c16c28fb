import { eventPackages } from '../event-packages/index.ts';
import type { Aor } from '../model/aor.ts';
import type { PbxEvent } from '../model/pbx-event.ts';
import { type Published, publicationSource } from '../model/publication.ts';
import type { Hub } from '../state/hub.ts';
import { Watcher, type WatcherOptions } from '../watcher/watcher.ts';
import type { Current } from './current.ts';

interface WatcherSide extends Pick<WatcherOptions, 'clock' | 'random' | 'logger' | 'sender' | 'grant' | 'say'> {
  readonly current: Current;
  readonly hub: Hub;
}

/** Who subscribes to phones, with what it asks of the truth. */
export function watcherOf({ current, hub, ...wired }: WatcherSide): Watcher {
  return new Watcher({
    ...wired,
    packages: eventPackages,
    view: (aor) => hub.view(aor),
    hasCalls: (aor) => hub.hasCalls(aor),
    profileFor: (userAgent) => current.now.profileFor(userAgent),
  });
}

type PublishedEvent = Extract<PbxEvent, { readonly type: 'published' }>;

/**
 * Two speak of a resource besides the PBXs: who publishes, and the phones that are watched. Each tells all it knows of a
 * resource and package; the hub is told both, publications first.
 */
export class Sayings {
  readonly #apply: (event: PbxEvent) => void;
  readonly #publications = new Map<string, readonly Published[]>();
  readonly #phones = new Map<string, readonly Published[]>();

  /** @param apply the hub's door. */
  constructor(apply: (event: PbxEvent) => void) {
    this.#apply = apply;
  }

  /** For the compositor: any event passes. */
  publication(event: PbxEvent): void {
    if (event.type === 'published') this.#say(this.#publications, event);
    else this.#apply(event);
  }

  /** For the watcher. Silence after silence is no news. */
  phones(aor: Aor, event: string, said: readonly Published[]): void {
    if (said.length === 0 && !this.#phones.has(keyOf({ aor, event }))) return;
    this.#say(this.#phones, { source: publicationSource, type: 'published', aor, event, said });
  }

  #say(speaker: Map<string, readonly Published[]>, told: PublishedEvent): void {
    const key = keyOf(told);
    if (told.said.length === 0) speaker.delete(key);
    else speaker.set(key, told.said);
    const said = [...(this.#publications.get(key) ?? []), ...(this.#phones.get(key) ?? [])];
    this.#apply({ ...told, said });
  }
}

function keyOf({ aor, event }: Pick<PublishedEvent, 'aor' | 'event'>): string {
  return `${event}\n${aor}`;
}
