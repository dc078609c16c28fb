/** What the API answers, as far as the page shows it. Every text in here may come from the network: it is shown as text only. */

export const featureNames = ['dnd', 'cfa', 'cfb', 'cfna'] as const;

export type FeatureName = (typeof featureNames)[number];

export interface Feature {
  readonly enabled: boolean;
  /** Absent for do not disturb. */
  readonly target?: string | null;
  /** Forward on no answer only. */
  readonly ringCount?: number | null;
  /** False: the user does not have it. */
  readonly assigned?: boolean;
  /** False: no PBX has told it yet. */
  readonly known?: boolean;
}

export interface Party {
  readonly number: string | null;
  readonly name: string | null;
}

export interface Call {
  readonly id: string;
  readonly state: string;
  readonly direction: 'initiator' | 'recipient';
  readonly held: boolean;
  readonly remote: Party;
  /** ISO 8601. */
  readonly since?: string;
}

export interface Mailbox {
  readonly new: number;
  readonly old: number;
  readonly newUrgent: number;
  readonly oldUrgent: number;
}

export interface Phone {
  readonly aor: string;
  readonly ext: string;
  readonly contact: string | null;
  readonly source: string;
  readonly transport: string;
  readonly userAgent: string | null;
  readonly since: string;
  readonly expiresAt: string;
  /** False: its connection is gone. */
  readonly reachable: boolean;
}

export interface Extension {
  readonly aor: string;
  readonly ext: string;
  /** It is no user, but a lamp such as `park+5901`. */
  readonly lamp?: true;
  readonly displayName: string | null;
  readonly registered: boolean;
  readonly reachable?: number;
  readonly dialogs: readonly Call[];
  readonly features: Readonly<Record<FeatureName, Feature>>;
  readonly mailbox: Mailbox | null;
  readonly agent?: { readonly state: string; readonly reason: string | null } | null;
  /** How many watch him. */
  readonly subscriptions: number;
  readonly phones?: readonly Phone[];
  /** His PBX is away: this is the last truth. */
  readonly stale: boolean;
}

export interface Link {
  readonly source: string;
  readonly state: 'up' | 'stale' | 'down' | string;
  readonly reason: string | null;
  readonly since: string;
}

export type Role = 'read' | 'operate' | 'admin';

export interface Status {
  readonly version: string;
  /** How commands are typed where it runs. */
  readonly program: string;
  readonly domain: string;
  readonly domains: readonly string[];
  readonly simulator: boolean;
  readonly ready: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly reason: string | null }[];
  readonly links: readonly Link[];
  /** Whose token this is, and what it may; absent: everything. */
  readonly you?: { readonly name: string; readonly role: Role };
  /** Settings that differ in the files, and wait for a restart. */
  readonly pendingRestart?: readonly string[];
}

export interface Subscription {
  readonly id: number;
  readonly aor: string;
  readonly ext: string;
  readonly event: string;
  readonly eventId: string | null;
  readonly watcher: string | null;
  readonly device: string;
  readonly userAgent: string | null;
  readonly source: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly lastNotifyAt: string | null;
  /** 408: nobody answered; null: the first is under way. */
  readonly lastStatus: number | null;
  readonly notifies: number;
}

/** A feature, or an agent's state. */
export interface AuditValue {
  readonly enabled?: boolean;
  readonly target?: string | null;
  readonly ringCount?: number | null;
  readonly state?: string;
  readonly reason?: string | null;
}

export interface AuditRow {
  readonly at: string;
  readonly aor: string;
  readonly ext: string;
  readonly feature: string;
  readonly who: string;
  readonly via: string;
  readonly from: string | null;
  readonly userAgent: string | null;
  readonly old: AuditValue | null;
  readonly new: AuditValue | null;
  readonly wished: AuditValue | null;
  readonly decision: string;
  readonly reason: string | null;
}

/** One SIP message, as the trace holds it. */
export interface Traced {
  readonly id: string;
  readonly at: string;
  readonly direction: 'in' | 'out';
  readonly transport: string;
  readonly local: string;
  readonly remote: string;
  readonly callId: string | null;
  readonly cseq: number | null;
  /** null: no SIP. */
  readonly method: string | null;
  /** null: a request. */
  readonly status: number | null;
  readonly summary: string;
  readonly retransmission?: boolean;
  readonly ext: string | null;
  /** The domain that is asked in and not served. */
  readonly unserved?: string | null;
  readonly subscription: number | null;
  /** So many passed just before it that were not recorded. */
  readonly missed?: number;
  readonly text: string;
}

export interface Checked {
  readonly check: string;
  readonly level: 'ok' | 'warn' | 'fail';
  readonly text: string;
  readonly fix: string | null;
}

export interface Ways {
  readonly engine?: { readonly kind: string; readonly up: boolean; readonly reason: string | null };
  readonly auth?: string;
  readonly listeners?: readonly {
    readonly transport: string;
    readonly address: string;
    readonly port: number;
    readonly requests: Readonly<Record<string, number>>;
    readonly lastRequestAt: string | null;
  }[];
  readonly upstreams?: readonly {
    readonly uri: string;
    readonly state: string;
    readonly reason: string | null;
    readonly since: string | null;
  }[];
  readonly subscriptions?: Readonly<Record<string, number>>;
  readonly sources?: readonly { readonly address: string; readonly subscriptions: number; readonly users: number }[];
  readonly sourceCount?: number;
  readonly phonesLearnt?: number | null;
  readonly pushRules?: number | null;
}

export interface Group {
  readonly name: string;
  readonly domain: string;
  readonly extensions: number;
  readonly reachable: number;
  /** AORs; absent in lists. */
  readonly members?: readonly string[];
}
