import type { Config } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import type { HookCall, HookQuestion, HookTrouble } from '../model/hook.ts';
import type { RefusedLogin } from '../model/refused-login.ts';
import type { UnservedDomain } from '../model/unserved-domain.ts';
import type { ResourceView, SubscriptionView } from '../model/views.ts';
import type { WaysView } from '../model/ways.ts';
import type { Expect } from './knock.ts';
import type { Writer } from './writer.ts';

/** The database as the file system has it. */
export interface DatabaseFile {
  readonly path: string;
  /** Why nothing can be written at the moment; null: all is well. */
  readonly failure: string | null;
  /** Who would write it at a start; null: the daemon runs, and `failure` says it. */
  readonly writer: Writer | null;
  /** What is wrong inside; empty: nothing. Does not hold up the daemon. */
  inspect(): Promise<readonly string[]>;
}

/** The admin's own code beside the PBX. */
export interface ExaminedHook {
  readonly name: string;
  readonly onFailure: Readonly<Record<'set' | 'get', 'refuse' | 'pass'>>;
  readonly troubles: readonly HookTrouble[];
  takes(call: HookCall): boolean;
  /** Never rejects; a failure is a trouble. */
  get(question: HookQuestion): Promise<unknown>;
}

/** All that a check inside the daemon may look at. */
export interface DaemonSeen {
  readonly config: Config;
  readonly clock: Clock;
  readonly ways: WaysView;
  /** Addresses of this host but loopback, without brackets. */
  readonly addresses: readonly string[];
  readonly subscriptions: readonly SubscriptionView[];
  readonly extensions: readonly ResourceView[];
  /** Aors that are told through their PBX. */
  readonly pushed: ReadonlySet<string>;
  readonly refusedLogins: readonly RefusedLogin[];
  readonly unservedDomains: readonly UnservedDomain[];
  /** Of phones that registered through us, by aor: what they say they are. */
  readonly agents: ReadonlyMap<string, string>;
  readonly database: DatabaseFile;
  /** null: there is none. */
  readonly hook: ExaminedHook | null;
  readonly expect: Expect;
  /** An event package that is served here, and a user that there is: for questions to ourselves. */
  readonly question: { readonly event: string; readonly aor: string };
}
