import type { Config } from '../../config/schema.ts';
import type { WaysView } from '../../model/ways.ts';

/** The answer of `GET /api/v1/ways`: times are text there, and are not looked at here. */
export interface WaysAnswer
  extends Pick<
    WaysView,
    'engine' | 'auth' | 'subscriptions' | 'sources' | 'sourceCount' | 'phonesLearnt' | 'pushRules'
  > {
  readonly version: string;
  readonly domains: readonly string[];
  readonly listeners: readonly {
    readonly transport: string;
    readonly address: string;
    readonly port: number;
    readonly requests: Readonly<Record<string, number>>;
    readonly lastRequestAt: string | null;
  }[];
  readonly upstreams: readonly {
    readonly uri: string;
    readonly state: 'up' | 'down' | 'unknown';
    readonly reason: string | null;
  }[];
}

/** One thing the daemon says of itself: `pbx main`, `store`. */
export interface HealthAnswer {
  readonly name: string;
  readonly ok: boolean;
  readonly reason: string | null;
}

/** What was found at the daemon's address. */
export type Daemon =
  | { readonly running: false; readonly url: string; readonly reason: string; readonly fix: string }
  | {
      readonly running: true;
      readonly url: string;
      readonly ways: WaysAnswer;
      readonly health: readonly HealthAnswer[];
    };

/** All that a check may look at. */
export interface Seen {
  readonly config: Config;
  readonly ways: WaysAnswer;
  readonly health: readonly HealthAnswer[];
  readonly url: string;
  /** Of this command. */
  readonly version: string;
  /** Addresses of this host but loopback, without brackets. */
  readonly addresses: readonly string[];
}

export interface Finding {
  /** The check's name, in docs/deploy/README.md. */
  readonly check: string;
  /** `fail`: something does not work; `warn`: it may be meant so, or not. */
  readonly level: 'ok' | 'warn' | 'fail';
  readonly text: string;
  /** What to do; null where nothing is to be done. */
  readonly fix: string | null;
}

/** Looks for one thing; an empty list: nothing to say. */
export interface Check {
  readonly name: string;
  look(seen: Seen): readonly Omit<Finding, 'check'>[];
}

export function fine(text: string): Omit<Finding, 'check'> {
  return { level: 'ok', text, fix: null };
}

export function odd(text: string, fix: string): Omit<Finding, 'check'> {
  return { level: 'warn', text, fix };
}

export function broken(text: string, fix: string): Omit<Finding, 'check'> {
  return { level: 'fail', text, fix };
}

/** `1 phone`, `3 phones`. */
export function many(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
