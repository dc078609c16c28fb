import type { Findings, HostFiles, WantedLines } from '../../discovery.ts';
import { whyNot } from '../../discovery.ts';
import { ConfFile, type ConfValue } from '../conf-file.ts';

/** One look at one folder: what is found, what is missing, and which lines would mend it. */
export class Look {
  readonly findings: Findings;
  readonly wanted: WantedLines[] = [];
  readonly files: HostFiles;
  readonly folder: string;
  readonly isFreepbx: boolean;
  /** Files that are there and cannot be read, or not understood: nothing is known of them, nothing is added to them. */
  readonly #closed = new Set<string>();

  constructor(files: HostFiles, folder: string, isFreepbx: boolean, findings: Findings) {
    this.files = files;
    this.folder = folder;
    this.isFreepbx = isFreepbx;
    this.findings = findings;
  }

  /** null: it is not there, or not to be read, which has been said. */
  read(name: string, level: 'warn' | 'fail' = 'fail'): ConfFile | null {
    const path = `${this.folder}/${name}`;
    const conf = ConfFile.read(this.files, this.folder, name);
    if (conf === null) {
      const found = this.files.read(path);
      if (found.ok || found.why === 'missing') return null;
      this.#closed.add(name);
      const fix =
        found.why === 'forbidden'
          ? 'run setup as root: sudo lamplighter setup'
          : 'look at that file: Asterisk cannot use it either';
      this.findings.problem(level, `unreadable-${found.why}`, `${path} ${whyNot(found.why)}`, fix, {
        file: path,
        line: null,
      });
      return null;
    }
    const [fault] = conf.faults;
    if (fault !== undefined) {
      this.#closed.add(name);
      const fix = 'correct it: Asterisk refuses such a file as a whole. Until then setup changes nothing in it';
      this.findings.problem(level, 'unparsable', fault.reason, fix, fault.at);
    }
    return conf;
  }

  /** It is there, and cannot be read or not understood. */
  isClosed(name: string): boolean {
    return this.#closed.has(name);
  }

  /** FreePBX writes its files anew from its database; what ends in _custom.conf is the admin's. */
  fileFor(plain: string, custom: string): string {
    return `${this.folder}/${this.isFreepbx ? custom : plain}`;
  }

  /** How to mend what a few lines mend. */
  get cure(): string {
    return this.isFreepbx
      ? 'setup --apply adds lines to the _custom.conf file; or FreePBX, Settings, Advanced Settings'
      : 'setup --apply adds the lines shown';
  }
}

/** COMPAT(Asterisk): ast_true of utils.c. */
export function isTrue(value: ConfValue | null): boolean {
  return value !== null && /^(?:yes|true|y|t|1|on)$/i.test(value.value);
}

/** Where a setting stands, or where it would. */
export function place(conf: ConfFile | null, section: string, name: string): ConfValue['at'] | null {
  if (conf === null) return null;
  return conf.last(section, name)?.at ?? conf.named(section)[0]?.at ?? { file: conf.path, line: null };
}
