import type { Config } from '../../../config/schema.ts';
import type { Check } from '../../../model/check.ts';

/** What only this host can tell, whether the daemon runs or not. */
export interface HostSeen {
  readonly config: Config;
  /** The configuration file; null: there is none. */
  readonly file: string | null;
  /** The daemon answers, if only that it wants a token. */
  readonly running: boolean;
  /** `/`; in tests a folder that looks like it. */
  readonly root: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** What a program of this host prints; null: it is not there, or fails. */
  ask(program: string, words: readonly string[]): Promise<string | null>;
}

export type HostCheck = Check<HostSeen>;
