import { basename } from 'node:path';

type Syntax = 'conf' | 'xml';

/** What has to be known to take a block out again so that the file is what it was, to the byte. */
export interface BlockNotes {
  /** Name of the file beside it that keeps what was there before; null: there was no file. */
  readonly backup: string | null;
  /** The last line had no end: one was added before the block. */
  readonly lineEndAdded: boolean;
}

const begin = /^(?:; |<!-- )BEGIN lamplighter setup \(([^)\n]{0,200})\)(?: -->)?\r?\n/gm;
const end = /^(?:; |<!-- )END lamplighter setup(?: -->)?(?:\r?\n|$)/m;

/**
 * Adds lines between two comments. Bytes as characters (latin1): nothing else of the file changes.
 *
 * @param before they come before the last line that begins with this; null: at the end.
 * @returns null where no line does.
 */
export function addBlock(
  text: string,
  lines: readonly string[],
  {
    syntax,
    before,
    backup,
  }: { readonly syntax: Syntax; readonly before: string | null; readonly backup: string | null },
): string | null {
  const at = before === null ? text.length : lastLine(text, before);
  if (at === null) return null;
  const lineEnd = /\r\n/.test(text) ? '\r\n' : '\n';
  const lineEndAdded = at > 0 && text[at - 1] !== '\n';
  const notes = [backup === null ? 'new file' : `before: ${backup}`, ...(lineEndAdded ? ['line end added'] : [])];
  const comment = (words: string) => (syntax === 'conf' ? `; ${words}` : `<!-- ${words} -->`);
  const block = [comment(`BEGIN lamplighter setup (${notes.join(', ')})`), ...lines, comment('END lamplighter setup')];
  const added = block.map((line) => `${line}${lineEnd}`).join('');
  return `${text.slice(0, at)}${lineEndAdded ? lineEnd : ''}${added}${text.slice(at)}`;
}

/** A text without its blocks, and what they said; null: it has none. `broken`: one that begins and does not end. */
export function removeBlocks(
  text: string,
): { readonly text: string; readonly notes: readonly BlockNotes[] } | 'broken' | null {
  const notes: BlockNotes[] = [];
  let rest = text;
  // the last one first: an earlier one may have added the line end before it
  for (;;) {
    const start = [...rest.matchAll(begin)].at(-1);
    if (start === undefined) return notes.length === 0 ? null : { text: rest, notes };
    const inside = rest.slice(start.index + start[0].length);
    const stop = end.exec(inside);
    if (stop === null) return 'broken';
    const [, said = ''] = start;
    const lineEndAdded = said.includes('line end added');
    const [, backup = null] = /before: ([\w.-]+)/.exec(said) ?? [];
    notes.push({ backup, lineEndAdded });
    const head = rest.slice(0, start.index);
    // the one of the block itself
    const added = lineEndAdded ? (start[0].endsWith('\r\n') ? 2 : 1) : 0;
    rest = `${head.slice(0, head.length - added)}${inside.slice(stop.index + stop[0].length)}`;
  }
}

/** True where `backup` is a name that setup gives to what `file` was before. */
export function isBackupOf(file: string, backup: string): boolean {
  const name = basename(file);
  return backup.startsWith(`${name}.bak`) && /^(?:\.\d{1,3})?$/.test(backup.slice(name.length + 4));
}

/** Where the last line with this start begins; null: there is none. */
function lastLine(text: string, start: string): number | null {
  let found: number | null = null;
  let at = 0;
  for (const line of text.split('\n')) {
    if (line.trimStart().startsWith(start)) found = at;
    at += line.length + 1;
  }
  return found;
}
