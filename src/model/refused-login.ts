/** Logins of one source that were refused. User and source come from the network. */
export interface RefusedLogin {
  /** `auth-failed`, `unknown-user` or `not-trusted`. */
  readonly event: string;
  /** IP address without brackets. */
  readonly source: string;
  readonly user: string | null;
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly lastAt: number;
}
