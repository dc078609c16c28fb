/** A line of a .conf file without its comments. */
export interface ConfLine {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** COMPAT(Asterisk, config.c): what is longer is skipped, with a warning. */
const longestLine = 8191;

const deepestComment = 128;

/**
 * The lines of a file that say something, as config.c reads them: `;` to the end of the line, `;--` to `--;` (nested, over
 * lines), and `\;` is a semicolon.
 */
export function confLines(text: string): readonly ConfLine[] {
  const lines: ConfLine[] = [];
  let depth = 0;
  for (const [index, raw] of text.split('\n').entries()) {
    if (raw.length > longestLine) continue;
    const read = strip(raw, depth);
    depth = read.depth;
    const trimmed = read.text.trim();
    if (trimmed !== '') lines.push({ line: index + 1, text: trimmed });
  }
  return lines;
}

function strip(raw: string, before: number): { readonly text: string; readonly depth: number } {
  let depth = before;
  let text = '';
  let from = 0;
  for (let at = raw.indexOf(';'); at >= 0; at = raw.indexOf(';', at + 1)) {
    if (at > 0 && raw[at - 1] === '\\') {
      if (depth === 0) text += `${raw.slice(from, at - 1)};`;
      from = at + 1;
      continue;
    }
    if (raw.startsWith(';--', at) && raw[at + 3] !== '-') {
      if (depth === 0) text += raw.slice(from, at);
      if (depth < deepestComment) depth += 1;
      at += 2;
      from = at + 1;
      continue;
    }
    if (depth > 0) {
      if (at >= from + 2 && raw.startsWith('--', at - 2)) {
        depth -= 1;
        from = at + 1;
      }
      continue;
    }
    return { text: text + raw.slice(from, at), depth };
  }
  return { text: depth === 0 ? text + raw.slice(from) : text, depth };
}
