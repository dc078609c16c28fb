import { type Aor, aorOf } from '../model/aor.ts';
import type { Clock } from '../model/clock.ts';
import type { Domain } from '../model/domain.ts';
import type { Logger } from '../model/logger.ts';
import { granted, type Outcome, refused } from '../model/outcome.ts';
import { type ProfileDocument, type ProfileKey, profileKinds, profileName } from '../model/profile-document.ts';
import { usualReaders } from './directory.ts';
import { documentOf, isContentType, mostBytes, textOf } from './document.ts';
import type { ProfileSource, Shelves } from './shelves.ts';

/** Where documents of the API survive. Faults have the codes `store-*`. */
export interface ProfileStore {
  /** Synchronous: on disk when it returns. */
  putProfile(document: ProfileDocument): void;
  deleteProfile(key: ProfileKey): void;
}

export interface ProfileDeskTools {
  readonly shelves: Shelves;
  readonly store: ProfileStore;
  /** The default first. */
  readonly domains: readonly [Domain, ...Domain[]];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Who asks, for the log. */
export interface Client {
  readonly who: string;
  readonly from: string;
}

export interface ProfilePut {
  readonly contentType: string;
  readonly bytes: Uint8Array;
  /** Users of the document's domain, `*` for everybody; null: as it was, or as is usual. */
  readonly owners: readonly string[] | null;
  /** Seconds; undefined: as it was. */
  readonly effectiveBy: number | null | undefined;
}

/** What the document must be for the change to be made (RFC 9110 13.1); null: whatever. */
export interface Condition {
  /** Entity tags, or `*` for any document at all. */
  readonly ifMatch: readonly string[] | null;
  /** True: only where there is none (`If-None-Match: *`). */
  readonly ifNone: boolean;
}

export interface ListedProfile {
  readonly source: ProfileSource;
  readonly document: ProfileDocument;
}

const mostDocuments = 5_000;
const mostOwners = 100;
const longestDelay = 2 ** 31 - 1;

/** The API's hand on documents. Each change is on disk before anybody is told, and has its line in the log. */
export class ProfileDesk {
  readonly #tools: ProfileDeskTools;

  constructor(tools: ProfileDeskTools) {
    this.#tools = tools;
  }

  list(): readonly ListedProfile[] {
    return this.#tools.shelves.list();
  }

  /** Refusals: `unknown-profile-type` (404), `invalid-name` (400), `unknown-profile` (404). */
  get(kind: string, name: string): Outcome<ListedProfile> {
    const key = this.#keyOf(kind, name);
    if (!key.ok) return key;
    const { shelves } = this.#tools;
    const document = shelves.get(key.value);
    if (document === null) return unknown;
    return granted({ source: shelves.of('api', key.value) === null ? 'file' : 'api', document });
  }

  /**
   * Answers the document and whether it is new here. Further refusals: `precondition-failed` (412), `too-large` (413),
   * `invalid-body` (400), `invalid-owners` (400), `invalid-type` (400), `too-many` (507), `store-failed` (503).
   */
  put(
    kind: string,
    name: string,
    put: ProfilePut,
    condition: Condition,
    client: Client,
  ): Outcome<{ readonly document: ProfileDocument; readonly created: boolean }> {
    const { shelves, clock } = this.#tools;
    const named = this.#keyOf(kind, name);
    if (!named.ok) return named;
    const key = named.value;
    if (!meets(shelves.get(key), condition)) return failed;
    if (put.bytes.length > mostBytes) return refused('too-large', `a document has at most ${mostBytes} bytes`, 413);
    const content = textOf(put.bytes);
    if (content === null || content === '') return refused('invalid-body', 'expected text in UTF-8', 400);
    if (!isContentType(put.contentType)) return refused('invalid-type', 'expected a media type in Content-Type', 400);
    const { effectiveBy } = put;
    if (typeof effectiveBy === 'number' && !(effectiveBy >= 0 && effectiveBy <= longestDelay)) {
      return refused('invalid-effective-by', 'expected seconds', 400);
    }
    const before = shelves.of('api', key);
    if (before === null && shelves.size('api') >= mostDocuments) {
      return refused('too-many', `there are ${mostDocuments} documents: delete some`, 507);
    }
    const readers = readersOf(key, put.owners, before);
    if (!readers.ok) return readers;
    const document = documentOf(
      key,
      {
        contentType: put.contentType,
        content,
        readers: readers.value,
        effectiveBy: effectiveBy === undefined ? (before?.effectiveBy ?? null) : effectiveBy,
      },
      clock.now(),
    );
    const stored = this.#store(key, document, client);
    return stored.ok ? granted({ document, created: before === null }) : stored;
  }

  /** A file of the same name counts from now on. Further refusals: `precondition-failed` (412), `store-failed` (503). */
  remove(kind: string, name: string, condition: Condition, client: Client): Outcome<null> {
    const { shelves } = this.#tools;
    const key = this.#keyOf(kind, name);
    if (!key.ok) return key;
    const document = shelves.of('api', key.value);
    if (document === null) return unknown;
    if (!meets(document, condition)) return failed;
    return this.#store(key.value, null, client);
  }

  #store(key: ProfileKey, document: ProfileDocument | null, { who, from }: Client): Outcome<null> {
    const { store, shelves, logger } = this.#tools;
    const fields = { ...key, who, from, etag: document?.etag ?? null, bytes: document?.content.length ?? 0 };
    try {
      if (document === null) store.deleteProfile(key);
      else store.putProfile(document);
    } catch (error) {
      logger.error({ ...fields, err: error }, 'a profile document could not be stored');
      return refused('store-failed', 'the database cannot be written', 503);
    }
    logger.info(fields, document === null ? 'a profile document was deleted' : 'a profile document was put');
    shelves.set('api', key, document);
    return granted(null);
  }

  #keyOf(kindText: string, text: string): Outcome<ProfileKey> {
    const { domains } = this.#tools;
    const kind = profileKinds.find((one) => one === kindText);
    if (kind === undefined) {
      return refused('unknown-profile-type', `expected one of ${profileKinds.join(', ')}`, 404);
    }
    const at = text.lastIndexOf('@');
    const host = at < 0 ? domains[0].name : text.slice(at + 1).toLowerCase();
    const domain = domains.find(({ name, aliases }) => name === host || aliases.includes(host));
    const name = profileName(kind, at < 0 ? text : text.slice(0, at));
    if (domain === undefined || name === null) return refused('invalid-name', `no name of a ${kind} profile`, 400);
    return granted({ kind, domain: domain.name, name });
  }
}

const unknown = refused<never>('unknown-profile', 'there is no such document', 404);
const failed = refused<never>('precondition-failed', 'the document is not what If-Match or If-None-Match says', 412);

function meets(document: ProfileDocument | null, { ifMatch, ifNone }: Condition): boolean {
  if (ifNone && document !== null) return false;
  if (ifMatch === null) return true;
  return document !== null && (ifMatch.includes('*') || ifMatch.includes(document.etag));
}

function readersOf(
  key: ProfileKey,
  owners: readonly string[] | null,
  before: ProfileDocument | null,
): Outcome<ProfileDocument['readers']> {
  if (owners === null) return granted(before?.readers ?? usualReaders(key));
  if (owners.includes('*')) return granted('everybody');
  if (owners.length > mostOwners) return refused('invalid-owners', `at most ${mostOwners} owners`, 400);
  const aors: Aor[] = [];
  for (const owner of owners) {
    const user = profileName('user', owner.split('@')[0] ?? '');
    if (user === null || (owner.includes('@') && owner !== `${user}@${key.domain}`)) {
      return refused('invalid-owners', 'expected users of the domain of the document', 400);
    }
    aors.push(aorOf(user, key.domain));
  }
  return granted([...new Set(aors)].sort());
}
