import { readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Secrets, WantedLines } from '../../adapters/discovery.ts';
import { granted, type Outcome, refused } from '../model/outcome.ts';
import type { RootFiles } from './host.ts';
import { addBlock, isBackupOf, removeBlocks } from './marked.ts';
import { leadsAstray, type Ownership, ownershipOf, replaceFile, tried } from './own-files.ts';

/** What happens to one file of the PBX. */
export interface FileChange {
  /** As the PBX knows it. */
  readonly file: string;
  /** As this process does. */
  readonly path: string;
  /** null: there is none. */
  readonly before: Buffer | null;
  /** null: it goes. */
  readonly after: Buffer | null;
  /** Where `before` is kept; null: nowhere. */
  readonly backup: string | null;
  readonly ownership: Ownership;
  /** Files of ours that are no longer needed. */
  readonly obsolete: readonly string[];
}

const mostBackups = 100;

/** What adding these lines would do to the files; nothing is written. Refusals: `unreadable`, `not-safe`, `no-place`, `no-folder`. */
export function additions(
  host: RootFiles,
  wanted: readonly WantedLines[],
  secrets: Secrets,
): Outcome<readonly FileChange[]> {
  const changes: FileChange[] = [];
  for (const one of wanted) {
    const bytes = host.bytes(one.file);
    const fresh = bytes === 'missing' && one.create;
    if (typeof bytes === 'string' && !fresh) return refused('unreadable', `${one.file} cannot be read: ${bytes}`);
    const before = typeof bytes === 'string' ? null : bytes;
    if (leadsAstray(host.at(one.file))) return astray(one.file);
    const folder = host.resolved(dirname(one.file));
    if (folder === null) return refused('no-folder', `there is no folder ${dirname(one.file)}`);
    // a link stays one: what it leads to is changed
    const path = (before === null ? null : host.resolved(one.file)) ?? join(folder, basename(one.file));
    const backup = before === null ? null : freeBackup(path);
    const { syntax, before: mark } = one;
    const note = backup === null ? null : basename(backup);
    const text = addBlock(before?.toString('latin1') ?? '', one.lines(secrets), { syntax, before: mark, backup: note });
    if (text === null) return refused('no-place', `${one.file} has no line ${mark} to add to`);
    const ownership = ownershipOf(path) ?? likeItsFolder(folder);
    const after = Buffer.from(text, 'latin1');
    changes.push({ file: one.file, path, before, after, backup, ownership, obsolete: [] });
  }
  return granted(changes);
}

/** What taking all of ours out would do. Refusals: `not-safe`; `broken`: somebody changed the comments around the lines. */
export function removals(host: RootFiles, files: readonly string[]): Outcome<readonly FileChange[]> {
  const changes: FileChange[] = [];
  for (const file of files) {
    const before = host.bytes(file);
    if (before === 'forbidden')
      return refused('not-permitted', `${file} may not be read by this user: run setup as root`);
    const path = host.resolved(file);
    if (typeof before === 'string' || path === null) continue;
    if (leadsAstray(host.at(file))) return astray(file);
    const left = removeBlocks(before.toString('latin1'));
    if (left === null) continue;
    if (left === 'broken') {
      return refused('broken', `${file}: a line "BEGIN lamplighter setup" has no END: take the lines out by hand`);
    }
    const isFresh = left.text === '' && left.notes.some(({ backup }) => backup === null);
    const after = isFresh ? null : Buffer.from(left.text, 'latin1');
    const obsolete = left.notes.flatMap(({ backup }) => {
      const kept = backup !== null && isBackupOf(path, backup) ? join(dirname(path), backup) : null;
      return kept !== null && holds(kept, left.text) ? [kept] : [];
    });
    const ownership = ownershipOf(path) ?? likeItsFolder(dirname(path));
    changes.push({ file, path, before, after, backup: null, ownership, obsolete });
  }
  return granted(changes);
}

/** What takes these changes back once they are carried out: each file as it was, and no copy of it. */
export function reversed(changes: readonly FileChange[]): readonly FileChange[] {
  return changes.map((change) => ({
    ...change,
    before: change.after,
    after: change.before,
    backup: null,
    obsolete: change.backup === null ? [] : [change.backup],
  }));
}

function astray(file: string): Outcome<never> {
  return refused('not-safe', `${file} is a link to a file of another user: it is not followed`);
}

/** All of them, or, where one cannot be written, none. Refusals of `tried`, and `changed-meanwhile`. */
export function carryOut(changes: readonly FileChange[]): Outcome<null> {
  const done: FileChange[] = [];
  for (const change of changes) {
    const outcome = one(change);
    if (outcome.ok) {
      done.push(change);
      continue;
    }
    for (const { path, before, after, backup, ownership } of done.reverse()) {
      tried(path, () => put(path, before, ownership));
      if (backup !== null && after !== null) rmSync(backup, { force: true });
    }
    return outcome;
  }
  for (const { obsolete } of changes) for (const path of obsolete) rmSync(path, { force: true });
  return granted(null);
}

function one({ file, path, before, after, backup, ownership }: FileChange): Outcome<null> {
  if (!same(contentOf(path), before)) {
    return refused('changed-meanwhile', `${file} was changed by somebody else just now: run setup again`);
  }
  return tried(path, () => {
    if (backup !== null && before !== null) replaceFile(backup, before, ownership);
    try {
      put(path, after, ownership);
    } catch (error) {
      if (backup !== null) rmSync(backup, { force: true });
      throw error;
    }
    return null;
  });
}

function put(path: string, bytes: Buffer | null, ownership: Ownership): void {
  if (bytes === null) rmSync(path, { force: true });
  else replaceFile(path, bytes, ownership);
}

/** A new file of a PBX belongs to whom its folder does. */
function likeItsFolder(folder: string): Ownership {
  const { uid, gid } = ownershipOf(folder) ?? { uid: 0, gid: 0 };
  return { mode: 0o640, uid, gid };
}

/** Never one that is there: it is somebody's. */
function freeBackup(path: string): string {
  for (let number = 0; number < mostBackups; number += 1) {
    const name = number === 0 ? `${path}.bak` : `${path}.bak.${number}`;
    if (ownershipOf(name) === null) return name;
  }
  return `${path}.bak.${mostBackups}`;
}

function holds(path: string, text: string): boolean {
  const kept = contentOf(path)?.toString('latin1');
  if (kept === undefined) return false;
  const stripped = removeBlocks(kept);
  return kept === text || (stripped !== null && stripped !== 'broken' && stripped.text === text);
}

function contentOf(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}

function same(one: Buffer | null, other: Buffer | null): boolean {
  return one === null || other === null ? one === other : one.equals(other);
}
