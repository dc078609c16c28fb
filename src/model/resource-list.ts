import type { Aor } from './aor.ts';

/** What a list, or a resource in it, is called; from an admin, a PBX or a phone. */
export interface ListName {
  readonly text: string;
  /** Language tag (RFC 5646); null: nobody said. */
  readonly lang: string | null;
}

/** A resource in a list. */
export interface ListMember {
  /** Whose state it is; null: the address means nobody here. */
  readonly aor: Aor | null;
  /** The address as the phone wrote it; null: it is made from that of the list. */
  readonly uri: string | null;
  /** Empty: what the PBX calls it. */
  readonly names: readonly ListName[];
}

/** Resources that are watched together (RFC 4662); each at most once. Immutable. */
export interface ResourceList {
  readonly names: readonly ListName[];
  readonly members: readonly ListMember[];
}

/** A list as an admin or a PBX defined it; who is in it is looked up when somebody asks. */
export interface ListDefinition {
  readonly name: string;
  /** Lower case; members are of the same domain. */
  readonly domain: string;
  readonly names: readonly ListName[];
  /** User parts, or the names of further lists and groups. */
  readonly members: readonly string[];
  /** A group whose members are in it; null: none. */
  readonly group: string | null;
  /** All extensions whose whole number this fits; null: none. */
  readonly extensions: RegExp | null;
}

/** Members of one list; the rest is cut off. No list is a way round the limit of a user's subscriptions. */
export const mostMembers = 300;

/** Lists within lists; deeper ones are left out. */
export const deepestList = 8;
