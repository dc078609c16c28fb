import { constants, copyFileSync, writeFileSync } from 'node:fs';
import { Fault } from '../model/errors.ts';
import { readDocuments, type Versions } from './documents.ts';
import type { ConfigProblem } from './problems.ts';
import { whyUnread } from './secrets.ts';

/** What became of one file. */
export interface MigratedFile {
  readonly file: string;
  /** A line each; empty: it is of the present version. */
  readonly steps: readonly string[];
  /** As it was before; null: it was not touched. */
  readonly backup: string | null;
}

export type MigratedFiles =
  | { readonly ok: true; readonly files: readonly MigratedFile[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/**
 * Writes the file and those of conf.d beside it as the present version has them, comments kept; each that is changed is kept
 * before as `FILE.bak`. None is written where one of them cannot be read. Throws `config-unreadable` for the file itself, or
 * where one cannot be written: those named before are done then.
 *
 * @param dry writes nothing.
 */
export function migrateFiles(file: string, dry: boolean, versions?: Versions): MigratedFiles {
  const { documents, problems } = readDocuments(file, '', versions);
  if (problems.length > 0) return { ok: false, problems };
  const files = documents.map(({ file: one, document, migrated }): MigratedFile => {
    const path = one ?? file;
    if (migrated.length === 0 || dry) return { file: path, steps: migrated, backup: null };
    try {
      const backup = keep(path);
      // in its place: its owner and its mode stay
      writeFileSync(path, document.toString({ lineWidth: 0 }));
      return { file: path, steps: migrated, backup };
    } catch (error) {
      throw new Fault('config-unreadable', `${path}: ${whyUnread(error)}`, error);
    }
  });
  return { ok: true, files };
}

/** Never over one that is there: `.bak`, `.bak.2`, … */
function keep(file: string): string {
  for (let count = 1; ; count++) {
    const backup = `${file}.bak${count === 1 ? '' : `.${count}`}`;
    try {
      copyFileSync(file, backup, constants.COPYFILE_EXCL);
      return backup;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
