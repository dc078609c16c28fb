import type { AgentRequest, AgentState } from '../model/agent.ts';
import type { Aor } from '../model/aor.ts';
import type { AuditRow } from '../model/audit.ts';
import type { Finding } from '../model/check.ts';
import type { Clock } from '../model/clock.ts';
import type { Domain } from '../model/domain.ts';
import type { Origin, Wish } from '../model/feature.ts';
import type { Logger } from '../model/logger.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Device, MailboxCounts } from '../model/pbx-event.ts';
import type { PhoneView } from '../model/phone.ts';
import type { NotifiedPhone } from '../model/phone-notice.ts';
import type { ProfileDocument } from '../model/profile-document.ts';
import type { ProvisionDesk } from '../model/provision.ts';
import type { PushView } from '../model/push-view.ts';
import type { PbxAccess, SetupReport, SetupWish, SetupWritten } from '../model/setup.ts';
import type { TraceDesk } from '../model/trace.ts';
import type { AgentVerdict, Verdict } from '../model/verdict.ts';
import type {
  Change,
  LinkView,
  PhoneWatchView,
  PublicationView,
  ResourceView,
  SubscriptionView,
} from '../model/views.ts';
import type { WaysView } from '../model/ways.ts';
import type { Rate } from './access/buckets.ts';
import type { AccessToken } from './access/tokens.ts';
import type { Group } from './groups.ts';
import type { LogLevels } from './log-levels.ts';
import type { Metrics } from './metrics/metrics.ts';

/** What ops reads of the hub. */
export interface HubReader {
  /** null, or a view that is not `known`: there is no such extension. */
  view(aor: Aor): ResourceView | null | undefined;
  /** The extensions, in the order to show them. */
  list(): readonly ResourceView[];
  /** Lamps that are no extensions, such as `park+5901`; absent: none. */
  lamps?(): readonly ResourceView[];
  links(): readonly LinkView[];
  /** Told after each commit; answers how to stop listening. */
  onChange(listener: (change: Change) => void): () => void;
  onLink(listener: (link: LinkView) => void): () => void;
}

/** What ops reads of the notifier, and the two things an admin may do to a subscription. */
export interface SubscriptionDesk {
  list(): readonly SubscriptionView[];
  count(aor: Aor): number;
  /** Ends it with a last NOTIFY; false: no such subscription. */
  remove(id: number): Promise<boolean>;
  /** Sends the whole state again; false: no such subscription. */
  renotify(id: number): boolean;
}

/** A profile document, and whether it came by the API or lies in a file. */
export interface ProfileView {
  readonly source: 'api' | 'file';
  readonly document: ProfileDocument;
}

interface ProfileCondition {
  /** Entity tags, or `*`; null: whatever it is. */
  readonly ifMatch: readonly string[] | null;
  /** Only where there is none. */
  readonly ifNone: boolean;
}

interface ProfileClient {
  readonly who: string;
  readonly from: string;
}

/** The admin's hand on profile documents. The status of a refusal is that of HTTP. */
export interface ProfilesDesk {
  list(): readonly ProfileView[];
  get(kind: string, name: string): Outcome<ProfileView>;
  put(
    kind: string,
    name: string,
    put: {
      readonly contentType: string;
      readonly bytes: Uint8Array;
      /** `*`: everybody; null: as it was. */
      readonly owners: readonly string[] | null;
      /** Seconds; undefined: as it was. */
      readonly effectiveBy: number | null | undefined;
    },
    condition: ProfileCondition,
    client: ProfileClient,
  ): Outcome<{ readonly document: ProfileDocument; readonly created: boolean }>;
  remove(kind: string, name: string, condition: ProfileCondition, client: ProfileClient): Outcome<null>;
}

/** What makes phones read their configuration again. */
export interface PhoneOrderDesk {
  /** What they may be told. */
  readonly events: readonly string[];
  /** Never rejects. */
  send(order: {
    readonly aor: Aor;
    readonly event: string;
    /** null: the phone does as it is set. */
    readonly reboot: boolean | null;
    readonly origin: Origin;
  }): Promise<
    Outcome<{
      readonly via: 'pbx' | 'subscriptions';
      readonly event: string;
      readonly phones: readonly NotifiedPhone[];
    }>
  >;
}

/** What ops reads of the compositor, and what an admin may do to publications. Promises reject with `store-*` Faults. */
export interface PublicationDesk {
  list(aor?: Aor): readonly PublicationView[];
  /** Ends it; false: no such publication. */
  remove(id: number): Promise<boolean>;
  /** `expires`: seconds; null: until they are cleared. */
  setMailbox(
    aor: Aor,
    counts: MailboxCounts,
    expires: number | null,
    from: { readonly from: string | null; readonly userAgent: string | null },
  ): Promise<void>;
  /** False: none were set. */
  clearMailbox(aor: Aor): Promise<boolean>;
  /** A PBX has the mailbox, and its counts are told. */
  ownsMailbox(aor: Aor): boolean;
}

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** Why not, for the admin; null where it is well. */
  readonly reason: string | null;
}

export interface Health {
  /** PBX link, store and listeners are up. */
  readonly ready: boolean;
  readonly checks: readonly Check[];
}

type Answer<T> = Outcome<T> | Promise<Outcome<T>>;

/** The hand on a simulated PBX. Refusals: `unknown-extension`, `unknown-call`, `wrong-state`. */
export interface SimulatorHand {
  call(from: string, to: string, fromName?: string): Answer<{ readonly id: string }>;
  answer(id: string): Answer<null>;
  hold(id: string, by: string): Answer<null>;
  resume(id: string, by: string): Answer<null>;
  hangup(id: string): Answer<null>;
  register(ext: string, registered: boolean, device?: Device): Answer<null>;
  mailbox(ext: string, counts: { readonly new: number; readonly old: number }): Answer<null>;
  agent(ext: string, agent: AgentState): Answer<null>;
}

/** One setting, and where its value came from. */
export interface ConfigSetting {
  /** `sip.listen.0` */
  readonly path: string;
  /** Secrets are `[hidden]`. */
  readonly value: unknown;
  /** `FILE:LINE`, the name of an environment variable, or `default`. */
  readonly origin: string;
}

/** The configuration at work. */
export interface ConfigView {
  /** All that were read, in their order. */
  readonly files: readonly string[];
  /** With every default; secrets are `[hidden]`. */
  readonly config: unknown;
  readonly settings: readonly ConfigSetting[];
  readonly pendingRestart: readonly string[];
}

/** What is wrong with a configuration that was to be loaded. */
interface ConfigComplaint {
  readonly path: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly variable: string | null;
  readonly message: string;
  readonly nearest: string | null;
}

/** What an admin may see of the configuration, and do about it. */
export interface ConfigDesk {
  view(): ConfigView;
  /** Settings that differ from what is at work, and wait for a restart. */
  readonly pendingRestart: readonly string[];
  /** Reads it again. Never rejects; a wrong one changes nothing. */
  reload(origin: {
    readonly who: string;
    readonly from: string | null;
  }): Promise<
    | { readonly ok: true; readonly applied: readonly string[]; readonly requiresRestart: readonly string[] }
    | { readonly ok: false; readonly problems: readonly ConfigComplaint[] }
  >;
}

/** Finds PBXs on this host and writes a configuration for one. What it answers holds no password. */
export interface SetupDesk {
  /** Touches nothing. */
  look(): Promise<SetupReport>;
  /** Logs in as the daemon would; changes nothing. Never rejects. */
  test(access: PbxAccess, domain: string | null): Promise<readonly Finding[]>;
  /** The configuration and its password files, at the place the daemon knows. */
  write(wish: SetupWish): Promise<Outcome<SetupWritten>>;
}

/** Everything the HTTP server is made of. */
export interface OpsDeps {
  /** Phones that Lamplighter subscribes to itself; absent: none. */
  readonly watched?: { list(aor?: Aor): readonly PhoneWatchView[] };
  /** Phones that are told through their PBX; absent: none. */
  readonly pushed?: { list(aor?: Aor): readonly PushView[] };
  /** Phones that have registered through us; absent: no REGISTER goes through us. */
  readonly phones?: { list(aor?: Aor): readonly PhoneView[] } | undefined;
  readonly hub: HubReader;
  readonly subscriptions: SubscriptionDesk;
  readonly publications: PublicationDesk;
  readonly profiles: ProfilesDesk;
  readonly phoneOrders: PhoneOrderDesk;
  /** The gate: the same path as a phone's key. */
  readonly grant: (wish: Wish) => Promise<Verdict>;
  readonly grantAgent: (wish: AgentRequest) => Promise<AgentVerdict>;
  /** Newest first. */
  readonly audit: (query: { readonly aor?: Aor; readonly limit: number }) => readonly AuditRow[];
  /** Asks the hooks how a user's features stand; absent: there are none. */
  readonly readHooks?: ((aor: Aor) => Promise<unknown>) | undefined;
  /** Tells the hooks of a user as if all his features had changed. */
  readonly expose?: ((aor: Aor) => void) | undefined;
  readonly health: () => Health;
  /** What is counted; absent: nothing is. */
  readonly metrics?: Metrics | undefined;
  /** How much is logged; absent: nobody can change it. */
  readonly logLevels?: LogLevels | undefined;
  /** The SIP messages that passed; absent: none are kept. */
  readonly trace?: TraceDesk | undefined;
  /** Looks for what is wrong with Lamplighter and its PBXs; absent: nobody looks. */
  readonly examine?: (() => Promise<readonly Finding[]>) | undefined;
  /** The configuration; absent: it cannot be asked for. */
  readonly configuration?: ConfigDesk | undefined;
  /** Finds PBXs, and writes a configuration; absent: it does not. */
  readonly setup?: SetupDesk | undefined;
  /** Writes configuration for phones, loaded when it is asked for; absent: no vendor is known. */
  readonly provision?: (() => Promise<ProvisionDesk>) | undefined;
  /** How phones reach us; absent: nobody looks. */
  readonly ways?: () => WaysView;
  /** null: the PBX is a real one. */
  readonly simulator: SimulatorHand | null;
  /** The default first. */
  readonly domains: readonly [Domain, ...Domain[]];
  /** Names are unique. */
  readonly groups: readonly Group[];
  /** Port 0: any free one. */
  readonly listen: { readonly address: string; readonly port: number };
  /** Of an admin. null, and no `tokens`: nobody is asked for one, which only a loopback listener may have. */
  readonly token: string | null;
  /** Further ones; names are unique, and none is `token` or `local`. */
  readonly tokens?: readonly AccessToken[];
  /** What the server is called, beside its addresses (against DNS rebinding); lower case. */
  readonly names?: readonly string[];
  /** Requests of one client; absent or null: as many as he likes. */
  readonly rate?: Rate | null;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  /** How commands are typed on this host: `lamplighter`, or `npx lamplighter` in a checkout. */
  readonly program: string;
}
