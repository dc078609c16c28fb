import { readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { adapterKinds, adapterOptions } from '../../adapters/index.ts';
import { loadConfig } from '../config/load.ts';
import { describe } from '../config/problems.ts';
import { granted, type Outcome, refused } from '../model/outcome.ts';
import { makeFolder, type Ownership, ownershipOf, replaceFile, tried } from './own-files.ts';

export interface ConfigWish {
  readonly file: string;
  readonly text: string;
  /** What is there and says something else may be replaced; it is kept beside it. */
  readonly replace: boolean;
  readonly owner: Ownership;
}

export interface ConfigDone {
  /** Where what was there is kept; null: nothing was. */
  readonly backup: string | null;
  /** False: it said this already. */
  readonly changed: boolean;
}

/**
 * Writes the configuration, once it has been read as the daemon will read it. Refusals: `config-exists`, `config-refused`,
 * those of `tried`.
 *
 * @param secrets writes the password files that it names.
 */
export function writeConfig(
  { file, text, replace, owner }: ConfigWish,
  secrets: () => Outcome<unknown>,
): Outcome<ConfigDone> {
  const before = contentOf(file);
  if (before !== null && before !== text && !replace) {
    return refused('config-exists', `${file} is there already and says something else: it is left as it is`);
  }
  const made = tried(file, () => makeFolder(dirname(file), owner));
  if (!made.ok) return made;
  const passwords = secrets();
  if (!passwords.ok) return passwords;
  if (before === text) return granted({ backup: null, changed: false });
  const draft = `${file}.draft`;
  const drafted = tried(draft, () => replaceFile(draft, Buffer.from(text), { ...owner, mode: 0o600 }));
  if (!drafted.ok) return drafted;
  try {
    const wrong = problemsOf(draft);
    if (wrong !== null) return refused('config-refused', wrong);
  } finally {
    rmSync(draft, { force: true });
  }
  const ownership = ownershipOf(file) ?? owner;
  const backup = before === null ? null : freeName(file);
  return tried(file, () => {
    if (backup !== null) replaceFile(backup, readFileSync(file), ownership);
    replaceFile(file, Buffer.from(text), ownership);
    return { backup, changed: true };
  });
}

/** By the eyes of the daemon, without its environment; null: it is right. */
function problemsOf(file: string): string | null {
  const read = loadConfig({
    file,
    environment: {},
    optionsOf: adapterOptions,
    adapterTypes: Object.keys(adapterKinds),
  });
  return read.ok ? null : describe(read.problems, file);
}

function freeName(file: string): string {
  for (let number = 0; ; number += 1) {
    const name = number === 0 ? `${file}.bak` : `${file}.bak.${number}`;
    if (ownershipOf(name) === null) return name;
  }
}

function contentOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
