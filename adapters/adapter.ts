import type { AgentState, AgentWish } from '../src/model/agent.ts';
import type { Aor } from '../src/model/aor.ts';
import type { Finding } from '../src/model/check.ts';
import type { Clock } from '../src/model/clock.ts';
import type { Domain } from '../src/model/domain.ts';
import type { FeatureName, FeatureRow, FeatureState, FeatureValue, Wish } from '../src/model/feature.ts';
import type { Logger } from '../src/model/logger.ts';
import type { Outcome } from '../src/model/outcome.ts';
import type { Device, PbxEvent } from '../src/model/pbx-event.ts';
import type { NotifiedPhone, PhoneNotice } from '../src/model/phone-notice.ts';
import type { Random } from '../src/model/random.ts';

export type Tell = (event: PbxEvent) => void;

/** What a PBX keeps for digest. Held in memory only; never logged, never stored. */
export interface Credentials {
  readonly realm: string;
  /** The clear password, where the PBX has it. */
  readonly password?: string;
  /** MD5(user:realm:password) in lower-case hex, where only that is kept (RFC 2617). */
  readonly ha1?: string;
  /** The extension they belong to, where the digest user name is another one. */
  readonly extension?: string;
}

/** Facts about the PBX's digest that a challenge needs before any user is known. */
export interface DigestFacts {
  readonly realm: string;
  /** True when some user's password is kept as MD5 only: SHA-256 must then not be offered to anybody. */
  readonly md5Only: boolean;
}

export interface FeatureCapability {
  readonly readable: boolean;
  readonly writable: boolean;
  /** The PBX raises an event when it changes; false = found by polling. */
  readonly notified: boolean;
}

export interface Capabilities {
  readonly features: Readonly<Record<FeatureName, FeatureCapability>>;
  readonly calls: boolean;
  readonly registrations: boolean;
  readonly mailboxes: boolean;
  /** SIP Call-ID and tags of legs are known (pickup by Replaces). */
  readonly tags: boolean;
  /** Its queues have agents: it tells their states, and `setAgent` is there; absent = no. */
  readonly agents?: boolean;
  /** It can send a NOTIFY to the phones of a user, and `notifyPhones` is there; absent = no. */
  readonly notifiesPhones?: boolean;
  /** Phones subscribe to the PBX itself, and are told by `tellFeatures`; absent = no. */
  readonly tellsPhones?: boolean;
}

/** What every adapter is made of. Data only, so that it can cross into a worker thread. */
export interface AdapterSettings {
  /** The PBX's name in the configuration; `source` of every event. */
  readonly name: string;
  /** The first of `domains`: for a PBX that knows no domains. */
  readonly domain: string;
  /** The domains this PBX may have users in; it has nobody in any other. */
  readonly domains: readonly Domain[];
  /** The options of this PBX as its own `options.ts` parsed them. */
  readonly options: unknown;
  /** Feature values known from before, for adapters that have no PBX to ask (simulated). */
  readonly remembered: readonly FeatureRow[];
  /**
   * By domain, what was known of its digest before its entry in the configuration was changed: phones are asked in that
   * realm until it has been read anew. Absent: nothing.
   */
  readonly digest?: Readonly<Record<string, DigestFacts | null>>;
}

export interface AdapterTools {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Hears how long each event was on its way from another thread, seconds; default: nobody does. */
  readonly onLag?: (seconds: number) => void;
}

/** The port to a PBX. All data crossing it is plain and structured-clonable. */
export interface PbxAdapter {
  readonly capabilities: Capabilities;
  /**
   * Connects and keeps connected, for ever, by itself. Every time the link comes up it tells `link stale`, one
   * `snapshot`, what happened meanwhile, then `link up`. Returns at once: a PBX that is away is a `link down` event.
   */
  start(tell: Tell): void;
  /** Bounded (2 s), and in the order that is safe for the PBX. */
  stop(): Promise<void>;
  /**
   * Writes, reads back, and answers what the PBX now holds. Never blocks longer than `deadlineMs`. A refusal has one
   * of the codes `pbx-away`, `pbx-timeout`, `pbx-refused`, `not-writable`.
   */
  setFeature(wish: Wish, deadlineMs: number): Promise<Outcome<FeatureValue>>;
  /**
   * As `setFeature`, for an agent of its queues: in all of them. Answers what the PBX holds afterwards, which may be less
   * than was wished (a PBX that keeps no reason answers null, one without wrap-up answers `notReady`). Further refusal:
   * `no-agent`, he is in no queue.
   */
  setAgent?(wish: AgentWish, deadlineMs: number): Promise<Outcome<AgentState>>;
  /**
   * Of `user` in `domain`, the name of one of ours; never of anybody else, whatever `user` holds (a stranger wrote it, `@`
   * is no border). null: the PBX has no such user there, or no password for him. Rejects with a Fault where it cannot be
   * asked.
   */
  credentials(user: string, domain: string): Promise<Credentials | null>;
  /** How phones of `domain` are challenged; null while the PBX has not been reached yet, and where it has nobody there. */
  digest(domain: string): DigestFacts | null;
  /**
   * Tells phones that subscribe to the PBX itself how the features of a user stand: the one that asked by a `phone-key`, or
   * with null all of his. Nothing is answered: a phone that cannot be told now is told when the PBX is back.
   */
  tellFeatures?(aor: Aor, features: Readonly<Record<FeatureName, FeatureState>>, phone: string | null): void;
  /**
   * Sends a NOTIFY outside of any dialog to every phone that is registered for a user, by way of the PBX: it knows the ways
   * to them. Answers those it went to; how they answered no PBX tells. Never blocks longer than `deadlineMs`. A refusal has
   * one of the codes `pbx-away`, `pbx-timeout`, `pbx-refused`, `not-registered`, `not-writable`.
   */
  notifyPhones?(aor: Aor, notice: PhoneNotice, deadlineMs: number): Promise<Outcome<readonly NotifiedPhone[]>>;
  /**
   * Looks for whatever keeps this PBX and Lamplighter from working together, and leaves the PBX as it was. Works before
   * `start` and while the link is down too: then with connections of its own. Never rejects, and never takes longer than
   * `deadlineMs`.
   */
  checks?(deadlineMs: number): Promise<readonly Finding[]>;
  /** Only a simulated PBX has one. */
  readonly simulator?: Simulator;
}

/** The hand on a simulated PBX: what its phones and callers do. Refusals: `unknown-extension`, `unknown-call`, `wrong-state`. */
export interface Simulator {
  call(from: string, to: string, fromName?: string): Outcome<{ readonly id: string }>;
  answer(id: string): Outcome<null>;
  hold(id: string, by: string): Outcome<null>;
  resume(id: string, by: string): Outcome<null>;
  hangup(id: string): Outcome<null>;
  /** `device`: the phone that it registers; default: one that nobody can ask anything. */
  register(ext: string, registered: boolean, device?: Device): Outcome<null>;
  mailbox(ext: string, counts: { readonly new: number; readonly old: number }): Outcome<null>;
  agent(ext: string, agent: AgentState): Outcome<null>;
}

export type AdapterFactory = (settings: AdapterSettings, tools: AdapterTools) => PbxAdapter;
