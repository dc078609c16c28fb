import type { Aor } from '../model/aor.ts';
import type { AuditRow } from '../model/audit.ts';
import type { Clock } from '../model/clock.ts';
import type { Domain } from '../model/domain.ts';
import type { Wish } from '../model/feature.ts';
import type { Logger } from '../model/logger.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Verdict } from '../model/verdict.ts';
import type { Change, LinkView, ResourceView, SubscriptionView } from '../model/views.ts';
import type { Group } from './groups.ts';

/** What ops reads of the hub. */
export interface HubReader {
  /** null, or a view that is not `known`: there is no such extension. */
  view(aor: Aor): ResourceView | null | undefined;
  /** The extensions, in the order to show them. */
  list(): readonly ResourceView[];
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
  register(ext: string, registered: boolean): Answer<null>;
  mailbox(ext: string, counts: { readonly new: number; readonly old: number }): Answer<null>;
}

/** Everything the HTTP server is made of. */
export interface OpsDeps {
  readonly hub: HubReader;
  readonly subscriptions: SubscriptionDesk;
  /** The gate: the same path as a phone's key. */
  readonly grant: (wish: Wish) => Promise<Verdict>;
  /** Newest first. */
  readonly audit: (query: { readonly aor?: Aor; readonly limit: number }) => readonly AuditRow[];
  readonly health: () => Health;
  /** null: the PBX is a real one. */
  readonly simulator: SimulatorHand | null;
  /** The default first. */
  readonly domains: readonly [Domain, ...Domain[]];
  /** Names are unique. */
  readonly groups: readonly Group[];
  /** Port 0: any free one. */
  readonly listen: { readonly address: string; readonly port: number };
  /** null: nobody is asked for one, which only a loopback listener may have. */
  readonly token: string | null;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
}
