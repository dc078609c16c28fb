import { stat, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { broken, type Check, fine, odd, type Remark } from '../model/check.ts';
import { isOpenToOthers } from './open-file.ts';
import type { DaemonSeen } from './seen.ts';
import type { Writer } from './writer.ts';

const megabyte = 1024 * 1024;
/** A database of 100,000 subscriptions has 30 MB, and needs as much again for its copy at an upgrade. */
const leastFree = 50 * megabyte;
const littleFree = 500 * megabyte;
/** SQLite starts it anew at some 4 MB, where nobody reads for long. */
const largestWal = 64 * megabyte;
/** The database: whether it can be written, is whole, private, and has room. */
export const database: Check<Pick<DaemonSeen, 'database'>> = {
  name: 'database',
  look: async ({ database: { path, failure, writer, inspect } }) => {
    if ((await stat(path).catch(() => null)) === null) return judgeAbsent(path, writer);
    const remarks: Remark[] = [...judgeWriter(path, writer), ...judgeWriter(dirname(resolve(path)), writer)];
    if (failure !== null)
      remarks.push(
        broken(
          `nothing can be written: ${failure}`,
          'free the disk and make store.path writable; phones keep working meanwhile',
        ),
      );
    const wrong = await inspect();
    if (wrong.length > 0) {
      remarks.push(
        broken(
          `${path} is damaged: ${wrong.slice(0, 3).join('; ')}`,
          'stop Lamplighter, move the file away or restore a backup, start it: phones subscribe again by themselves',
        ),
      );
    }
    remarks.push(...(await judgeFiles(path)), ...(await judgeDisk(path)));
    return remarks.length > 0 ? remarks : [fine(`${path} is whole, and has room`)];
  },
};

/** Before the first start there is none. */
async function judgeAbsent(path: string, writer: Writer | null): Promise<readonly Remark[]> {
  const bad = [...judgeWriter(await nearestFolder(dirname(resolve(path))), writer), ...(await judgeDisk(path))];
  return bad.length > 0 ? bad : [fine(`${path} is not there yet: the first start makes it`)];
}

/** SQLite makes files beside its own, so the folder has to be writable, too. */
function judgeWriter(path: string, writer: Writer | null): readonly Remark[] {
  if (writer === null || writer.mayWrite(path)) return [];
  const who = writer.name === null ? 'this user' : `the user ${writer.name}`;
  const fix =
    writer.name === null
      ? `run this as the user who starts the daemon; if that is you: chown it, or give store.path a place of your own`
      : `chown ${writer.name} ${path}, or give store.path a place of his; right where another user starts the daemon`;
  const text = `${who} may not write ${path}: a start ends with store-unwritable`;
  return [writer.name === null ? broken(text, fix) : odd(text, fix)];
}

async function judgeFiles(path: string): Promise<readonly Remark[]> {
  const remarks: Remark[] = [];
  for (const file of [path, `${path}-wal`]) {
    const found = await stat(file).catch(() => null);
    if (found === null) continue;
    if (isOpenToOthers(file)) {
      const why = 'it has the secret of the nonces, and who talks to whom';
      remarks.push(broken(`other users of this host may open ${file}: ${why}`, `chmod o= ${file}`));
    }
    if (file !== path && found.size > largestWal) {
      const fix =
        'something reads the database without an end (a copy, a shell of sqlite3): end it; a restart empties the file';
      remarks.push(odd(`${file} has ${Math.round(found.size / megabyte)} MB`, fix));
    }
  }
  return remarks;
}

async function judgeDisk(path: string): Promise<readonly Remark[]> {
  const folder = await nearestFolder(dirname(resolve(path)));
  const disk = await statfs(folder).catch(() => null);
  if (disk === null) return [];
  const free = disk.bavail * disk.bsize;
  const text = `${Math.round(free / megabyte)} MB are free on the disk of ${folder}`;
  const fix = 'free space, or give store.path a place on another disk';
  if (free < leastFree) return [broken(text, fix)];
  return free < littleFree ? [odd(text, fix)] : [];
}

/** The first folder above that there is. */
async function nearestFolder(folder: string): Promise<string> {
  const up = dirname(folder);
  if (up === folder || (await stat(folder).catch(() => null)) !== null) return folder;
  return nearestFolder(up);
}
