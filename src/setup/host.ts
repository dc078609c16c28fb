import { closeSync, openSync, readdirSync, readSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { HostFiles, HostText } from '../../adapters/discovery.ts';

/** No configuration file of a PBX is larger; what is, is not read. */
const mostBytes = 2 * 1024 * 1024;
const mostNames = 20_000;

/** The files below a root: `/`, or where another system lies. Links that lead out of it lead nowhere. */
export class RootFiles implements HostFiles {
  readonly #root: string;

  /** Throws where there is no such folder. */
  constructor(root: string) {
    this.#root = realpathSync(root);
  }

  /** Where a path of that system is for this process. */
  at(path: string): string {
    return join(this.#root, path);
  }

  /** The same, links followed; null: it is not there, or not below the root. */
  resolved(path: string): string | null {
    try {
      const real = realpathSync(this.at(path));
      const inside = this.#root === sep ? sep : `${this.#root}${sep}`;
      return real.startsWith(inside) ? real : null;
    } catch {
      return null;
    }
  }

  read(path: string): HostText {
    const bytes = this.bytes(path);
    if (typeof bytes === 'string') return { ok: false, why: bytes };
    return bytes.includes(0) ? { ok: false, why: 'no-text' } : { ok: true, text: bytes.toString('utf8') };
  }

  /** The same as bytes, or why not. */
  bytes(path: string): Buffer | 'missing' | 'forbidden' | 'too-large' | 'no-file' {
    try {
      const real = this.resolved(path);
      if (real === null) return this.#absent(path);
      if (!statSync(real).isFile()) return 'no-file';
      return readUpTo(real, mostBytes) ?? 'too-large';
    } catch (error) {
      return isForbidden(error) ? 'forbidden' : 'missing';
    }
  }

  list(folder: string): readonly string[] {
    try {
      const real = this.resolved(folder);
      return real === null ? [] : readdirSync(real).sort().slice(0, mostNames);
    } catch {
      return [];
    }
  }

  /** A folder on the way that may not be searched hides what is in it. */
  #absent(path: string): 'missing' | 'forbidden' {
    try {
      realpathSync(this.at(path));
    } catch (error) {
      if (isForbidden(error)) return 'forbidden';
    }
    return 'missing';
  }
}

/** Sizes are not asked: files of /proc have none. null: there is more. */
function readUpTo(path: string, most: number): Buffer | null {
  const file = openSync(path, 'r');
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for (;;) {
      const chunk = Buffer.alloc(64 * 1024);
      const read = readSync(file, chunk, 0, chunk.length, null);
      if (read === 0) return Buffer.concat(chunks);
      size += read;
      if (size > most) return null;
      chunks.push(chunk.subarray(0, read));
    }
  } finally {
    closeSync(file);
  }
}

function isForbidden(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EACCES' || code === 'EPERM';
}
