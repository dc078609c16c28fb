/** The code where nothing answers at the daemon's address, or not to the end. */
export const unreachable = 'daemon-unreachable';

/** Ends a command: told once, by `asking`, which ends it with this exit code. */
export class Failure extends Error {
  /** For programs: the API's own, or one of ours. */
  readonly code: string;
  readonly exit: number;
  /** What to do; null: the message says it. */
  readonly fix: string | null;

  constructor(code: string, exit: number, message: string, fix: string | null = null) {
    super(message);
    this.name = 'Failure';
    this.code = code;
    this.exit = exit;
    this.fix = fix;
  }
}
