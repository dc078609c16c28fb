import { isMap, isScalar, isSeq, type Node } from 'yaml';
import type { ConfigDocument } from './documents.ts';

/** A place in a file. */
export interface Place {
  readonly file: string | null;
  /** From 1. */
  readonly line: number;
}

/** All files as one. */
export interface Merged {
  readonly tree: Record<string, unknown>;
  /** Dotted path of every setting and entry to where it stands; of a scalar, the file that came last. */
  readonly places: ReadonlyMap<string, Place>;
}

/** A list with this tag stands in place of those of the files before; without it, it is appended to them. */
export const replaceTag = '!replace';

type Keys = readonly (string | number)[];

/**
 * Puts the files together in their order: settings below settings, lists behind lists, and of anything else the last counts.
 * null: some file is no mapping of settings.
 */
export function mergeDocuments(documents: readonly ConfigDocument[]): Merged | { readonly notSettings: Place } {
  const tree: Record<string, unknown> = {};
  const places = new Map<string, Place>();
  for (const { file, document, lines, value } of documents) {
    const { contents } = document;
    if (contents === null || (isScalar(contents) && contents.value === null)) continue;
    if (!isMap(contents)) return { notSettings: { file, line: 1 } };
    const at = (node: unknown): Place | null => {
      const range = (node as Node | null)?.range;
      return range === undefined || range === null ? null : { file, line: lines.linePos(range[0]).line };
    };
    layOver(tree, value as Record<string, unknown>, contents, [], { places, at });
  }
  return { tree, places };
}

interface Notes {
  readonly places: Map<string, Place>;
  readonly at: (node: unknown) => Place | null;
}

function layOver(
  target: Record<string, unknown>,
  source: Record<string, unknown>,
  node: unknown,
  keys: Keys,
  notes: Notes,
): void {
  const pairs = isMap(node) ? node.items : [];
  for (const [key, value] of Object.entries(source)) {
    const pair = pairs.find((one) => isScalar(one.key) && String(one.key.value) === key);
    const path = [...keys, key];
    const there = Object.hasOwn(target, key) ? target[key] : undefined;
    if (there === undefined) note(path, pair?.key, notes);
    if (isSettings(value)) {
      const into = isSettings(there) ? there : {};
      if (there !== undefined && into !== there) forget(path, notes, pair?.key);
      put(target, key, into);
      layOver(into, value, pair?.value, path, notes);
    } else if (Array.isArray(value)) {
      const node = pair?.value;
      const replaces = isSeq(node) && node.tag === replaceTag;
      const before = Array.isArray(there) && !replaces ? (there as unknown[]) : [];
      if (there !== undefined && before !== there) forget(path, notes, pair?.key);
      put(target, key, [...before, ...value.map(unshared)]);
      value.forEach((item, index) => {
        const itemNode = isSeq(node) ? node.items[index] : undefined;
        walk(item, itemNode, [...path, before.length + index], notes);
      });
    } else {
      if (there !== undefined) forget(path, notes, pair?.key);
      put(target, key, value);
    }
  }
}

/** Where an entry of a list and all below it stand. */
function walk(value: unknown, node: unknown, path: Keys, notes: Notes): void {
  note(path, node, notes);
  if (Array.isArray(value)) {
    value.forEach((item, index) => {
      walk(item, isSeq(node) ? node.items[index] : undefined, [...path, index], notes);
    });
  } else if (isSettings(value)) {
    for (const [key, child] of Object.entries(value)) {
      const pair = isMap(node)
        ? node.items.find((one) => isScalar(one.key) && String(one.key.value) === key)
        : undefined;
      walk(child, pair?.value, [...path, key], notes);
      note([...path, key], pair?.key, notes);
    }
  }
}

function note(path: Keys, node: unknown, { places, at }: Notes): void {
  const place = at(node);
  if (place !== null) places.set(path.join('.'), place);
}

/** What stood there before is gone, with all below it. */
function forget(path: Keys, notes: Notes, node: unknown): void {
  const dotted = path.join('.');
  for (const other of [...notes.places.keys()]) if (other.startsWith(`${dotted}.`)) notes.places.delete(other);
  note(path, node, notes);
}

/** Also where the key is `__proto__`: an unknown setting like any other. */
function put(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

/** What aliases stand for is one object in all places; secrets and the environment are laid into one of them alone. */
function unshared(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unshared);
  if (!isSettings(value) || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, unshared(one)]));
}

function isSettings(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
