import { readXml } from '../xml/read.ts';

/** What to do with a document: take it; pass over it; or pass over it and ask for everything. */
export type VersionVerdict = 'take' | 'old' | 'gap';

const maxBytes = 65_536;

/**
 * The versions of one dialog's dialog-info documents (RFC 4235 4.3): what is older is passed over, and a partial one counts
 * only right after the one it adds to.
 */
export class Versions {
  #last: number | null = null;

  judge(body: Buffer): VersionVerdict {
    const read = readXml(body, { maxBytes });
    if (!read.ok || read.value.name !== 'dialog-info') return 'take'; // the package refuses it with its reason
    const { attributes } = read.value;
    const text = attributes.get('version')?.trim() ?? '';
    const version = /^\d{1,10}$/.test(text) ? Number(text) : null;
    const partial = attributes.get('state')?.trim().toLowerCase() === 'partial';
    const last = this.#last;
    if (!partial) {
      // COMPAT(phones that write 0 each time): CSeq has put them in order already.
      if (version !== null && last !== null && version < last) return 'old';
      this.#last = version ?? 0;
      return 'take';
    }
    if (last === null || version === null || version > last + 1) return 'gap';
    if (version <= last) return 'old';
    this.#last = version;
    return 'take';
  }
}
