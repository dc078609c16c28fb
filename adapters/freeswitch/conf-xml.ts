import type { Place } from '../../src/model/setup.ts';
import type { HostFiles } from '../discovery.ts';

export interface ConfTag {
  readonly name: string;
  /** As they stand there; `resolve` puts in the variables. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly at: Place;
}

const mostFiles = 300;
const deepest = 20;
const mostTags = 200_000;

/** What is large, and says nothing of how the PBX is reached. */
const skipped = /\/(?:dialplan|lang|chatplan|ivr_menus|directory\/[^/]+)\//;

const tagPattern = /<([A-Za-z_][\w.:-]*)((?:\s+[\w.:-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*\/?>/g;
const attributePattern = /([\w.:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/** The files of FreeSWITCH as one list of tags, comments left out. Reads what cannot be parsed as far as it goes. */
export class ConfXml {
  readonly tags: ConfTag[] = [];
  /** `<X-PRE-PROCESS cmd="set" …/>`; the last one counts. */
  readonly variables = new Map<string, { readonly value: string; readonly at: Place }>();
  /** Every file that was read. */
  readonly files = new Set<string>();
  /** Patterns of includes, as absolute paths. */
  readonly includes = new Set<string>();
  /** Files that are there and may not be read. */
  readonly closed: string[] = [];
  readonly #host: HostFiles;

  constructor(host: HostFiles, main: string) {
    this.#host = host;
    this.#load(main, 1);
  }

  /** With `$${name}` replaced; null: a variable is known only to the running FreeSWITCH. */
  resolve(text: string): string | null {
    let left = 10;
    let value = text;
    while (left > 0) {
      const [whole, name = ''] = /\$\$\{([^}]{1,100})\}/.exec(value) ?? [];
      if (whole === undefined) return value;
      const found = this.variables.get(name);
      if (found === undefined || value.length > 10_000) return null;
      value = value.replace(whole, () => found.value);
      left -= 1;
    }
    return null;
  }

  /** Tags of that name that stand in a file which fits. */
  inFile(fits: RegExp, name: string): readonly ConfTag[] {
    return this.tags.filter((tag) => tag.name === name && fits.test(tag.at.file));
  }

  #load(path: string, depth: number): void {
    if (this.files.has(path) || this.files.size >= mostFiles || depth > deepest) return;
    const found = this.#host.read(path);
    if (!found.ok) {
      if (found.why === 'forbidden') this.closed.push(path);
      return;
    }
    this.files.add(path);
    // COMPAT(FreeSWITCH): its preprocessor looks at lines, those of comments included
    this.#collect(found.text, path, (tag) => {
      if (tag.name.toUpperCase() === 'X-PRE-PROCESS') this.#preprocess(tag, depth);
    });
    this.#collect(withoutComments(found.text), path, (tag) => {
      if (this.tags.length < mostTags) this.tags.push(tag);
    });
  }

  #collect(text: string, file: string, take: (tag: ConfTag) => void): void {
    let line = 1;
    let counted = 0;
    for (const match of text.matchAll(tagPattern)) {
      for (let at = text.indexOf('\n', counted); at >= 0 && at < match.index; at = text.indexOf('\n', at + 1)) {
        line += 1;
        counted = at + 1;
      }
      const [, name = '', words = ''] = match;
      const pairs = [...words.matchAll(attributePattern)].map(([, key = '', one, other]) => [
        key,
        unescaped(one ?? other ?? ''),
      ]);
      take({ name, attributes: Object.fromEntries(pairs) as Record<string, string>, at: { file, line } });
    }
  }

  #preprocess({ attributes, at }: ConfTag, depth: number): void {
    const data = attributes['data'] ?? '';
    if (attributes['cmd'] === 'set') {
      const equals = data.indexOf('=');
      if (equals > 0) this.variables.set(data.slice(0, equals).trim(), { value: data.slice(equals + 1).trim(), at });
    }
    if (attributes['cmd'] !== 'include') return;
    const named = this.resolve(data) ?? data;
    const folder = at.file.slice(0, at.file.lastIndexOf('/'));
    const path = tidy(named.startsWith('/') ? named : `${folder}/${named}`);
    this.includes.add(path);
    if (skipped.test(path)) return;
    const slash = path.lastIndexOf('/');
    const [head = '', tail] = path.slice(slash + 1).split('*');
    if (tail === undefined) {
      this.#load(path, depth + 1);
      return;
    }
    const within = path.slice(0, slash);
    for (const name of this.#host.list(within)) {
      if (name.startsWith(head) && name.endsWith(tail)) this.#load(`${within}/${name}`, depth + 1);
    }
  }
}

/** The five entities that XML has by itself. */
export function unescaped(text: string): string {
  const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (whole, name: string) => entities[name] ?? whole);
}

/** Comments become blanks: what is left keeps its line. */
function withoutComments(text: string): string {
  let out = '';
  let from = 0;
  for (let at = text.indexOf('<!--'); at >= 0; at = text.indexOf('<!--', from)) {
    const end = text.indexOf('-->', at + 4);
    out += text.slice(from, at);
    if (end < 0) return out;
    out += text.slice(at, end + 3).replace(/[^\n]/g, ' ');
    from = end + 3;
  }
  return out + text.slice(from);
}

/** `/a/b/../c` is `/a/c`. */
function tidy(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}
