import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const rootUrl = new URL('../..', import.meta.url);
const root = fileURLToPath(rootUrl);

/**
 * `(file:///opt/lamplighter/dist/bundle/program.cjs:103:7)`: what V8 writes behind the name of a function. Of our own folder
 * only: a message may hold any path, and no file is opened because somebody has named it. Bounded, or our folder said a
 * thousand times would be read to the end from each of them.
 */
const place = new RegExp(`(?:${literal(rootUrl.href)}|${literal(root)})([^\\s():]{1,300}\\.c?js):(\\d+):(\\d+)`, 'g');

/** A stack has ten places (`Error.stackTraceLimit`), behind a message that somebody else may have written; characters. */
const longestStack = 16_384;

/** Maps that were asked for. */
const maps = new Map<string, SourceMap>();

/**
 * A stack in the lines of the sources: `src/notifier/outbox.ts:103:7`. For the rare moment when one is logged: with
 * `--enable-source-maps` every start reads every map, a quarter of a second. Never throws; without a map a place stays as it is.
 */
export function inSources(stack: string): string {
  const told = stack.slice(0, longestStack).replace(place, (found, inside: string, line: string, column: string) => {
    const file = resolve(root, inside);
    if (!file.startsWith(root)) return found; // `..` leads out
    const entry = mapOf(file)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (entry === undefined || !('originalSource' in entry)) return found;
    const source = relative(root, resolve(dirname(file), entry.originalSource));
    return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
  return told + stack.slice(longestStack);
}

function mapOf(file: string): SourceMap | null {
  const known = maps.get(file);
  if (known !== undefined) return known;
  const map = readMap(file);
  if (map !== null) maps.set(file, map); // of files that are there: no more than those
  return map;
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function readMap(file: string): SourceMap | null {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')));
  } catch {
    return null;
  }
}
