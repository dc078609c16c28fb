import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** What others of the host may do with a file, and whether they may pass a folder. */
const others = 0o007;
const pass = 0o001;

/** Users who are neither its owner nor of its group may open the file: all the folders above let them pass, too. */
export function isOpenToOthers(path: string): boolean {
  try {
    const file = resolve(path);
    if ((statSync(file).mode & others) === 0) return false;
    for (let folder = dirname(file); ; folder = dirname(folder)) {
      if ((statSync(folder).mode & pass) === 0) return false;
      if (folder === dirname(folder)) return true;
    }
  } catch {
    return false; // not there, or not for us either
  }
}
