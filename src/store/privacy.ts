import { chmodSync, closeSync, openSync, statSync } from 'node:fs';

const others = 0o007;

/**
 * Makes `path` a file that other users of the host cannot open: the database holds the secret of the nonces, and who talks
 * to whom. One that is there keeps what its owner and group may. SQLite gives `-wal` and `-shm` the rights of their
 * database. Never throws: what is wrong with the path, SQLite says better.
 */
export function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, 'a', 0o600));
  } catch {
    return;
  }
  for (const file of [path, `${path}-wal`, `${path}-shm`]) closeToOthers(file);
}

function closeToOthers(file: string): void {
  try {
    const { mode } = statSync(file);
    if ((mode & others) !== 0) chmodSync(file, mode & 0o777 & ~others);
  } catch {
    // not there, or somebody else's: its owner has decided
  }
}
