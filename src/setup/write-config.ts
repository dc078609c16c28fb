import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { adapterKinds, adapterOptions } from '../../adapters/index.ts';
import { loadConfig } from '../config/load.ts';
import { type ConfigProblem, describe } from '../config/problems.ts';
import { granted, type Outcome, refused } from '../model/outcome.ts';
import { type Random, token } from '../model/random.ts';
import { makeFolder, type Ownership, ownershipOf, replaceFile, tried } from './own-files.ts';

const draftBits = 64;

export interface ConfigWish {
  readonly file: string;
  readonly text: string;
  /** What is there and says something else may be replaced; it is kept beside it. */
  readonly replace: boolean;
  readonly owner: Ownership;
  /** The password files that it names and that may not be there yet. */
  readonly secrets: readonly string[];
  readonly random: Random;
}

export interface ConfigDone {
  /** Where what was there is kept; null: nothing was. */
  readonly backup: string | null;
  /** False: it said this already. */
  readonly changed: boolean;
}

/**
 * Writes the configuration, once it has been read as the daemon will read it; where that fails, nothing is left behind.
 * Refusals: `config-exists`, `config-refused`, those of `tried`.
 *
 * @param writeSecrets writes the password files; what it answers puts back what was there.
 */
export function writeConfig(wish: ConfigWish, writeSecrets: () => Outcome<() => void>): Outcome<ConfigDone> {
  const { file, text, replace, owner } = wish;
  const before = contentOf(file);
  if (before !== null && before !== text && !replace) {
    return refused('config-exists', `${file} is there already and says something else: it is left as it is`);
  }
  const made = tried(file, () => makeFolder(dirname(file), owner));
  if (!made.ok) return made;
  const undoing = [made.value];
  const done = (): Outcome<ConfigDone> => {
    const right = tryOut(wish);
    if (!right.ok) return right;
    const passwords = writeSecrets();
    if (!passwords.ok) return passwords;
    undoing.push(passwords.value);
    return before === text ? granted({ backup: null, changed: false }) : put(wish, before);
  };
  const outcome = done();
  if (!outcome.ok) for (const undo of undoing.reverse()) undo();
  return outcome;
}

/**
 * Whether `writeConfig` would find it right, for who has something else to do first; leaves nothing behind. One that says this
 * already is not looked at. Refusals: `config-refused`, those of `tried`.
 */
export function tryOut(wish: ConfigWish): Outcome<null> {
  const { file, text, owner } = wish;
  if (contentOf(file) === text) return granted(null);
  const made = tried(file, () => makeFolder(dirname(file), owner));
  if (!made.ok) return made;
  try {
    return readAsDraft(wish);
  } finally {
    made.value();
  }
}

/** Beside the place it is to have: what stands in conf.d there belongs to it. */
function readAsDraft({ file, text, secrets, random }: ConfigWish): Outcome<null> {
  // a name that nobody else has, and none that conf.d would read
  const draft = `${file}.${token(random, draftBits)}.draft`;
  const opened = tried(file, () => openSync(draft, 'wx', 0o600));
  if (!opened.ok) return refused(opened.refusal.code, opened.refusal.message.replaceAll(draft, file));
  try {
    const drafted = tried(file, () => writeWhole(opened.value, text));
    if (!drafted.ok) return drafted;
    const wrong = problemsOf(draft, file, secrets);
    return wrong === null ? granted(null) : refused('config-refused', wrong);
  } finally {
    rmSync(draft, { force: true });
  }
}

function writeWhole(descriptor: number, text: string): void {
  try {
    writeFileSync(descriptor, text);
  } finally {
    closeSync(descriptor);
  }
}

function put({ file, text, owner }: ConfigWish, before: string | null): Outcome<ConfigDone> {
  const ownership = ownershipOf(file) ?? owner;
  const backup = before === null ? null : freeName(file);
  return tried(file, () => {
    if (backup !== null) replaceFile(backup, readFileSync(file), ownership);
    try {
      replaceFile(file, Buffer.from(text), ownership);
    } catch (error) {
      if (backup !== null) rmSync(backup, { force: true });
      throw error;
    }
    return { backup, changed: true };
  });
}

/** By the eyes of the daemon, without its environment; null: it is right. The draft has no line that anybody could look at. */
function problemsOf(draft: string, file: string, secrets: readonly string[]): string | null {
  const read = loadConfig({
    file: draft,
    environment: {},
    optionsOf: adapterOptions,
    adapterTypes: Object.keys(adapterKinds),
  });
  if (read.ok) return null;
  const isToCome = ({ path, message }: ConfigProblem) =>
    path.endsWith('.passwordFile') && secrets.some((secret) => message.startsWith(`${secret}: `));
  const problems = read.problems
    .filter((problem) => !isToCome(problem))
    .map((problem) => (problem.file === draft ? { ...problem, file: null, line: null } : problem));
  return problems.length === 0 ? null : describe(problems, `what would be written to ${file}`);
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
