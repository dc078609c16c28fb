import type { HostFiles, HostText } from '../../adapters/discovery.ts';

/** Files of a host that is not there: by path, as text; null: one that may not be read. */
export class TreeFiles implements HostFiles {
  readonly #files: Readonly<Record<string, string | null>>;

  constructor(files: Readonly<Record<string, string | null>>) {
    this.#files = files;
  }

  read(path: string): HostText {
    const text = this.#files[path];
    if (text === null) return { ok: false, why: 'forbidden' };
    if (text !== undefined) return text.includes('\0') ? { ok: false, why: 'no-text' } : { ok: true, text };
    return { ok: false, why: this.list(path).length > 0 ? 'no-file' : 'missing' };
  }

  list(folder: string): readonly string[] {
    const below = Object.keys(this.#files).filter((path) => path.startsWith(`${folder}/`));
    return [...new Set(below.map((path) => path.slice(folder.length + 1).split('/')[0] ?? ''))].sort();
  }
}
