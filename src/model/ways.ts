/**
 * How a phone's subscription comes here: straight; straight, while Lamplighter is also the way to the PBX; through a proxy
 * that stays in the path; through drachtio-server.
 */
export type Way = 'direct' | 'inline' | 'proxy' | 'drachtio';

/** One address of ours, and what came to it since this process started. */
export interface ListenerView {
  /** udp, tcp, tls, ws or wss. */
  readonly transport: string;
  /** Without brackets; `0.0.0.0` and `::` are all addresses of this host. */
  readonly address: string;
  readonly port: number;
  /** Requests by method; those of unusual methods are `other`. */
  readonly requests: Readonly<Record<string, number>>;
  /** Milliseconds since the epoch; null: none. */
  readonly lastRequestAt: number | null;
}

/** Where requests go that are not served here. */
export interface UpstreamView {
  /** As it is configured. */
  readonly uri: string;
  /** `unknown`: nothing was sent there yet. */
  readonly state: 'up' | 'down' | 'unknown';
  readonly reason: string | null;
  /** Milliseconds since the epoch; null: since the start. */
  readonly since: number | null;
}

/** Living subscriptions that are told at one address. */
export interface SourceView {
  readonly address: string;
  readonly subscriptions: number;
  /** Different users among those who watch. */
  readonly users: number;
}

/** How phones reach Lamplighter, by its configuration and by what was seen. */
export interface WaysView {
  readonly engine: {
    readonly kind: 'embedded' | 'drachtio';
    /** False: it has no connection to its server. */
    readonly up: boolean;
    /** Why it is not up; null: it is. */
    readonly reason: string | null;
  };
  readonly auth: string;
  readonly listeners: readonly ListenerView[];
  /** In order of preference; empty: not inline. */
  readonly upstreams: readonly UpstreamView[];
  readonly subscriptions: Readonly<Record<Way, number>> & {
    readonly total: number;
    /** Those whose last NOTIFY nobody answered. */
    readonly unanswered: number;
  };
  /** The addresses with most of them, most first. */
  readonly sources: readonly SourceView[];
  /** How many different addresses there are. */
  readonly sourceCount: number;
  /** Registrations learnt from those that went through; null: none go through. */
  readonly phonesLearnt: number | null;
  /** Rules by which state is pushed through the PBX; null: none. */
  readonly pushRules: number | null;
}
