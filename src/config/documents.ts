import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Document, LineCounter, parseDocument, type YAMLError } from 'yaml';
import { Fault } from '../model/errors.ts';
import { type Migration, migrate } from './migrate.ts';
import type { ConfigProblem } from './problems.ts';
import { whyUnread } from './secrets.ts';
import { notUtf8, readTextFile, unreadable } from './text-file.ts';
import { strayMarks } from './yaml-marks.ts';
import { whyNoYaml } from './yaml-words.ts';

/** One file of the configuration, brought to the present version. */
export interface ConfigDocument {
  /** null: what stands in for a file (the demo). */
  readonly file: string | null;
  readonly document: Document;
  readonly lines: LineCounter;
  /** What it says: plain objects, lists and values. */
  readonly value: unknown;
  /** As it was written. */
  readonly version: number;
  /** What was done to read a file of an older version, a line each. */
  readonly migrated: readonly string[];
}

export interface Documents {
  readonly documents: readonly ConfigDocument[];
  readonly problems: readonly ConfigProblem[];
}

/** How files of older versions are read; a test has others. */
export interface Versions {
  readonly migrations: readonly Migration[];
  readonly current: number;
}

/** Beside the file: more of the same, in the order of their names. */
const dropInFolder = 'conf.d';

/**
 * The file and those of `conf.d` beside it, each with its own lines. Throws `config-unreadable` where the file itself cannot
 * be read; a file of conf.d that cannot is a problem among others.
 *
 * @param standIn what is read where there is no file.
 */
export function readDocuments(file: string | null, standIn: string, versions?: Versions): Documents {
  const problems: ConfigProblem[] = [];
  if (file === null) return { documents: parse(null, standIn, 1, problems, versions), problems };
  const first = parse(file, read(file), 1, problems, versions);
  const inherited = first[0]?.version ?? 1;
  const dropIns = dropInsOf(file).flatMap((path) => {
    try {
      return parse(path, readTextFile(path), inherited, problems, versions);
    } catch (error) {
      problems.push(problem(path, null, '', whyUnread(error)));
      return [];
    }
  });
  return { documents: [...first, ...dropIns], problems };
}

/** Files of `conf.d` beside the file that end in `.yaml` or `.yml`, by name; those that begin with a dot are none. */
function dropInsOf(file: string): readonly string[] {
  const folder = join(dirname(file), dropInFolder);
  try {
    const names = readdirSync(folder).filter((name) => /^[^.].*\.ya?ml$/.test(name));
    return names.sort().map((name) => join(folder, name));
  } catch {
    return []; // most have none
  }
}

function parse(
  file: string | null,
  text: string,
  inherited: number,
  problems: ConfigProblem[],
  versions: Versions | undefined,
): readonly ConfigDocument[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number) => lines.linePos(offset).line;
  const foreign = text.indexOf(unreadable);
  if (foreign >= 0) {
    problems.push(problem(file, lineAt(foreign), '', notUtf8));
    return [];
  }
  if (document.errors.length > 0) {
    problems.push(...firstOfEachLine(document.errors, lineAt).map(([line, why]) => problem(file, line, '', why)));
    return [];
  }
  const marks = strayMarks(document);
  if (marks.length > 0) {
    problems.push(...marks.map(({ path, offset, message }) => problem(file, lineAt(offset), path, message)));
    return [];
  }
  const range = document.contents?.range;
  const line = range === undefined || range === null ? 1 : lineAt(range[0]);
  const outcome = migrate(document, inherited, versions?.migrations, versions?.current);
  if (!outcome.ok) {
    const at = /^version:/m.exec(text)?.index;
    problems.push(problem(file, at === undefined ? line : lineAt(at), 'version', outcome.message));
    return [];
  }
  try {
    const value: unknown = document.toJS();
    return [{ file, document, lines, value, version: outcome.from, migrated: outcome.done }];
  } catch (error) {
    problems.push(problem(file, null, '', whyNoSettings(error)));
    return [];
  }
}

/** What the parser finds behind the first thing in a line is mostly a consequence of it. */
function firstOfEachLine(
  errors: readonly YAMLError[],
  lineAt: (offset: number) => number,
): readonly [number, string][] {
  const first = new Map<number, string>();
  for (const error of errors) {
    const line = lineAt(error.pos[0]);
    if (!first.has(line)) first.set(line, whyNoYaml(error));
  }
  return [...first];
}

/** What aliases make of a file is known only when they are followed. */
function whyNoSettings(error: unknown): string {
  const { message } = error as Error;
  return /^Excessive alias count/.test(message) ? 'too many aliases; write out what they stand for' : message;
}

function read(file: string): string {
  try {
    return readTextFile(file);
  } catch (error) {
    throw new Fault('config-unreadable', `${file}: ${whyUnread(error)}`, error);
  }
}

function problem(file: string | null, line: number | null, path: string, message: string): ConfigProblem {
  return { path, file, line, variable: null, message, nearest: null };
}
