/** What the API answers about setting up, as far as the page shows it. */

interface Place {
  readonly file: string;
  readonly line: number | null;
}

export interface SetupProblem {
  readonly level: 'warn' | 'fail';
  readonly code: string;
  readonly text: string;
  readonly fix: string;
  readonly at: Place | null;
}

export interface FoundPbx {
  readonly id: string;
  readonly type: 'asterisk' | 'freeswitch';
  readonly flavour: string;
  readonly folder: string;
  readonly version: string | null;
  readonly running: boolean | null;
  readonly facts: readonly { readonly what: string; readonly value: string; readonly at: Place | null }[];
  readonly problems: readonly SetupProblem[];
  readonly edits: readonly {
    readonly file: string;
    readonly why: string;
    readonly before: string | null;
    readonly lines: readonly string[];
  }[];
  readonly reload: readonly string[];
  readonly config: string | null;
}

export interface SetupReport {
  readonly pbxs: readonly FoundPbx[];
  readonly looked: readonly string[];
  readonly file: string;
  readonly fileExists: boolean;
  readonly problems: readonly SetupProblem[];
}

export interface SetupWritten {
  readonly file: string;
  readonly backup: string | null;
  readonly next: readonly string[];
}

/** `/etc/asterisk/ari.conf:12` */
export function placeOf(at: Place | null): string {
  if (at === null) return '';
  return at.line === null ? at.file : `${at.file}:${at.line}`;
}

/** What a form of credentials says, as the API takes it; a password that was left empty is left out. */
export function accessOf(type: FoundPbx['type'], field: (name: string) => string): object {
  const secret = (name: string) => (field(name) === '' ? {} : { password: field(name) });
  if (type === 'asterisk') {
    return {
      type,
      features: field('features'),
      ami: {
        host: field('amiHost'),
        port: Number(field('amiPort')),
        username: field('amiUser'),
        ...secret('amiPassword'),
      },
      ari: { url: field('ariUrl'), username: field('ariUser'), ...secret('ariPassword') },
    };
  }
  const user = field('eslUser');
  return {
    type,
    features: field('features'),
    esl: {
      host: field('eslHost'),
      port: Number(field('eslPort')),
      ...(user === '' ? {} : { user }),
      ...secret('eslPassword'),
    },
  };
}
