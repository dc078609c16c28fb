/** More would only be a typing error in a range. */
export const mostExtensions = 100_000;

const range = /^(\d{1,15})-(\d{1,15})$/;
/** The user part of an AOR, without anything that a URI, a file or a dial string could read otherwise. */
const name = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/;

/** Why an entry of a list of extensions (`1001-1010`, `200`, `alice`) is no good; null where it is. */
export function extensionFault(entry: string): string | null {
  const [, first, last] = range.exec(entry) ?? [];
  if (first === undefined || last === undefined) {
    return name.test(entry) ? null : `'${printable(entry)}' is neither a number, a range like 1001-1010, nor a name`;
  }
  if (first.length !== last.length) return `'${entry}': both ends of a range need the same number of digits`;
  if (Number(first) > Number(last)) return `'${entry}' runs backwards`;
  return null;
}

/** How many extensions a list of good entries stands for. */
export function extensionCount(entries: readonly string[]): number {
  return entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
}

/** Ranges written out, in order, each extension once. A range keeps its leading zeros. */
export function expandExtensions(entries: readonly string[]): readonly string[] {
  return [...new Set(entries.flatMap(expand))];
}

function sizeOf(entry: string): number {
  const [, first, last] = range.exec(entry) ?? [];
  return first === undefined ? 1 : Number(last) - Number(first) + 1;
}

function expand(entry: string): readonly string[] {
  const [, first, last] = range.exec(entry) ?? [];
  if (first === undefined || last === undefined) return [entry];
  const width = first.length;
  const count = Number(last) - Number(first) + 1;
  return Array.from({ length: count }, (_, index) => String(Number(first) + index).padStart(width, '0'));
}

function printable(text: string): string {
  return text.slice(0, 64).replace(/[^\x20-\x7e]/g, '?');
}
