import { readFileSync } from 'node:fs';

const folder = new URL('../../../config/fail2ban/', import.meta.url);

export type FilterMode = 'normal' | 'aggressive';

/** Where the filter and the jail lie. */
export const fail2banFolder = folder.pathname;

/** The settings of one of the files, `%%` undone; a value may go on in indented lines. */
export function fail2banSettings(file: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const line of readFileSync(new URL(file, folder), 'utf8').split('\n')) {
    const [, name, value] = /^([\w]+) *= *(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) found.set(name, value.replaceAll('%%', '%'));
  }
  return found;
}

const dateParts: Readonly<Record<string, string>> = {
  Y: '\\d{4}',
  m: '\\d\\d',
  d: '\\d\\d',
  H: '\\d\\d',
  M: '\\d\\d',
  S: '\\d\\d',
  f: '\\d{1,6}',
  z: '(?:Z|[+-]\\d{4})',
};

/** What fail2ban does with a line: takes the date out, matches, and gives the address to ban; null: nothing. */
export function makeFilter(mode: FilterMode): (line: string) => string | null {
  const settings = fail2banSettings('filter.d/lamplighter.conf');
  const setting = (name: string): string => {
    const value = settings.get(name);
    if (value === undefined) throw new Error(`the filter has no ${name}`);
    return value;
  };
  const date = new RegExp(
    setting('datepattern').replaceAll(/%(\w)/g, (_, part: string) => dateParts[part] ?? '!'),
    'd',
  );
  const address = '(?<address>\\d{1,3}(?:\\.\\d{1,3}){3}|(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4})';
  const failure = new RegExp(
    setting('failregex')
      .replace('<_events_<mode>>', setting(`_events_${mode}`))
      .replace('<ADDR>', address),
  );
  return (line) => {
    const span = date.exec(line)?.indices?.[1];
    const bare = span === undefined ? line : line.slice(0, span[0]) + line.slice(span[1]);
    return failure.exec(bare)?.groups?.['address'] ?? null;
  };
}
