import type { Config } from '../../config/schema.ts';
import type { Finding, Remark } from '../../model/check.ts';
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
  // `shut`: it runs, and does not say how it is, for want of a token mostly
  | { readonly state: 'absent' | 'shut'; readonly url: string; readonly reason: string; readonly fix: string }
  | {
      readonly state: 'open';
      readonly url: string;
      readonly ways: WaysAnswer;
      readonly health: readonly HealthAnswer[];
      /** What the daemon found when it examined itself and its PBXs. */
      readonly findings: readonly Finding[];
    };

/** All that a check may look at. */
export interface Seen {
  readonly config: Config;
  readonly ways: WaysAnswer;
  readonly health: readonly HealthAnswer[];
  /** What the daemon found in itself and its PBXs: told below. */
  readonly findings: readonly Finding[];
  readonly url: string;
  /** Of this command. */
  readonly version: string;
  /** Addresses of this host but loopback, without brackets. */
  readonly addresses: readonly string[];
}

/** Looks for one thing in what the daemon answered. */
export interface DaemonCheck {
  readonly name: string;
  look(seen: Seen): readonly Remark[];
}
