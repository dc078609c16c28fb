/** Names of tests by the file that holds them. */
export type Evidence = Readonly<Record<string, readonly string[]>>;

/**
 * `held`: obeyed, with tests. `differs`: served another way on purpose, which the tests hold. `later`: belongs to what is not
 * served yet; tests show what is answered meanwhile. `not applicable`: nothing here can break it.
 */
export type Status = 'held' | 'differs' | 'later' | 'not applicable';

/** One testable requirement and what became of it. */
export interface Row {
  readonly id: string;
  /** RFC and section, or where else it comes from. */
  readonly source: string;
  /** In our words. */
  readonly rule: string;
  readonly status: Status;
  /** Empty for `held`. */
  readonly reason: string;
  readonly tests: Evidence;
}

export interface Chapter {
  readonly title: string;
  readonly rows: readonly Row[];
}

/** Rows of one source; `section` is completed to `RFC 6665 3.1.1` with it, unless it names a source of its own. */
export function rowsOf(source: string) {
  const from = (section: string) => (/^\d/.test(section) ? `${source} ${section}` : section);
  return {
    held: (id: string, section: string, rule: string, tests: Evidence): Row => {
      return { id, source: from(section), rule, status: 'held', reason: '', tests };
    },
    differs: (id: string, section: string, rule: string, reason: string, tests: Evidence): Row => {
      return { id, source: from(section), rule, status: 'differs', reason, tests };
    },
    later: (id: string, section: string, rule: string, reason: string, tests: Evidence = {}): Row => {
      return { id, source: from(section), rule, status: 'later', reason, tests };
    },
    foreign: (id: string, section: string, rule: string, reason: string): Row => {
      return { id, source: from(section), rule, status: 'not applicable', reason, tests: {} };
    },
  };
}
