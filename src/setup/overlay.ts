import type { HostFiles, HostText } from '../../adapters/discovery.ts';
import type { FileChange } from './pbx-files.ts';

/** The files as they would be: changes are seen before anything is written. */
export class OverlayFiles implements HostFiles {
  readonly #files: HostFiles;
  readonly #changes: ReadonlyMap<string, FileChange>;

  constructor(files: HostFiles, changes: readonly FileChange[]) {
    this.#files = files;
    this.#changes = new Map(changes.map((change) => [change.file, change]));
  }

  read(path: string): HostText {
    const after = this.#changes.get(path)?.after;
    if (after === undefined) return this.#files.read(path);
    return after === null ? { ok: false, why: 'missing' } : { ok: true, text: after.toString('utf8') };
  }

  list(folder: string): readonly string[] {
    const fresh = [...this.#changes.keys()].filter((file) => file.slice(0, file.lastIndexOf('/')) === folder);
    const names = fresh.map((file) => file.slice(folder.length + 1));
    return [...new Set([...this.#files.list(folder), ...names])].sort();
  }
}
