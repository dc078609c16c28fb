import { isDeepStrictEqual } from 'node:util';
import { type AgentState, sameAgent } from '../../src/model/agent.ts';
import type { Aor } from '../../src/model/aor.ts';
import { type FeatureName, type FeatureValue, sameFeature } from '../../src/model/feature.ts';
import type {
  Contacts,
  ExtensionInfo,
  Leg,
  MailboxCounts,
  PbxEvent,
  PbxGroup,
  Snapshot,
} from '../../src/model/pbx-event.ts';
import type { LivePicture } from '../resync.ts';
import { AgentTable } from './agents.ts';
import { CallTable } from './calls.ts';
import type { AgentFact, Fact, LampFact, LampKind } from './facts.ts';
import { agentLamp, lampAor } from './lamp-events.ts';
import { LampTable } from './lamps.ts';
import type { Registration } from './notify.ts';

/** A user of the directory. */
export interface User {
  readonly aor: Aor;
  readonly displayName: string | null;
  /** Where his messages are; almost always his own address. null = no mailbox. */
  readonly mailbox: Aor | null;
  /** The features he has; absent = all. */
  readonly features?: readonly FeatureName[] | undefined;
}

/** What one reading of the PBX brought. Channels, registrations, messages, features and lamps come as facts. */
export interface Reading {
  readonly users: readonly User[];
  readonly facts: readonly Fact[];
  /** Lamps that are no phone and are known even while dark: `park+5901@pbx.example`. Others are once they are spoken of. */
  readonly lamps: readonly Aor[];
  /** The kinds of lamps that `facts` has completely; of the others what was known before still stands. */
  readonly lampKinds: readonly LampKind[];
  /** Events may have been missed since the older picture: another connection. */
  readonly gap: boolean;
  /** Every user has the lamps `dnd+` and `forward+` (forward always) too. */
  readonly keyLamps: boolean;
  /** Of the directory, as far as it can be listed. */
  readonly groups?: readonly PbxGroup[];
}

/**
 * All that is known of one FreeSWITCH. A fact in, events out: only where something differs, each with the whole state of
 * its object. Knows nothing of sockets; whoever is no user of the directory is not shown.
 */
export class Picture implements LivePicture<Fact> {
  readonly #source: string;
  readonly #users: ReadonlyMap<Aor, User>;
  readonly #keyLamps: boolean;
  readonly #groups: readonly PbxGroup[];
  readonly #ownersOf = new Map<Aor, Aor[]>();
  readonly #calls: CallTable;
  readonly #lamps: LampTable;
  /** User to registration (profile and Call-ID) to contact. */
  readonly #contacts = new Map<Aor, Map<string, string>>();
  /** The same to the User-Agent, where it is told. */
  readonly #userAgents = new Map<Aor, Map<string, string>>();
  readonly #mailboxes = new Map<Aor, MailboxCounts>();
  readonly #features = new Map<Aor, Map<FeatureName, FeatureValue>>();
  readonly #agents: AgentTable;
  readonly #told = new Map<Aor, readonly Leg[]>();
  readonly #toldAgents = new Map<Aor, AgentState | null>();

  /** @param older the picture of the same life of the PBX so far, for what cannot be asked. */
  constructor(source: string, reading: Reading, now: () => number, older: Picture | null) {
    this.#source = source;
    this.#users = new Map(reading.users.map((it) => [it.aor, it]));
    this.#keyLamps = reading.keyLamps;
    this.#groups = reading.groups ?? [];
    for (const { aor, mailbox } of reading.users) {
      if (mailbox !== null) this.#ownersOf.set(mailbox, [...(this.#ownersOf.get(mailbox) ?? []), aor]);
    }
    this.#calls = new CallTable(now);
    this.#lamps = new LampTable(now, reading.lamps);
    this.#agents = new AgentTable(now);
    if (reading.keyLamps) {
      for (const { aor } of reading.users) for (const lamp of keyLampsOf(aor)) this.#lamps.know(lamp);
    }
    for (const fact of reading.facts) this.apply(fact);
    if (older !== null) {
      this.#calls.inherit(older.#calls);
      this.#lamps.inherit(older.#lamps, reading.lampKinds, reading.gap, (id) => this.#calls.has(id));
      this.#agents.inherit(older.#agents, reading.lampKinds.includes('agent'));
    }
    for (const aor of [...this.#users.keys(), ...this.#lamps.aors]) this.#remember(aor);
  }

  /** The users of the directory. */
  get users(): readonly Aor[] {
    return [...this.#users.keys()];
  }

  /** Lamps that are no phone. */
  get lamps(): readonly Aor[] {
    return this.#lamps.aors;
  }

  has(aor: Aor): boolean {
    return this.#users.has(aor);
  }

  /** Messages in this mailbox, as last told; undefined = not known. */
  mailbox(mailbox: Aor): MailboxCounts | undefined {
    return this.#mailboxes.get(mailbox);
  }

  /** The contacts that are registered for a user, as FreeSWITCH writes them. */
  contactsOf(aor: Aor): readonly string[] {
    return [...(this.#contacts.get(aor)?.values() ?? [])];
  }

  /** The same with the sofia profile and the Call-ID of each registration, by which FreeSWITCH knows it. */
  registrationsOf(aor: Aor): readonly Registration[] {
    return [...(this.#contacts.get(aor) ?? [])].map(([key, contact]) => {
      const blank = key.indexOf(' ');
      return { profile: key.slice(0, blank), callId: key.slice(blank + 1), uri: contactUri(contact) ?? contact };
    });
  }

  /** For those who must ask the PBX about a channel. */
  get calls(): CallTable {
    return this.#calls;
  }

  /** The agents of mod_callcenter, for those who must speak of them by their names there. */
  get agents(): AgentTable {
    return this.#agents;
  }

  /** As last told by a fact; undefined = not known. */
  feature(aor: Aor, name: FeatureName): FeatureValue | undefined {
    return this.#features.get(aor)?.get(name);
  }

  apply(fact: Fact): readonly PbxEvent[] {
    switch (fact.fact) {
      case 'contact':
        return this.#contact(fact);
      case 'mailbox':
        return this.#mailbox(fact.mailbox, fact.counts);
      case 'feature':
        return this.#feature(fact.aor, fact.feature, fact.value);
      case 'lamp':
        return this.#lamp(fact);
      case 'agent':
        return this.#agent(fact);
      case 'time':
        return [...this.#agents.aors()].flatMap((aor) => this.#agentOf(aor));
      case 'gone':
        return [...this.#calls.apply(fact), ...this.#lamps.drop(fact.id)].flatMap((aor) => this.#dialogs(aor));
      default:
        return [...this.#calls.apply(fact)].flatMap((aor) => this.#dialogs(aor));
    }
  }

  snapshot(): Snapshot {
    this.#lamps.settle();
    const users = [...this.#users.values()];
    const lamps = this.#lamps.aors.filter((aor) => !this.#users.has(aor));
    const extensions: ExtensionInfo[] = users.map(({ aor, displayName, features }) => ({
      aor,
      displayName,
      ...(features === undefined ? {} : { features }),
    }));
    const mailboxes = users.flatMap(({ aor, mailbox }) => {
      const counts = mailbox === null ? undefined : this.#mailboxes.get(mailbox);
      return counts === undefined ? [] : [{ aor, counts }];
    });
    return {
      // Nobody sets a feature of a parking slot.
      extensions: [...extensions, ...lamps.map((aor) => ({ aor, displayName: null, features: [], lamp: true }))],
      dialogs: [...this.users, ...lamps]
        .map((aor) => ({ aor, legs: this.#remember(aor) }))
        .filter((it) => it.legs.length > 0),
      features: this.users.flatMap((aor) =>
        [...(this.#features.get(aor) ?? [])].map(([feature, value]) => ({ aor, feature, value })),
      ),
      registrations: this.users.map((aor) => ({ aor, ...this.#reachable(aor) })),
      mailboxes,
      agents: this.users.flatMap((aor) => {
        const agent = this.#rememberAgent(aor);
        return agent === null ? [] : [{ aor, agent }];
      }),
      ...(this.#groups.length === 0 ? {} : { groups: this.#groups }),
    };
  }

  #agent(fact: AgentFact): PbxEvent[] {
    const aor = this.#agents.apply(fact);
    if (aor === null) return [];
    // Who is called by his address has had his lamp by that already.
    const lamp = fact.status === undefined || fact.name === aor ? [] : this.#lamp(agentLamp(aor, fact.status));
    return [...this.#agentOf(aor), ...lamp];
  }

  #agentOf(aor: Aor): PbxEvent[] {
    const before = this.#toldAgents.get(aor) ?? null;
    const agent = this.#rememberAgent(aor);
    if (!this.#users.has(aor) || sameAgent(before, agent)) return [];
    return [{ source: this.#source, type: 'agent', aor, agent }];
  }

  #rememberAgent(aor: Aor): AgentState | null {
    const agent = this.#agents.of(aor);
    this.#toldAgents.set(aor, agent);
    return agent;
  }

  #dialogs(aor: Aor): PbxEvent[] {
    if (!this.#users.has(aor) && !this.#lamps.has(aor)) return [];
    const before = this.#told.get(aor) ?? [];
    const legs = this.#remember(aor);
    return isDeepStrictEqual(before, legs) ? [] : [{ source: this.#source, type: 'dialogs', aor, legs }];
  }

  #remember(aor: Aor): readonly Leg[] {
    const legs = [...this.#calls.legs(aor), ...this.#lamps.legs(aor)];
    if (legs.length === 0) this.#told.delete(aor);
    else this.#told.set(aor, legs);
    return legs;
  }

  #contact({ aor, profile, callId, contact, registered, userAgent }: Fact & { readonly fact: 'contact' }): PbxEvent[] {
    const contacts = this.#contacts.get(aor) ?? new Map<string, string>();
    const before = this.#reachable(aor);
    const key = `${profile} ${callId}`;
    if (registered) contacts.set(key, contact);
    // A phone that started anew takes its old contact back under a new Call-ID.
    else if (!contacts.delete(key) && contact !== '') {
      for (const [it, uri] of contacts) if (uri === contact) contacts.delete(it);
    }
    this.#contacts.set(aor, contacts);
    this.#noteAgent(aor, key, registered ? userAgent : undefined);
    const after = this.#reachable(aor);
    if (!this.#users.has(aor) || isDeepStrictEqual(before, after)) return [];
    return [{ source: this.#source, type: 'registration', aor, ...after }];
  }

  #reachable(aor: Aor): Contacts {
    const contacts = this.contactsOf(aor);
    const uris = contacts.flatMap((it) => contactUri(it) ?? []);
    const agents = this.#userAgents.get(aor);
    const devices = [...(this.#contacts.get(aor) ?? [])].flatMap(([key, contact]) => {
      const uri = contactUri(contact);
      const via = pathOf(contact);
      return uri === null ? [] : [{ uri, userAgent: agents?.get(key) ?? null, ...(via === null ? {} : { via }) }];
    });
    return { contacts: contacts.length, uris, ...(devices.length > 0 ? { devices } : {}) };
  }

  #noteAgent(aor: Aor, key: string, userAgent: string | undefined): void {
    const agents = this.#userAgents.get(aor) ?? new Map<string, string>();
    if (userAgent !== undefined && userAgent !== '') agents.set(key, userAgent.slice(0, 256));
    for (const known of [...agents.keys()]) if (!this.#contacts.get(aor)?.has(known)) agents.delete(known);
    if (agents.size > 0) this.#userAgents.set(aor, agents);
    else this.#userAgents.delete(aor);
  }

  #mailbox(mailbox: Aor, counts: MailboxCounts): PbxEvent[] {
    const before = this.#mailboxes.get(mailbox);
    if (before !== undefined && isDeepStrictEqual(before, counts)) return [];
    this.#mailboxes.set(mailbox, counts);
    const owners = this.#ownersOf.get(mailbox) ?? [];
    return owners.map((aor) => ({ source: this.#source, type: 'mailbox', aor, counts }));
  }

  #lamp(fact: LampFact): PbxEvent[] {
    const remote = this.#calls.isWithheld(fact.subject) ? { number: null, name: null } : fact.remote;
    return this.#lamps.apply({ ...fact, remote }) ? this.#dialogs(fact.aor) : [];
  }

  #feature(aor: Aor, feature: FeatureName, value: FeatureValue): PbxEvent[] {
    if (!this.#users.has(aor)) return [];
    const values = this.#features.get(aor) ?? new Map<FeatureName, FeatureValue>();
    const before = values.get(feature);
    if (before !== undefined && sameFeature(before, value)) return [];
    this.#features.set(aor, values.set(feature, value));
    // Without an origin: who wished it, if anybody did, is the gate's knowledge.
    const event: PbxEvent = { source: this.#source, type: 'feature', aor, feature, value };
    return [event, ...this.#keyLamp(aor, feature, value)];
  }

  #keyLamp(about: Aor, feature: FeatureName, value: FeatureValue): readonly PbxEvent[] {
    if (!this.#keyLamps || (feature !== 'dnd' && feature !== 'cfa')) return [];
    const [dnd, forward] = keyLampsOf(about);
    return this.#lamp({
      fact: 'lamp',
      aor: feature === 'dnd' ? dnd : forward,
      subject: value.enabled ? `${feature} ${value.target ?? ''}` : '',
      phase: value.enabled ? 'confirmed' : null,
      remote: { number: value.target, name: null },
      sole: true,
    });
  }
}

function keyLampsOf(aor: Aor): readonly [Aor, Aor] {
  return [lampAor('dnd', aor), lampAor('forward', aor)];
}

/**
 * The phone's own URI of a contact, however FreeSWITCH writes it (`"x" <sip:201@192.0.2.11;fs_nat=yes>`); null where it is
 * none. COMPAT(FreeSWITCH 1.11): parameters that begin with `fs_` are its own notes.
 */
function contactUri(contact: string): string | null {
  const text = contact.slice(0, 1_000);
  const bracketed = [...text.matchAll(/<(sips?:[^<>"\s]+)>/gi)].at(-1)?.[1]; // a name may look like one
  const uri = bracketed ?? /sips?:[^<>"\s]+/i.exec(text)?.[0];
  return uri?.replace(/;fs_\w+(?:=[^;?]*)?/gi, '') ?? null;
}

/**
 * Where FreeSWITCH itself sends to reach a contact: a proxy, or the address a phone behind a NAT really has; null: where the
 * contact says. COMPAT(FreeSWITCH 1.11): `fs_path`, escaped.
 */
function pathOf(contact: string): string | null {
  const escaped = /;fs_path=([^;?<>\s"]+)/i.exec(contact.slice(0, 1_000))?.[1] ?? '';
  try {
    const path = decodeURIComponent(escaped).replace(/^<(.*)>$/, '$1');
    return /^sips?:[^<>"\s]+$/i.test(path) ? path : null;
  } catch {
    return null; // not escaped as a URI is
  }
}
