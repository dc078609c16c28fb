import {
  chownSync,
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { granted, type Outcome, refused } from '../model/outcome.ts';

/** Who a file belongs to and who may do what with it. */
export interface Ownership {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Those of a file that is there; null: there is none. */
export function ownershipOf(path: string): Ownership | null {
  try {
    const { mode, uid, gid } = statSync(path);
    return { mode: mode & 0o7777, uid, gid };
  } catch {
    return null;
  }
}

/**
 * Writes a file at once or not at all: nobody ever reads half of it, and a disk that is full leaves the old one. Throws what
 * the file system says.
 */
export function replaceFile(path: string, bytes: Buffer, { mode, uid, gid }: Ownership): void {
  const fresh = `${path}.new`;
  rmSync(fresh, { force: true });
  // secret from its first byte on
  const file = openSync(fresh, 'wx', 0o600);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
    // of the file itself: whoever owns the folder could have put a link to another one in its place
    if (process.getuid?.() === 0) fchownSync(file, uid, gid);
    fchmodSync(file, mode);
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

/** More links one after the other than the system follows. */
const mostLinks = 40;

/**
 * True where a link leads to a file of somebody else than made the link: the user of a PBX could have root change any file.
 * Links of root and of this user may lead anywhere.
 */
export function leadsAstray(path: string): boolean {
  try {
    const { uid: owner } = statSync(path);
    let at = path;
    for (let count = 0; count < mostLinks; count++) {
      const link = lstatSync(at);
      if (!link.isSymbolicLink()) return false;
      if (link.uid !== owner && link.uid !== 0 && link.uid !== process.getuid?.()) return true;
      at = resolve(dirname(at), readlinkSync(at));
    }
    return true;
  } catch {
    return false; // there is none
  }
}

/** Makes a folder with those above it, for its owner and group alone. @returns takes those it made away again, while empty. */
export function makeFolder(folder: string, { uid, gid }: Ownership): () => void {
  const made = mkdirSync(folder, { recursive: true, mode: 0o750 });
  if (made === undefined) return () => undefined;
  if (process.getuid?.() === 0) chownSync(folder, uid, gid);
  return () => {
    try {
      for (let at = folder; at.startsWith(made); at = dirname(at)) rmdirSync(at);
    } catch {
      // somebody has put something there meanwhile
    }
  };
}

/** Does it, or answers why the file system does not let us: `read-only`, `no-space`, `not-permitted`, `not-written`. */
export function tried<T>(path: string, work: () => T): Outcome<T> {
  try {
    return granted(work());
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EROFS') return refused('read-only', `${path}: the file system of ${dirname(path)} is read-only`);
    if (code === 'ENOSPC' || code === 'EDQUOT') return refused('no-space', `${path}: the disk is full`);
    if (code === 'EACCES' || code === 'EPERM') {
      return refused(
        'not-permitted',
        `${path} may not be written by this user: run setup as root (sudo), or name another file with --config`,
      );
    }
    return refused('not-written', `${path}: ${message}`);
  }
}
