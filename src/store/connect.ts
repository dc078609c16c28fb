import { accessSync, constants, existsSync, mkdirSync, realpathSync, type Stats, statfsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Fault } from '../model/errors.ts';
import { Driver } from './driver.ts';
import { migrate } from './migrate.ts';
import { makePrivate } from './privacy.ts';

/** `f_type` of /proc (statfs(2)). */
const procMagic = 0x9fa0;

/**
 * Opens the database file, and its folder where that is missing; `hard` syncs every commit, `soft` does not. All or none: a
 * file that cannot be used stays open in none of them, and free for the next attempt. Throws a `store-*` Fault.
 */
export function connect(path: string): { readonly lock: Driver; readonly hard: Driver; readonly soft: Driver } {
  makeFolder(path);
  refuseOthers(path);
  makePrivate(path);
  const opened: Driver[] = [];
  const opening = (driver: Driver): Driver => {
    opened.push(driver);
    return driver;
  };
  try {
    const lock = opening(lockFile(path));
    const hard = opening(new Driver(path));
    tune(hard, 'FULL');
    migrate(hard, path);
    const soft = opening(new Driver(path));
    tune(soft, 'NORMAL');
    return { lock, hard, soft };
  } catch (error) {
    for (const driver of opened.reverse()) driver.close();
    throw error;
  }
}

function tune(driver: Driver, synchronous: 'FULL' | 'NORMAL'): void {
  driver.pragma('journal_mode = WAL');
  driver.pragma(`synchronous = ${synchronous}`);
  driver.pragma('wal_autocheckpoint = 1000');
}

/**
 * Held as long as the process lives and freed by the kernel whatever ends it: a second daemon is told, not let in, by whichever
 * of its names it knows the file.
 */
function lockFile(path: string): Driver {
  const name = `${realPath(path)}.lock`;
  makePrivate(name); // whoever may read it could hold it
  const driver = new Driver(name);
  try {
    driver.exec('PRAGMA busy_timeout = 0');
    driver.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    driver.close();
    if (error instanceof Fault && error.code === 'store-locked') {
      throw new Fault('store-locked', `database ${path}: in use by another Lamplighter`, error);
    }
    throw error;
  }
  return driver;
}

/** Where SQLite, too, has the file. What cannot be found stays as it is. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** To open a pipe is to wait for somebody at its other end, for ever. */
function refuseOthers(path: string): void {
  const found = whatIs(path);
  if (found === null || found.isFile()) return;
  const what = found.isDirectory() ? 'that is a folder, name a file in it' : 'that is no regular file';
  throw new Fault('store-unwritable', `database ${path}: ${what}`);
}

/** null where nobody can tell: SQLite says better what is wrong with it. */
function whatIs(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

/** The nearest folder that is there is asked first: a recursive mkdir below /proc never comes back (Node 20). */
function makeFolder(path: string): void {
  const folder = dirname(resolve(path));
  if (existsSync(folder)) return;
  let nearest = folder;
  while (!existsSync(nearest)) nearest = dirname(nearest);
  try {
    accessSync(nearest, constants.W_OK);
    if (statfsSync(nearest).type === procMagic) throw new Error('no files can be made there');
    mkdirSync(folder, { recursive: true, mode: 0o750 });
  } catch (error) {
    throw new Fault('store-unwritable', `database ${path}: the folder ${folder} cannot be made`, error);
  }
}
