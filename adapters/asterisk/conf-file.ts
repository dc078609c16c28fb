import type { Place } from '../../src/model/setup.ts';
import { type HostFiles, whyNot } from '../discovery.ts';
import { type ConfLine, confLines } from './conf-lines.ts';

export interface ConfValue {
  readonly value: string;
  readonly at: Place;
}

interface Variable extends ConfValue {
  readonly name: string;
}

export interface ConfSection {
  readonly name: string;
  /** `[name](!)`: others inherit of it, it stands for nothing itself. */
  readonly template: boolean;
  readonly at: Place;
  readonly variables: readonly Variable[];
}

/** Why a file cannot be believed; Asterisk itself refuses such a one as a whole. */
export interface ConfFault {
  readonly at: Place;
  readonly reason: string;
}

type Open = {
  -readonly [K in keyof ConfSection]: ConfSection[K] extends readonly Variable[] ? Variable[] : ConfSection[K];
};

/** COMPAT(Asterisk): MAX_INCLUDE_LEVEL of config.c. */
const deepestInclude = 10;
const mostFiles = 500;
const mostVariables = 200_000;
/** Of all files together. */
const mostCharacters = 16 * 1024 * 1024;

/** A configuration as Asterisk has it after its includes, templates and additions (main/config.c). */
export class ConfFile {
  readonly path: string;
  readonly sections: readonly ConfSection[];
  readonly faults: readonly ConfFault[];
  /** Every file that was read, in order. */
  readonly files: readonly string[];

  private constructor(path: string, reader: Reader) {
    this.path = path;
    this.sections = reader.sections;
    this.faults = reader.faults;
    this.files = reader.files;
  }

  /** null: there is no such file, or it may not be read; `HostFiles` says which. */
  static read(files: HostFiles, folder: string, name: string): ConfFile | null {
    const path = `${folder}/${name}`;
    if (!files.read(path).ok) return null;
    const reader = new Reader(files, folder);
    reader.load(path);
    return new ConfFile(path, reader);
  }

  /** Those that stand for something: no templates. */
  named(name: string): readonly ConfSection[] {
    return this.sections.filter((section) => section.name === name && !section.template);
  }

  has(name: string): boolean {
    return this.named(name).length > 0;
  }

  /** What holds in the end: the last one counts, as where a file is read from top to bottom. */
  last(section: string, name: string): ConfValue | null {
    const all = this.named(section).flatMap(({ variables }) => variables);
    return all.findLast((one) => one.name.toLowerCase() === name) ?? null;
  }

  all(section: string, name: string): readonly ConfValue[] {
    return this.named(section).flatMap(({ variables }) => variables.filter((one) => one.name.toLowerCase() === name));
  }
}

class Reader {
  readonly sections: Open[] = [];
  readonly faults: ConfFault[] = [];
  readonly files: string[] = [];
  readonly #host: HostFiles;
  readonly #folder: string;
  #count = 0;
  #characters = 0;
  /** Where an included file goes on. */
  #current: Open | null = null;

  constructor(host: HostFiles, folder: string) {
    this.#host = host;
    this.#folder = folder;
  }

  /** Answers why not; null: it was read. */
  load(path: string, depth = 1): string | null {
    const found = this.#host.read(path);
    if (!found.ok) return whyNot(found.why);
    if (depth > deepestInclude) return 'is included deeper than ten files: does it include itself?';
    if (this.files.length >= mostFiles) return `is one of more than ${mostFiles} files`;
    this.#characters += found.text.length;
    if (this.#characters > mostCharacters) return 'makes more than 16 MB';
    this.files.push(path);
    let section = this.#current;
    for (const line of confLines(found.text)) {
      if (this.faults.length > 0) return null;
      const at = { file: path, line: line.line };
      if (line.text.startsWith('[')) section = this.#open(line, at);
      else if (line.text.startsWith('#')) this.#directive(line, at, section, depth);
      else this.#assign(line, at, section);
    }
    return null;
  }

  #fault(at: Place, reason: string): void {
    this.faults.push({ at, reason });
  }

  #open({ text }: ConfLine, at: Place): Open | null {
    const end = text.indexOf(']');
    if (end < 0) {
      this.#fault(at, 'a section without ]');
      return null;
    }
    const name = text.slice(1, end);
    const own: Open = { name, template: false, at, variables: [] };
    let section = own;
    if (text[end + 1] === '(') {
      const close = text.indexOf(')', end);
      if (close < 0) {
        this.#fault(at, 'a section without )');
        return null;
      }
      for (const word of text.slice(end + 2, close).split(',')) {
        if (word === '!') section.template = true;
        else if (word.startsWith('+')) section = this.#again(own, at);
        else this.#inherit(section, word, at);
      }
    }
    if (section === own) this.sections.push(own);
    this.#current = section;
    return section;
  }

  /** `[name](+)`. */
  #again(own: Open, at: Place): Open {
    const before = this.sections.findLast(({ name, template }) => name === own.name && !template);
    if (before === undefined) {
      this.#fault(at, `[${own.name}](+) adds to a section that there is not`);
      return own;
    }
    before.variables.push(...own.variables);
    return before;
  }

  #inherit(section: Open, from: string, at: Place): void {
    const base = this.sections.findLast(({ name }) => name === from);
    if (base === undefined) {
      this.#fault(at, `[${section.name}](${from}): there is no template ${from}`);
      return;
    }
    this.#count += base.variables.length;
    if (this.#count > mostVariables) this.#fault(at, `more than ${mostVariables} settings`);
    else section.variables.push(...base.variables);
  }

  /** `#exec` is never run: nobody knows what it would say. */
  #directive({ text }: ConfLine, at: Place, section: Open | null, depth: number): void {
    const [, word = '', argument = ''] = /^#(\S+)\s*(.*)$/.exec(text) ?? [];
    const kind = word.toLowerCase();
    if (kind !== 'include' && kind !== 'tryinclude') return;
    const [, quoted] = /^["<](.*)[">]$/.exec(argument) ?? [];
    const name = quoted ?? argument;
    if (name === '') return;
    const path = name.startsWith('/') ? name : `${this.#folder}/${name}`;
    const paths = /[*?]/.test(path) ? this.#matching(path) : [path];
    let read = 0;
    for (const one of paths) {
      this.#current = section;
      const why = this.load(one, depth + 1);
      if (why === null) read += 1;
      else if (why.includes('deeper') || why.includes('more than')) this.#fault(at, `${one} ${why}`);
      else if (kind === 'include') this.#fault(at, `#include of ${one}, which ${why}`);
    }
    // COMPAT(Asterisk): a pattern that fits nothing is a file that is not there
    if (paths.length === 0 && read === 0 && kind === 'include') {
      this.#fault(at, `#include of ${path}, which fits no file`);
    }
    this.#current = section;
  }

  #matching(pattern: string): readonly string[] {
    const slash = pattern.lastIndexOf('/');
    const folder = pattern.slice(0, slash);
    const fits = wildcard(pattern.slice(slash + 1));
    const names = this.#host.list(folder).filter(fits);
    return names.filter((name) => !name.startsWith('.')).map((name) => `${folder}/${name}`);
  }

  #assign({ text }: ConfLine, at: Place, section: Open | null): void {
    if (section === null) {
      this.#fault(at, 'a setting before the first section');
      return;
    }
    const equals = text.indexOf('=');
    if (equals <= 0) return;
    this.#count += 1;
    if (this.#count > mostVariables) {
      this.#fault(at, `more than ${mostVariables} settings`);
      return;
    }
    const adds = text[equals - 1] === '+';
    const name = text.slice(0, adds ? equals - 1 : equals).trim();
    const value = text.slice(text[equals + 1] === '>' ? equals + 2 : equals + 1).trim();
    const last = adds ? section.variables.findLastIndex((one) => one.name === name) : -1;
    const before = section.variables[last];
    if (before === undefined) section.variables.push({ name, value, at });
    // COMPAT(Asterisk): blanks before the addition stay
    else section.variables[last] = { name, value: `${before.value}${text.slice(equals + 1)}`, at };
  }
}

/** Which names a pattern of glob(7) fits, `*` and `?` of it; without backtracking over backtracking. */
function wildcard(pattern: string): (name: string) => boolean {
  return (name) => {
    let [at, from, star, mark] = [0, 0, -1, 0];
    while (from < name.length) {
      if (pattern[at] === '*') [star, mark, at] = [at, from, at + 1];
      else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === name[from]))
        [at, from] = [at + 1, from + 1];
      else if (star >= 0) [at, mark, from] = [star + 1, mark + 1, mark + 1];
      else return false;
    }
    return /^\**$/.test(pattern.slice(at));
  };
}
