import { type Aor, aorOf } from '../model/aor.ts';
import type { Clock, Timer } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import { type ProfileDocument, type ProfileKey, profileName } from '../model/profile-document.ts';
import { documentOf, mostBytes, textOf } from './document.ts';
import { bytesOf, contentTypeOf, type Entry, entriesBelow, keyOf, mostFiles, ownersSuffix } from './files.ts';
import { keyText, type Shelves } from './shelves.ts';

export interface DirectoryOptions {
  readonly path: string;
  readonly pollMs: number;
  /** Ending without the dot to media type. */
  readonly types: Readonly<Record<string, string>>;
  /** All that are served, the usual one first. */
  readonly domains: readonly [string, ...string[]];
  readonly shelves: Shelves;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A file that was changed more recently may be half written. */
const settleMs = 1_000;

interface Read {
  readonly mark: string;
  /** Of the file with the owners; empty: there is none. */
  readonly ownersMark: string;
  /** null: it cannot be used. */
  readonly document: ProfileDocument | null;
}

/**
 * The documents of a directory, looked through again and again: a look at 5,000 files takes some ten milliseconds, goes
 * over any network, and there is no watcher that could be lost or left. Files that are as before are not read.
 */
export class ProfileDirectory {
  readonly #options: DirectoryOptions;
  #read = new Map<string, Read>();
  #timer: Timer | null = null;
  #looking: Promise<void> = Promise.resolve();
  #stopped = false;
  /** Complaints that stand, each said once. */
  #said = new Set<string>();
  #saying = new Set<string>();

  constructor(options: DirectoryOptions) {
    this.#options = options;
  }

  /** Resolves when it has been read once, or found unreadable, which is logged and tried again. Never rejects. */
  start(): Promise<void> {
    return this.look(true);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#looking;
  }

  /** Looks now, and again after `pollMs`. `first`: files that were changed this very moment count too. */
  look(first = false): Promise<void> {
    this.#timer?.cancel();
    this.#looking = this.#looking
      .then(() => (this.#stopped ? undefined : this.#look(first)))
      .catch((error: unknown) => this.#complain('', `profiles.directory cannot be read: ${reasonOf(error)}`))
      .then(() => {
        this.#said = this.#saying;
        this.#saying = new Set();
        this.#timer?.cancel();
        if (!this.#stopped) this.#timer = this.#options.clock.after(this.#options.pollMs, () => void this.look());
      });
    return this.#looking;
  }

  async #look(first: boolean): Promise<void> {
    const { path, shelves } = this.#options;
    const { entries, more } = await entriesBelow(path);
    if (more) this.#complain('', `profiles.directory has more than ${mostFiles} files: the others are left out`);
    const owners = new Map(entries.filter((it) => it.path.endsWith(ownersSuffix)).map((it) => [it.path, it]));
    const read = new Map<string, Read>();
    for (const entry of entries) {
      if (entry.path.endsWith(ownersSuffix)) continue;
      const beside = owners.get(entry.path.replace(/\.[^./]*$/, '') + ownersSuffix) ?? null;
      read.set(entry.path, await this.#one(entry, beside, first));
    }
    const before = this.#read;
    this.#read = read;
    const documents = this.#unique();
    if (!this.#stopped && (first || !isSame(before, read))) shelves.replace('file', documents);
  }

  async #one(entry: Entry, owners: Entry | null, first: boolean): Promise<Read> {
    const before = this.#read.get(entry.path);
    const ownersMark = owners?.mark ?? '';
    const same = before?.mark === entry.mark && before.ownersMark === ownersMark;
    if (same && before.document !== null) return before;
    const changedAt = Math.max(entry.changedAt, owners?.changedAt ?? 0);
    const age = this.#options.clock.now() - changedAt;
    const fresh = !first && age >= 0 && age < settleMs;
    if (fresh) return before ?? { mark: '', ownersMark: '', document: null };
    const document = await this.#document(entry, owners);
    return document === 'moving'
      ? (before ?? { mark: '', ownersMark: '', document: null })
      : { mark: entry.mark, ownersMark, document };
  }

  /** `moving`: it is being written at this moment. */
  async #document(entry: Entry, owners: Entry | null): Promise<ProfileDocument | 'moving' | null> {
    const { path, domains, types } = this.#options;
    const key = keyOf(entry.path, domains[0], domains);
    if (key === null) return this.#complain(entry.path, 'the path names no profile: left out');
    if (entry.size > mostBytes) return this.#complain(entry.path, `more than ${mostBytes} bytes: left out`);
    if (owners !== null && owners.size > mostBytes) {
      return this.#complain(
        entry.path,
        'who may have it stands where it is not read, or in too large a file: left out',
      );
    }
    try {
      const bytes = await bytesOf(path, entry);
      const named = owners === null ? null : await bytesOf(path, owners);
      if (bytes === null || (owners !== null && named === null)) return 'moving';
      const content = textOf(bytes);
      if (content === null) return this.#complain(entry.path, 'no text in UTF-8: left out');
      const readers = owners === null || named === null ? usualReaders(key) : this.#owners(key, named, owners.path);
      const contentType = contentTypeOf(entry.path, types);
      return documentOf(key, { contentType, content, readers, effectiveBy: null }, Math.trunc(entry.changedAt));
    } catch (error) {
      return this.#complain(entry.path, `cannot be read: ${reasonOf(error)}`);
    }
  }

  /** A user on each line, `*` for everybody. */
  #owners(key: ProfileKey, bytes: Buffer, path: string): ProfileDocument['readers'] {
    const lines = (textOf(bytes) ?? '').split('\n').map((line) => line.replace(/#.*$/, '').trim());
    const named = lines.filter((line) => line !== '');
    if (named.includes('*')) return 'everybody';
    const aors = named.flatMap((line): Aor[] => {
      const user = profileName('user', line);
      if (user === null) this.#complain(path, 'a line of it names no user');
      return user === null ? [] : [aorOf(user, key.domain)];
    });
    return [...new Set(aors)].sort();
  }

  /** Of two files for one name the first by path counts. */
  #unique(): ProfileDocument[] {
    const documents = new Map<string, ProfileDocument>();
    for (const [path, { document }] of this.#read) {
      if (document === null) continue;
      if (documents.has(keyText(document))) this.#complain(path, 'another file is the same profile: left out');
      else documents.set(keyText(document), document);
    }
    return [...documents.values()];
  }

  #complain(file: string, reason: string): null {
    const text = `${file} ${reason}`;
    if (!this.#said.has(text) && !this.#saying.has(text)) {
      this.#options.logger.warn({ file, directory: this.#options.path }, `profiles: ${reason}`);
    }
    this.#saying.add(text);
    return null;
  }
}

/** The same documents: those that were not read again are the very same. */
function isSame(before: ReadonlyMap<string, Read>, now: ReadonlyMap<string, Read>): boolean {
  return before.size === now.size && [...now].every(([path, { document }]) => before.get(path)?.document === document);
}

/** Without a word about owners: a phone's own document is for nobody, one for a model for whoever has it. */
export function usualReaders({ kind }: Pick<ProfileKey, 'kind'>): ProfileDocument['readers'] {
  return kind === 'model' || kind === 'local-network' ? 'everybody' : [];
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code === '' ? String(error) : code;
}
