import { type Aor, domainOf } from '../../model/aor.ts';
import { modelName, type ProfileDocument, type ProfileShelf } from '../../model/profile-document.ts';
import { urlFor } from './url.ts';

type Params = Readonly<Record<string, string>>;

/** What a subscriber says of himself. */
export interface Asker {
  /** null: a trusted source without a name. */
  readonly watcher: Aor | null;
  /** He is the resource's own user. */
  readonly own: boolean;
  readonly params: Params;
}

/** What there is for him. */
export interface Choice {
  /** null: nothing, or nothing that he may see. */
  readonly document: ProfileDocument | null;
  /** Where he can fetch his profile; null: nowhere. */
  readonly url: string | null;
  /** There is something that he may not see. */
  readonly forbidden: boolean;
}

const nothing: Choice = { document: null, url: null, forbidden: false };
const forbidden: Choice = { ...nothing, forbidden: true };

/** COMPAT(AudioCodes): `application` is what its phones say where others say `device`. */
const types = ['device', 'user', 'local-network', 'application'] as const;

type ProfileType = (typeof types)[number];

/** RFC 6080 6.2; null: a type nobody knows. COMPAT(Kamailio's watchers): no type at all is what the resource is. */
export function profileType({ 'profile-type': said }: Params, shelf: ProfileShelf | undefined): ProfileType | null {
  if (said === undefined) return typeof shelf?.deviceName === 'string' ? 'device' : 'user';
  return types.find((type) => type === said.toLowerCase()) ?? null;
}

/**
 * The document for one subscriber: the device's own, then that of its version, model, make. One that he may not have hides
 * those behind it, so that a mistake is seen. A user's is for the user and for nobody else.
 */
export function choose(aor: Aor, shelf: ProfileShelf | undefined, asker: Asker): Choice {
  const type = profileType(asker.params, shelf);
  if (type === 'user' && !asker.own) return forbidden;
  if (shelf === undefined || type === null) return nothing;
  const document = candidate(type, shelf, asker.params);
  if (document !== null && type !== 'user' && !mayRead(document, asker.watcher)) return forbidden;
  const url = document?.contentType === urlType ? urlIn(document.content) : urlFor(aor, shelf, asker.params);
  return { document, url, forbidden: false };
}

/** The media type of a document that is itself a URL. */
export const urlType = 'application/url';

function candidate(type: ProfileType, shelf: ProfileShelf, { vendor, model, version }: Params): ProfileDocument | null {
  if (type === 'user') return shelf.user;
  if (type === 'local-network') return shelf.localNetwork;
  if (shelf.device !== null) return shelf.device;
  const names = [modelName(vendor, model, version), modelName(vendor, model), modelName(vendor)];
  for (const name of names) {
    const found = name === null ? undefined : shelf.models.get(name);
    if (found !== undefined) return found;
  }
  return null;
}

function mayRead({ readers, domain }: ProfileDocument, watcher: Aor | null): boolean {
  if (readers === 'everybody') return watcher === null || domainOf(watcher) === domain;
  return watcher !== null && readers.includes(watcher);
}

function urlIn(content: string): string | null {
  const line = content.trim();
  return /^https?:\/\/[\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7e]+$/.test(line) ? line : null;
}
