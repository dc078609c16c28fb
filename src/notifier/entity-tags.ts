import { createHash } from 'node:crypto';
import type { EventPackage, RenderRequest } from '../event-packages/event-package.ts';
import type { Aor } from '../model/aor.ts';
import type { PhoneProfile } from '../model/profile.ts';
import type { ResourceView } from '../model/views.ts';
import type { Subscription } from './record.ts';
import { noParams } from './terms.ts';

type Headers = readonly (readonly [string, string])[];

/** A tag, and what the document depends on that it is of. */
interface Entry {
  readonly pkg: EventPackage;
  readonly contentType: string;
  readonly profile: PhoneProfile;
  readonly own: boolean;
  readonly mayPickUp: boolean;
  readonly view: ResourceView;
  readonly tag: string;
  /** Made once for all who watch it. */
  readonly headers: Headers;
}

const none: readonly Entry[] = [];

/** Resources whose tags are remembered, and forms of one: what is forgotten is made again. */
const mostKnown = 50_000;
const mostForms = 16;

/** Characters of a tag: 66 bits. */
const tagLength = 11;

/**
 * RFC 5839 6.1: one tag for each state of a resource, whoever is told of it: a hash of the full document, without what
 * belongs to a subscription. So it is the same after a restart, and where a call came and went it is that of before.
 */
export class EntityTags {
  /** What was told last of each resource, in each form. By name: to look for a view in a WeakMap costs ten times as much. */
  readonly #known = new Map<Aor, readonly Entry[]>();
  readonly #mayPickUp: (sub: Subscription) => boolean;

  constructor(mayPickUp: (sub: Subscription) => boolean) {
    this.#mayPickUp = mayPickUp;
  }

  /** null: documents about watchers are new each second, and have none. */
  of(view: ResourceView, sub: Subscription): string | null {
    return this.#entry(view, sub)?.tag ?? null;
  }

  /** The tag as a header of a NOTIFY; undefined: none. */
  headers(view: ResourceView, sub: Subscription): Headers | undefined {
    return this.#entry(view, sub)?.headers;
  }

  #entry(view: ResourceView, sub: Subscription): Entry | null {
    const { pkg, contentType, profile, terms } = sub;
    if (pkg.about !== undefined) return null;
    const own = sub.watcher === sub.aor;
    const mayPickUp = profile.pickup !== 'none' && this.#mayPickUp(sub);
    // where a package judges watchers itself, its documents may be of one of them only
    const isPlain = (terms === null || terms.params === noParams) && pkg.admits === undefined;
    if (!isPlain) return made(view, sub, own, mayPickUp);
    const known = this.#known.get(view.aor) ?? none;
    for (const entry of known) {
      if (entry.pkg !== pkg || entry.contentType !== contentType || entry.profile !== profile) continue;
      if (entry.view === view && entry.own === own && entry.mayPickUp === mayPickUp) return entry;
    }
    const entry = made(view, sub, own, mayPickUp);
    if (known === none && this.#known.size >= mostKnown) this.#known.clear();
    const others = known.filter((other) => other.view === view || other.pkg !== pkg);
    this.#known.set(view.aor, [...others, entry].slice(-mostForms));
    return entry;
  }
}

function made(view: ResourceView, sub: Subscription, own: boolean, mayPickUp: boolean): Entry {
  const { pkg, contentType, profile, terms, watcher } = sub;
  const request: RenderRequest = {
    entity: view.aor,
    contentType,
    profile,
    scope: 'full',
    occasion: 'initial',
    version: 0,
    shown: [],
    roomBytes: Number.POSITIVE_INFINITY,
    watcher,
    own,
    mayPickUp,
    boundary: 'tag',
    watchers: [],
    params: terms?.params ?? noParams,
  };
  const { bodies, shown } = pkg.render(view, request);
  // What is shown may be more than what is written: the document behind a URL.
  const hash = createHash('sha256').update(`${pkg.event}\n${view.aor}\n${shown.join('\n')}\n`);
  for (const { content } of bodies) hash.update(content);
  const tag = hash.digest('base64url').slice(0, tagLength);
  // Field by field: each spread makes an object of a kind of its own, whose fields are looked up anew (-1 us a NOTIFY).
  return { pkg, contentType, profile, own, mayPickUp, view, tag, headers: [['SIP-ETag', tag]] };
}
