import type { Place, SetupFact, SetupProblem } from '../src/model/setup.ts';

/** What a path of the host holds. */
export type HostText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly why: 'missing' | 'forbidden' | 'too-large' | 'no-text' | 'no-file' };

/** The files of a host, to read and no more: the real ones, another root, or a tree of a test. */
export interface HostFiles {
  read(path: string): HostText;
  /** Names in a folder, sorted; none where there is no such folder. */
  list(folder: string): readonly string[];
}

/** The passwords of the accounts that Lamplighter gets, by the name of the file that holds each. */
export interface Secrets {
  readonly ami: string;
  readonly ari: string;
  readonly esl: string;
  /** Of a user at FreeSWITCH that no phone is to be: nobody keeps it. */
  readonly sip: string;
}

/** Lines that Lamplighter needs in a file of the PBX. */
export interface WantedLines {
  readonly file: string;
  readonly why: string;
  /** How comments are written there. */
  readonly syntax: 'conf' | 'xml';
  /** They belong before the last line that begins with this; null: at the end of the file. */
  readonly before: string | null;
  /** The file is made where it is not there. */
  readonly create: boolean;
  lines(secrets: Secrets): readonly string[];
}

/** What a look at a PBX gathers for the admin. */
export class Findings {
  readonly facts: SetupFact[] = [];
  readonly problems: SetupProblem[] = [];

  fact(what: string, value: string, at: Place | null = null): void {
    this.facts.push({ what, value, at });
  }

  problem(level: SetupProblem['level'], code: string, text: string, fix: string, at: Place | null = null): void {
    this.problems.push({ level, code, text, fix, at });
  }
}

const reasons = {
  missing: 'is not there',
  forbidden: 'may not be read by this user',
  'too-large': 'is larger than a configuration file ever is',
  'no-text': 'is no text',
  'no-file': 'is no file',
} as const;

/** Why a file could not be read, for people. */
export function whyNot(why: keyof typeof reasons): string {
  return reasons[why];
}

/** The address by which a listener of this host is reached from this host. */
export function dialled(address: string): string {
  const bare = address.replace(/^\[(.*)\]$/, '$1');
  if (bare === '' || bare === '0.0.0.0' || bare === '::' || bare === 'localhost') return '127.0.0.1';
  return bare;
}
