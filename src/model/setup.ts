/**
 * What `lamplighter setup`, the page of the panel and the API say about the PBXs of this host, and how they are told what to
 * do. Nothing here holds a secret but what comes in with a request.
 */

export type PbxFlavour = 'asterisk' | 'freepbx' | 'freeswitch' | 'fusionpbx';

/** Where something stands. */
export interface Place {
  readonly file: string;
  /** From 1; null: the file as a whole. */
  readonly line: number | null;
}

/** One thing that was found: `AMI`, `on, 127.0.0.1:5038`. */
export interface SetupFact {
  readonly what: string;
  readonly value: string;
  /** null: it stands in no file, or is what the PBX takes where no file says otherwise. */
  readonly at: Place | null;
}

/** Something missing or odd, with what cures it. `fail`: Lamplighter cannot work with it so. */
export interface SetupProblem {
  readonly level: 'warn' | 'fail';
  /** Stable and machine readable: `http-disabled`, `rights-too-small`. */
  readonly code: string;
  readonly text: string;
  readonly fix: string;
  readonly at: Place | null;
}

/** Lines that are missing in one file of the PBX. */
export interface SetupEdit {
  readonly file: string;
  readonly why: string;
  /** The line they belong before, as it stands in the file; null: at its end. */
  readonly before: string | null;
  /** Passwords stand as `[hidden]`. */
  readonly lines: readonly string[];
}

/** A PBX that was found on this host. */
export interface SetupPbx {
  /** Names it in a request: `asterisk:/etc/asterisk`. */
  readonly id: string;
  readonly type: 'asterisk' | 'freeswitch';
  readonly flavour: PbxFlavour;
  /** Of its configuration. */
  readonly folder: string;
  /** null: it was not to be learnt. */
  readonly version: string | null;
  /** null: nobody knows. */
  readonly running: boolean | null;
  readonly facts: readonly SetupFact[];
  readonly problems: readonly SetupProblem[];
  readonly edits: readonly SetupEdit[];
  /** What makes the PBX read those files again: commands to type. */
  readonly reload: readonly string[];
  /** The configuration that would be written for it, commented; null: something is missing that only the admin knows. */
  readonly config: string | null;
}

/** The answer of `GET /api/v1/setup`, and of `lamplighter setup --json`. */
export interface SetupReport {
  readonly pbxs: readonly SetupPbx[];
  /** Where was looked, in order. */
  readonly looked: readonly string[];
  /** The configuration file that is written, and whether there is one already (it is kept as `.bak`). */
  readonly file: string;
  readonly fileExists: boolean;
  /** Faults of the host as a whole: nothing found, not readable without root. */
  readonly problems: readonly SetupProblem[];
}

/** An account at AMI. Without a password the one of an earlier setup is taken. */
export interface AmiAccess {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password?: string | undefined;
}

export interface AriAccess {
  /** `http://127.0.0.1:8088`. */
  readonly url: string;
  readonly username: string;
  readonly password?: string | undefined;
}

export interface EslAccess {
  readonly host: string;
  readonly port: number;
  /** `user@domain`; absent: the socket's own password. */
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

/** How a PBX is reached: what is tested, and what is written. */
export type PbxAccess =
  | {
      readonly type: 'asterisk';
      readonly features: 'freepbx' | 'astdb';
      readonly ami: AmiAccess;
      readonly ari: AriAccess;
    }
  | {
      readonly type: 'freeswitch';
      readonly features: 'db' | 'hash' | 'fusionpbx';
      readonly esl: EslAccess;
    };

/** The body of `POST /api/v1/setup`. */
export interface SetupWish {
  /** The id of a PBX that was found; null: `access` says all. */
  readonly pbx: string | null;
  /** Replaces what was found; null: as found. */
  readonly access: PbxAccess | null;
  /** What phones have as SIP server; null: as found. */
  readonly domain: string | null;
  /** A configuration that is there already may be replaced; it is kept as `.bak`. */
  readonly replace: boolean;
}

export interface SetupWritten {
  readonly file: string;
  /** Where the file that was there is kept; null: there was none, or it said the same. */
  readonly backup: string | null;
  /** What to do now, a sentence or a command each. */
  readonly next: readonly string[];
}
