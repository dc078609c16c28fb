import type { Aor } from './aor.ts';

/**
 * What a profile document is for (RFC 6080 3.2): a user, on whatever phone; one phone; all phones of a make, model or
 * version; whoever is in a domain's network.
 */
export const profileKinds = ['user', 'device', 'model', 'local-network'] as const;

export type ProfileKind = (typeof profileKinds)[number];

/** Names a document: within its kind and domain a name is unique, and in the one form that `profileName` gives. */
export interface ProfileKey {
  readonly kind: ProfileKind;
  /** One of ours, lower case. */
  readonly domain: string;
  readonly name: string;
}

export interface ProfileDocument extends ProfileKey {
  /** A media type, with its parameters as they came. */
  readonly contentType: string;
  readonly content: string;
  /** Of all that readers get to see; letters and digits. */
  readonly etag: string;
  /**
   * Who may have it beside the admin; `everybody`: every user of the domain, and phones of trusted networks. A user's own is
   * for himself, whatever stands here.
   */
  readonly readers: 'everybody' | readonly Aor[];
  /** Seconds within which a phone must obey it, 0 = at once; null: as it is set for all (RFC 6080 6.2). */
  readonly effectiveBy: number | null;
  /** Milliseconds since the epoch. */
  readonly updatedAt: number;
}

/** How documents are brought to phones. */
export interface ProfileDelivery {
  /** A URL where phones fetch theirs, with `{name}`, `{user}`, `{mac}`, `{vendor}`, `{model}`, `{version}`; null: none. */
  readonly url: string | null;
  /** What a phone is sent that takes both. */
  readonly prefer: 'document' | 'url';
  /** Seconds, for documents that do not say; null: not told. */
  readonly effectiveBy: number | null;
}

/** All documents that may be for whoever asks for one resource. */
export interface ProfileShelf {
  readonly user: ProfileDocument | null;
  readonly device: ProfileDocument | null;
  readonly localNetwork: ProfileDocument | null;
  /** By `modelName`. */
  readonly models: ReadonlyMap<string, ProfileDocument>;
  /** The device that the resource is, by `deviceName`; null: it is none. */
  readonly deviceName: string | null;
  readonly delivery: ProfileDelivery;
}

/**
 * The device that a user part names, in one form: `001565112233`, or `uuid:…`; null: it names none. PnP phones write
 * `MAC:001565112233`, RFC 6080 5.1.1 wants `urn:uuid:…`, in which some hide their MAC address.
 */
export function deviceName(user: string): string | null {
  const text = user.toLowerCase();
  const mac = /^(?:mac:)?((?:[0-9a-f]{2}[:-]?){5}[0-9a-f]{2})$/.exec(text)?.[1];
  if (mac !== undefined) return mac.replace(/[:-]/g, '');
  const [, uuid, node] = /^(?:urn:)?(?:uuid:)?([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}([0-9a-f]{12}))$/.exec(text) ?? [];
  if (uuid === undefined || node === undefined) return null;
  // RFC 6080 5.1.1: time and clock are 0 where the UUID is made of the MAC address alone.
  return /^0{8}-0{4}-1000-[08]000-/.test(uuid) ? node : `uuid:${uuid}`;
}

const longestName = 64;

/** `yealink/sip-t54w/96.85`, of what phones say of themselves; null: nothing of use. Parts from the right may be missing. */
export function modelName(vendor = '', model = '', version = ''): string | null {
  const parts = [vendor, model, version].map((part) =>
    part
      .slice(0, longestName)
      .toLowerCase()
      .replace(/[^a-z0-9._]+/g, '-')
      .replace(/^[-.]+|[-.]+$/g, ''),
  );
  const missing = parts.indexOf('');
  const said = missing < 0 ? parts : parts.slice(0, missing);
  return said.length === 0 ? null : said.join('/');
}

/** The one form of a document's name; null: there is none of this kind. Never a path that leads up or out. */
export function profileName(kind: ProfileKind, text: string): string | null {
  switch (kind) {
    case 'user':
      return /^[A-Za-z0-9_+*#.-]{1,64}$/.test(text) && !/^\.+$/.test(text) ? text : null;
    case 'device':
      return deviceName(text);
    case 'model': {
      const parts = text.split('/');
      return parts.length > 3 || parts.some((part) => modelName(part) === null) ? null : modelName(...parts);
    }
    case 'local-network':
      return text === 'default' ? text : null;
  }
}
