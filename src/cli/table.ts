import { printable } from './terminal.ts';

/** What a cell shows: any text, as foreign as it may be; null: nothing. */
export type Cell = string | number | null;

export interface Column<T> {
  readonly title: string;
  readonly of: (row: T) => Cell;
  /** Numbers stand at the right. */
  readonly right?: true;
  /** Its width at least, for rows that are printed one by one. */
  readonly least?: number;
}

/** Longer foreign text is cut, but in the last column: `--json` has it whole. */
const longest = 48;

/**
 * Rows below each other as `asterisk -rx` shows them: a line each, columns at least two spaces apart, `-` where there is
 * nothing. No cell has two spaces in a row or anything that a terminal obeys, so that a cell cannot pass for two.
 */
export function table<T>(columns: readonly Column<T>[], rows: readonly T[], header = true): string {
  const last = columns.length - 1;
  const body = rows.map((row) => columns.map(({ of }, index) => shown(of(row), index === last)));
  const lines = header ? [columns.map(({ title }) => title), ...body] : body;
  const widths = columns.map(({ least = 0 }, index) =>
    lines.reduce((width, line) => Math.max(width, widthOf(line[index] ?? '')), least),
  );
  return lines.map((line) => `${laidOut(line, columns, widths)}\n`).join('');
}

function shown(cell: Cell, isLast: boolean): string {
  const text = cell === null ? '' : printable(String(cell)).trim();
  if (text === '') return '-';
  const signs = [...text];
  return isLast || signs.length <= longest ? text : `${signs.slice(0, longest - 1).join('')}…`;
}

function laidOut<T>(line: readonly string[], columns: readonly Column<T>[], widths: readonly number[]): string {
  return line
    .map((text, index) => {
      const room = ' '.repeat(Math.max(0, (widths[index] ?? 0) - widthOf(text)));
      return columns[index]?.right === true ? `${room}${text}` : `${text}${room}`;
    })
    .join('  ')
    .trimEnd();
}

/** What takes no place of its own: accents that follow their letter. */
const narrow = /\p{Mn}|\p{Me}/u;
/** What takes two places. COMPAT(terminals): those of Unicode's East Asian Width that names of people have, and pictures. */
const wide =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}|[\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]/u;

/** Places on a terminal. */
export function widthOf(text: string): number {
  // what nearly all texts are
  if (/^[\u0020-\u007e]*$/.test(text)) return text.length;
  let width = 0;
  for (const sign of text) width += narrow.test(sign) ? 0 : wide.test(sign) ? 2 : 1;
  return width;
}

/** `2026-11-22T03:10:30Z`, as the log has it, without the milliseconds. */
export function stamp(time: number | null): string | null {
  return time === null ? null : `${new Date(time).toISOString().slice(0, 19)}Z`;
}
