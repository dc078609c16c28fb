import { batch, type Signal, signal } from '@preact/signals';
import { isKeyLamp } from '../words/lamp.ts';
import type { Extension } from '../words/shapes.ts';
import { compare } from '../words/words.ts';

/**
 * The extensions, each a signal of its own, so that a change draws one card. Changes are collected and shown once a frame: of
 * many of one extension the last counts, and nothing is kept of those before.
 */
const cells = new Map<string, Signal<Extension>>();
const pending = new Map<string, Extension | null>();
let waiting = false;

/** AORs in natural order, lamps that are no extensions last. */
export const order = signal<readonly string[]>([]);
/** Those of extensions, in the same order. */
export const users = signal<readonly string[]>([]);
/** Grows with each frame that showed a change of any extension. */
export const changes = signal(0);
/** Grows when features change: the audit trail has grown. */
export const featureNews = signal(0);
/** The list was read at least once. */
export const loaded = signal(false);

export function cellOf(aor: string): Signal<Extension> | undefined {
  return cells.get(aor);
}

/** Those that a name means: an AOR, or a number that several domains may have. */
export function named(name: string): readonly Signal<Extension>[] {
  const exact = cells.get(name);
  if (exact !== undefined) return [exact];
  return order.peek().flatMap((aor) => {
    const cell = cells.get(aor);
    return cell?.peek().ext === name ? [cell] : [];
  });
}

/** null: there is no such extension any more. */
export function put(aor: string, extension: Extension | null): void {
  pending.set(aor, extension);
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(show);
}

/** Takes a list for the truth, but for those in `newer`, of which something was heard after it was asked for. */
export function replace(list: readonly Extension[], newer: ReadonlySet<string>): void {
  const seen = new Set(list.map(({ aor }) => aor));
  for (const aor of cells.keys()) {
    if (!seen.has(aor) && !newer.has(aor)) put(aor, null);
  }
  for (const extension of list) {
    if (newer.has(extension.aor) && cells.has(extension.aor)) continue;
    if (!same(cells.get(extension.aor)?.peek(), extension)) put(extension.aor, extension);
  }
  loaded.value = true;
}

function show(): void {
  waiting = false;
  if (pending.size === 0) return;
  batch(() => {
    let moved = false;
    for (const [aor, extension] of pending) {
      const cell = cells.get(aor);
      if (extension === null) moved = cells.delete(aor) || moved;
      else if (cell !== undefined) {
        moved = isKeyLamp(cell.peek()) !== isKeyLamp(extension) || moved;
        cell.value = extension;
      } else {
        cells.set(aor, signal(extension));
        moved = true;
      }
    }
    pending.clear();
    if (moved) {
      const sorted = [...cells.values()].map((cell) => cell.peek()).sort(compare);
      order.value = sorted.map(({ aor }) => aor);
      users.value = sorted.filter((one) => !isKeyLamp(one)).map(({ aor }) => aor);
    }
    changes.value++;
  });
}

function same(a: Extension | undefined, b: Extension): boolean {
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b);
}
