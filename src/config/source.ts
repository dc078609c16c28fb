import type { Place } from './merge.ts';
import type { ConfigProblem } from './problems.ts';

export type Path = readonly (string | number)[];

/** Where each value came from: what is wrong, or asked for, is named by it. */
export interface Source {
  /** The file that was named; null: none was. */
  readonly file: string | null;
  readonly places: ReadonlyMap<string, Place>;
  /** Dotted path to the environment variable that set it. */
  readonly variables: ReadonlyMap<string, string>;
  /** Secrets that came from files. */
  readonly secrets: ReadonlySet<string>;
}

/** A problem at its place in a file, or with the variable that made it. */
export function locate(source: Source, at: Path, message: string): ConfigProblem {
  const path = asWritten(source, at);
  const dotted = path.join('.');
  const none = { path: dotted, file: null, line: null, variable: null, message, nearest: null };
  const set = variableOf(source, dotted);
  if (set !== null) return { ...none, variable: set };
  // LAMPLIGHTER_SIPP__LISTEN made the unknown `sipp`, which stands nowhere in the file
  const made = [...source.variables].find(([name]) => name.startsWith(`${dotted}.`));
  if (made !== undefined && !source.places.has(dotted)) return { ...none, variable: made[1] };
  const { file, line } = placeOf(source, path) ?? { file: source.file, line: null };
  return { ...none, file, line };
}

/** A problem as a room that uses a setting words it: `path: what is wrong`. */
export function locateJudged(source: Source, text: string): ConfigProblem {
  const [, path = '', message = text] = /^([\w.]+): (.*)$/s.exec(text) ?? [];
  return locate(source, path.split('.'), message);
}

/** Where a value came from, for people: `FILE:LINE`, the name of a variable, or `default`. */
export function originOf(source: Source, path: Path): string {
  const dotted = path.join('.');
  const variable = variableOf(source, dotted);
  if (variable !== null) return variable;
  const place = source.places.get(dotted) ?? withinList(source, path);
  return place === undefined ? 'default' : `${place.file ?? 'demo'}:${place.line}`;
}

/** An entry of a list that an alias stands for has no place of its own; a default beside what is written has none at all. */
function withinList(source: Source, path: Path): Place | undefined {
  return typeof path.at(-1) === 'number' ? source.places.get(path.slice(0, -1).join('.')) : undefined;
}

/** The variable that set this or what it is in; null: none did. */
export function variableOf(source: Source, dotted: string): string | null {
  for (const [set, variable] of source.variables) {
    if (dotted === set || dotted.startsWith(`${set}.`)) return variable;
  }
  return null;
}

/** A secret from a file stands there as `passwordFile`. */
export function asWritten(source: Source, path: Path): Path {
  return source.secrets.has(path.join('.')) ? [...path.slice(0, -1), `${path.at(-1)}File`] : path;
}

/** Where the deepest part of `path` stands that stands in a file. */
function placeOf({ places }: Source, path: Path): Place | null {
  for (let depth = path.length; depth > 0; depth--) {
    const place = places.get(path.slice(0, depth).join('.'));
    if (place !== undefined) return place;
  }
  return null;
}
