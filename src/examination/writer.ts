import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** For whom it is asked whether the daemon could write. */
export interface Writer {
  /** null: whoever asks. */
  readonly name: string | null;
  /** A file that there is, or new ones in a folder that there is. */
  mayWrite(path: string): boolean;
}

/** A user of this host, by his numbers. */
export interface Account {
  readonly uid: number;
  readonly gids: readonly number[];
}

/** The user that packages start the daemon as. */
const daemonUser = 'lamplighter';
const [read, write, pass] = [4, 2, 1];

/** Who starts the daemon: root asks for the daemon's own user where there is one, as to root everything is writable. */
export function writerHere(uid: number | undefined = process.getuid?.(), etc = '/etc'): Writer {
  const account = uid === 0 ? accountOf(daemonUser, etc) : null;
  if (account === null) return { name: null, mayWrite: mayWriteOurselves };
  return { name: daemonUser, mayWrite: (path) => mayWriteAs(account, path) };
}

function mayWriteOurselves(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | (statSync(path).isDirectory() ? constants.X_OK : constants.R_OK));
    return true;
  } catch {
    return false;
  }
}

/** As another user, by the modes: an ACL is not read, a disk that is read-only is seen. */
export function mayWriteAs(account: Account, path: string): boolean {
  try {
    const file = resolve(path);
    accessSync(file, constants.W_OK);
    const isFolder = statSync(file).isDirectory();
    if (!allows(account, file, write | (isFolder ? pass : read))) return false;
    for (let folder = dirname(file); ; folder = dirname(folder)) {
      if (!allows(account, folder, pass)) return false;
      if (folder === dirname(folder)) return true;
    }
  } catch {
    return false;
  }
}

function allows({ uid, gids }: Account, path: string, wanted: number): boolean {
  if (uid === 0) return true;
  const { mode, uid: owner, gid } = statSync(path);
  // the first that fits counts, be it less
  const shift = owner === uid ? 6 : gids.includes(gid) ? 3 : 0;
  return ((mode >> shift) & wanted) === wanted;
}

/** passwd(5) and group(5); null: there is no such user. */
function accountOf(name: string, etc: string): Account | null {
  const row = rowsOf(`${etc}/passwd`).find(([user]) => user === name);
  if (row === undefined) return null;
  const groups = rowsOf(`${etc}/group`).filter(([, , , members = '']) => members.split(',').includes(name));
  return { uid: Number(row[2]), gids: [Number(row[3]), ...groups.map(([, , gid]) => Number(gid))] };
}

function rowsOf(path: string): readonly (readonly string[])[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
  } catch {
    return [];
  }
}
