import { constants, type Stats } from 'node:fs';
import { lstat, open, readdir, realpath, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { type ProfileKey, type ProfileKind, profileKinds, profileName } from '../model/profile-document.ts';

/** A file as it lies there. */
export interface Entry {
  /** From the top of the directory, with `/`. */
  readonly path: string;
  /** Another one where the file is another. */
  readonly mark: string;
  /** Milliseconds since the epoch. */
  readonly changedAt: number;
  readonly size: number;
}

/** Of one directory; what is more is left out and said. */
export const mostFiles = 5_000;

/** `models/yealink/t54w/96.85.cfg` below `domains/tenant.example.com`. */
const deepest = 6;

const folders: Readonly<Record<ProfileKind, string>> = {
  user: 'users',
  device: 'devices',
  model: 'models',
  'local-network': 'local-network',
};

/** The file beside a document that says who may have it: `001565112233.owners` of `001565112233.cfg`. */
export const ownersSuffix = '.owners';

/**
 * All files below `top`, in order; hidden ones are left out, and so is what a link leads to outside of it. Rejects where the
 * directory itself cannot be read.
 */
export async function entriesBelow(
  top: string,
  most = mostFiles,
): Promise<{ readonly entries: readonly Entry[]; readonly more: boolean }> {
  const root = await realpath(top);
  const entries: Entry[] = [];
  const walk = async (folder: string, path: string, depth: number): Promise<void> => {
    // Owners first: where there are too many files, no document counts without its own.
    const found = (await readdir(folder)).sort((a, b) => Number(isOwners(b)) - Number(isOwners(a)) || (a < b ? -1 : 1));
    for (const name of found) {
      if (entries.length > most || name.startsWith('.') || name.endsWith('~')) continue;
      const place = join(folder, name);
      const below = path === '' ? name : `${path}/${name}`;
      const what = await inside(place, root);
      if (what === null) {
        // Who wrote it meant to say who may not have the document: it must not be as if he had said nothing.
        if (isOwners(name)) entries.push({ path: below, mark: 'none', changedAt: 0, size: unreadable });
        continue;
      }
      if (what.isFile()) {
        entries.push({ path: below, mark: markOf(what), changedAt: what.mtimeMs, size: what.size });
      } else if (what.isDirectory() && depth < deepest) {
        // One that goes away meanwhile has no files.
        await walk(place, below, depth + 1).catch(() => undefined);
      }
    }
  };
  await walk(root, '', 1);
  return { entries: entries.slice(0, most), more: entries.length > most };
}

/** null: it is gone, or leads out of the directory. */
async function inside(place: string, root: string) {
  try {
    if ((await lstat(place)).isSymbolicLink() && !(await realpath(place)).startsWith(`${root}${sep}`)) return null;
    return await stat(place);
  } catch {
    return null;
  }
}

/** What stands for the size of a file with owners that cannot be reached. */
const unreadable = Number.POSITIVE_INFINITY;

function isOwners(name: string): boolean {
  return name.endsWith(ownersSuffix);
}

function markOf({ ino, size, mtimeMs }: Stats): string {
  return `${ino} ${size} ${mtimeMs}`;
}

/** null: by now it is another file than the one that was found, or it was written meanwhile. Rejects where it cannot be read. */
export async function bytesOf(top: string, { path, mark, size }: Entry): Promise<Buffer | null> {
  // Where a pipe has taken its place, nobody waits for it.
  const file = await open(join(top, ...path.split('/')), constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const before = await file.stat();
    if (!before.isFile() || markOf(before) !== mark) return null;
    const { bytesRead, buffer } = await file.read(Buffer.alloc(size), 0, size, 0);
    return bytesRead === size && markOf(await file.stat()) === mark ? buffer : null;
  } finally {
    await file.close();
  }
}

/** What a file is by its path; null: none of ours. */
export function keyOf(path: string, usualDomain: string, domains: readonly string[]): ProfileKey | null {
  const parts = path.split('/');
  let domain = usualDomain;
  if (parts[0] === 'domains') {
    domain = parts[1]?.toLowerCase() ?? '';
    parts.splice(0, 2);
  }
  const kind = profileKinds.find((one) => folders[one] === parts[0]);
  const file = parts.at(-1);
  if (kind === undefined || file === undefined || parts.length < 2 || !domains.includes(domain)) return null;
  const text = [...parts.slice(1, -1), file.slice(0, file.length - extname(file).length)].join('/');
  const name = kind !== 'model' && parts.length > 2 ? null : profileName(kind, text);
  return name === null ? null : { kind, domain, name };
}

const types: Readonly<Record<string, string>> = {
  '.xml': 'application/xml',
  '.json': 'application/json',
  '.html': 'text/html',
  '.url': 'application/url',
};

/** By its ending. @param more the admin's own, without the dot. */
export function contentTypeOf(path: string, more: Readonly<Record<string, string>>): string {
  const ending = extname(path).toLowerCase();
  const own = ending.slice(1);
  return (Object.hasOwn(more, own) ? more[own] : undefined) ?? types[ending] ?? 'text/plain';
}
