import { type Document, isMap, isScalar } from 'yaml';
import { currentVersion } from './version.ts';

/** Makes a file of version `from` one of `from + 1`. */
export interface Migration {
  readonly from: number;
  /** What it does, in the words of the log and of `migrate-config`. */
  readonly does: string;
  /** Changes the document in place, comments and order kept; nothing else: no file is read, and no clock. */
  readonly apply: (document: Document) => void;
}

/** Every migration there has been, by number. Version 1 is the first that was released. */
export const migrations: readonly Migration[] = [];

export type Migrated =
  | { readonly ok: true; readonly from: number; readonly done: readonly string[] }
  | { readonly ok: false; readonly message: string };

/**
 * Brings a document to the version that this program reads. A document without a `version` is of version 1, the first.
 *
 * @param inherited the version of a file that says none and belongs to another that does (conf.d).
 */
export function migrate(
  document: Document,
  inherited = 1,
  known: readonly Migration[] = migrations,
  current = currentVersion,
): Migrated {
  if (document.contents !== null && !isMap(document.contents)) return { ok: true, from: current, done: [] };
  const said = versionOf(document);
  const from = said ?? inherited;
  if (typeof from !== 'number' || !Number.isInteger(from) || from < 1) {
    return { ok: false, message: `expected the number of a version, 1 to ${current}` };
  }
  if (from > current) {
    const message = `version ${from} is newer than this Lamplighter, which reads up to ${current}: upgrade it, or take the file from before`;
    return { ok: false, message };
  }
  const done: string[] = [];
  for (let version = from; version < current; version++) {
    const step = known.find((one) => one.from === version);
    if (step === undefined) return { ok: false, message: `nothing leads from version ${version} to ${version + 1}` };
    step.apply(document);
    done.push(`${version} → ${version + 1}: ${step.does}`);
  }
  if (done.length > 0) document.set('version', current);
  return { ok: true, from, done };
}

/** What the document says of its version; undefined: nothing. */
function versionOf(document: Document): unknown {
  if (!isMap(document.contents)) return undefined;
  const node: unknown = document.contents.get('version', true);
  return isScalar(node) ? node.value : node;
}
