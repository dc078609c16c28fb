import { isDeepStrictEqual } from 'node:util';
import { type AgentState, sameAgent } from '../../src/model/agent.ts';
import { type Aor, aorOf } from '../../src/model/aor.ts';
import { type FeatureName, type FeatureValue, sameFeature } from '../../src/model/feature.ts';
import type { Leg, MailboxCounts, PbxEvent, PbxGroup, Snapshot } from '../../src/model/pbx-event.ts';
import { AgentTable, type WrapUps } from './agents.ts';
import { CallTable } from './calls.ts';
import { Conferences } from './conferences.ts';
import { ContactTable } from './contact-table.ts';
import type { Fact, LampCaller, LampFact, LampKind, QueuesFact } from './facts.ts';
import { lampFact, lampName } from './lamp-events.ts';
import { LampTable } from './lamps.ts';

/** A phone of the PBX. */
export interface Phone {
  readonly user: string;
  readonly displayName: string | null;
  /** `1001@default`; null = none. */
  readonly mailbox: string | null;
  /** The named call groups it is in (named_call_group): those who may take its calls know them, too. */
  readonly groups?: readonly string[];
}

/** What one reading of the PBX brought. */
export interface Reading {
  readonly phones: readonly Phone[];
  readonly facts: readonly Fact[];
  /** Endpoint to the contacts a call can reach. */
  readonly contacts: ReadonlyMap<string, ReadonlySet<string>>;
  /** Events were missed since the older picture: who holds is as read, where it could be. */
  readonly missed?: boolean;
  /** Lamps that are no phone and are known even while dark: `park+701`. Others are once they are spoken of. */
  readonly lamps?: readonly string[];
  /** Other names of lamps, to the lamps: `*281` to `custom+DAYNIGHT1`. */
  readonly aliases?: ReadonlyMap<string, string>;
  /** The kinds of lamps that could not be read: what was known of them before still stands. */
  readonly unread?: readonly LampKind[];
  /** Extensions of agents, who may be in no queue now. */
  readonly agents?: readonly string[];
  readonly wrapUps?: WrapUps;
}

/**
 * All that is known of one Asterisk. A fact in, events out: only where something differs, each with the whole state of
 * its object. Knows nothing of sockets or time zones.
 */
export class Picture {
  readonly #source: string;
  readonly #domain: string;
  readonly #phones: ReadonlyMap<string, Phone>;
  readonly #usersOf = new Map<string, string[]>();
  readonly #calls: CallTable;
  readonly #contacts: ContactTable;
  readonly #mailboxes = new Map<string, MailboxCounts>();
  readonly #features = new Map<string, Map<FeatureName, FeatureValue>>();
  /** Phones and lamps to what was told of them. */
  readonly #told = new Map<string, readonly Leg[]>();
  readonly #lamps: LampTable;
  /** Names of lamps that are none themselves, to the lamps; and the other way. */
  readonly #aliases = new Map<string, string>();
  readonly #aliasesOf = new Map<string, string[]>();
  readonly #conferences = new Conferences();
  readonly #agents: AgentTable;
  readonly #agentsTold = new Map<string, AgentState>();
  #unlisted = false;

  constructor(source: string, domain: string, reading: Reading, now: () => number, older: Picture | null) {
    this.#source = source;
    this.#domain = domain;
    this.#phones = new Map(reading.phones.map((it) => [it.user, it]));
    for (const phone of reading.phones) {
      if (phone.mailbox !== null)
        this.#usersOf.set(phone.mailbox, [...(this.#usersOf.get(phone.mailbox) ?? []), phone.user]);
    }
    this.#contacts = new ContactTable(reading.contacts);
    this.#calls = new CallTable(now);
    this.#lamps = new LampTable(now, reading.lamps ?? []);
    for (const [alias, lamp] of reading.aliases ?? []) {
      if (this.#phones.has(alias) || this.#lamps.has(alias)) continue;
      this.#aliases.set(alias, lamp);
      this.#aliasesOf.set(lamp, [...(this.#aliasesOf.get(lamp) ?? []), alias]);
    }
    this.#agents = new AgentTable(now, reading.wrapUps ?? new Map(), reading.agents ?? []);
    for (const fact of reading.facts) this.apply(fact);
    if (older !== null) this.#inherit(older, reading);
    for (const extension of this.#agents.extensions) this.#agent(extension);
    for (const name of [...this.#phones.keys(), ...this.#lampNames()]) this.#remember(name);
    this.#unlisted = false;
  }

  #inherit(older: Picture, { unread = [], missed = false }: Reading): void {
    this.#calls.inherit(older.#calls, missed);
    if (unread.includes('conf')) {
      for (const fact of older.#conferences.facts()) if (this.#calls.has(fact.channel)) this.apply(fact);
    }
    if (unread.includes('queue')) {
      for (const extension of older.#agents.extensions) {
        for (const member of older.#agents.members(extension)) this.#agents.set(member, true);
      }
    }
    // Rooms are lit by those who are in them, which was said above.
    const kept = unread.filter((kind) => kind !== 'conf');
    this.#lamps.inherit(older.#lamps, kept, (channel) => this.#calls.has(channel));
    this.#agents.inherit(older.#agents);
  }

  get users(): readonly string[] {
    return [...this.#phones.keys()];
  }

  /** For those who must ask the PBX about a channel. */
  get calls(): CallTable {
    return this.#calls;
  }

  /** For those who must ask which phone is behind one. */
  get contacts(): ContactTable {
    return this.#contacts;
  }

  /** Callers in lamps of whom the PBX has not said yet whether they may be shown. */
  get unaskedCallers(): readonly LampCaller[] {
    return this.#lamps.unasked;
  }

  nameOf(user: string): string | null {
    return this.#phones.get(user)?.displayName ?? null;
  }

  get agents(): AgentTable {
    return this.#agents;
  }

  /** There are so many lamps that no other is taken. */
  get lampsAreFull(): boolean {
    return this.#lamps.isFull;
  }

  /** A lamp was spoken of that no snapshot has listed yet: nobody can watch it before. */
  get unlisted(): boolean {
    return this.#unlisted;
  }

  apply(fact: Fact): readonly PbxEvent[] {
    switch (fact.fact) {
      case 'lamp':
        return this.#lamp(fact);
      case 'queues':
        return this.#queues(fact);
      case 'member':
        return this.#agents.set(fact.member, fact.present).flatMap((it) => this.#agent(it));
      case 'serving':
        return this.#agents.serve(fact.queue, fact.interface, fact.on).flatMap((it) => this.#agent(it));
      case 'tick':
        return this.#agents.extensions.flatMap((it) => this.#agent(it));
      case 'room':
      case 'room-closed':
        return this.#room(fact);
      case 'gone': {
        const calls = [...this.#calls.apply(fact)].flatMap((endpoint) => this.#dialogs(endpoint));
        const lamps = this.#lamps.drop(fact.id).flatMap((lamp) => this.#lampDialogs(lamp));
        const rooms = this.#conferences
          .roomsOf(fact.id)
          .flatMap((room) => this.#room({ fact: 'room', room, channel: fact.id, inside: false }));
        return [...calls, ...lamps, ...rooms];
      }
      case 'caller-withheld': {
        const lamps = this.#lamps.withhold(fact.id, fact.withheld).flatMap((lamp) => this.#lampDialogs(lamp));
        return [...[...this.#calls.apply(fact)].flatMap((endpoint) => this.#dialogs(endpoint)), ...lamps];
      }
      case 'contact':
        return this.#registration(fact, this.#contacts.reach(fact.endpoint, fact.uri, fact.reachable));
      case 'device':
        return this.#registration(fact, this.#contacts.describe(fact));
      case 'mailbox':
        return this.#mailbox(fact.mailbox, fact.counts);
      case 'feature': {
        if (!this.#phones.has(fact.user)) return [];
        const values = this.#features.get(fact.user) ?? new Map<FeatureName, FeatureValue>();
        const before = values.get(fact.feature);
        if (before !== undefined && sameFeature(before, fact.value)) return [];
        this.#features.set(fact.user, values.set(fact.feature, fact.value));
        // Without an origin: who wished it, if anybody did, is the gate's knowledge.
        const { feature, value } = fact;
        return [{ source: this.#source, type: 'feature', aor: this.#aor(fact.user), feature, value }];
      }
      default:
        return [...this.#calls.apply(fact)].flatMap((endpoint) => this.#dialogs(endpoint));
    }
  }

  snapshot(): Snapshot {
    this.#unlisted = false;
    this.#lamps.settle();
    const users = this.users;
    const lamps = this.#lampNames();
    const mailboxes = users.flatMap((user) => {
      const counts = this.#mailboxes.get(this.#phones.get(user)?.mailbox ?? '');
      return counts === undefined ? [] : [{ aor: this.#aor(user), counts }];
    });
    return {
      extensions: [
        ...[...this.#phones.values()].map((it) => ({ aor: this.#aor(it.user), displayName: it.displayName })),
        // Nobody sets a feature of a parking slot.
        ...lamps.map((it) => ({ aor: this.#aor(it), displayName: null, features: [], lamp: true })),
      ],
      dialogs: [...users, ...lamps]
        .map((user) => ({ aor: this.#aor(user), legs: this.#remember(user) }))
        .filter((it) => it.legs.length > 0),
      features: users.flatMap((user) =>
        [...(this.#features.get(user) ?? [])].map(([feature, value]) => ({ aor: this.#aor(user), feature, value })),
      ),
      registrations: users.map((user) => ({ aor: this.#aor(user), ...this.#contacts.of(user) })),
      mailboxes,
      agents: this.#agents.extensions.flatMap((it) => {
        const agent = this.#phones.has(it) ? this.#agents.state(it) : null;
        return agent === null ? [] : [{ aor: this.#aor(it), agent }];
      }),
      ...this.#groups(),
    };
  }

  /** Absent where there are none. */
  #groups(): Pick<Snapshot, 'groups'> {
    const groups = new Map<string, Aor[]>();
    for (const { user, groups: names = [] } of this.#phones.values()) {
      for (const name of names) groups.set(name, [...(groups.get(name) ?? []), this.#aor(user)]);
    }
    if (groups.size === 0) return {};
    return { groups: [...groups].map(([name, members]): PbxGroup => ({ name, domain: this.#domain, members })) };
  }

  #lampNames(): readonly string[] {
    return [...this.#lamps.names, ...this.#aliases.keys()].filter((it) => !this.#phones.has(it));
  }

  #dialogs(endpoint: string): PbxEvent[] {
    if (!this.#phones.has(endpoint) && !this.#lamps.has(endpoint) && !this.#aliases.has(endpoint)) return [];
    const before = this.#told.get(endpoint) ?? [];
    const legs = this.#remember(endpoint);
    if (isDeepStrictEqual(before, legs)) return [];
    return [{ source: this.#source, type: 'dialogs', aor: this.#aor(endpoint), legs }];
  }

  #remember(endpoint: string): readonly Leg[] {
    const legs = this.#phones.has(endpoint) ? this.#calls.legs(endpoint) : this.#lampLegs(endpoint);
    if (legs.length === 0) this.#told.delete(endpoint);
    else this.#told.set(endpoint, legs);
    return legs;
  }

  /** Under each of its names a lamp has dialogs of its own: ids are unique for a PBX. */
  #lampLegs(name: string): readonly Leg[] {
    const lamp = this.#aliases.get(name);
    if (lamp === undefined) return this.#lamps.legs(name);
    return this.#lamps.legs(lamp).map((leg) => ({ ...leg, id: `${name} ${leg.id}`, call: `${name} ${leg.call}` }));
  }

  #lampDialogs(lamp: string): PbxEvent[] {
    return [lamp, ...(this.#aliasesOf.get(lamp) ?? [])].flatMap((name) => this.#dialogs(name));
  }

  #lamp(fact: LampFact): PbxEvent[] {
    // The two links overtake each other: who has hung up is parked nowhere.
    if (fact.phase !== null && fact.caller !== null && this.#calls.hasEnded(fact.caller.channel)) return [];
    const known = this.#lamps.has(fact.lamp);
    const changed = this.#lamps.apply(fact);
    this.#unlisted ||= !known && this.#lamps.has(fact.lamp);
    return changed ? this.#lampDialogs(fact.lamp) : [];
  }

  /** All queues there are: who is not in the list waits no more. */
  #queues({ names, waiting, members }: QueuesFact): PbxEvent[] {
    const known = names.flatMap((it) => lampFact(lampName('queue', it), { subject: '', phase: null }) ?? []);
    const left = [...this.#lamps.names].flatMap((lamp) => {
      if (!lamp.startsWith('queue+')) return [];
      const still = new Set(waiting.flatMap((it) => (it.lamp === lamp ? [it.subject] : [])));
      return this.#lamps
        .subjects(lamp)
        .flatMap((subject) => (still.has(subject) ? [] : (lampFact(lamp, { subject, phase: null }) ?? [])));
    });
    return [
      ...[...known, ...left, ...waiting].flatMap((it) => this.#lamp(it)),
      ...this.#agents.replace(members).flatMap((it) => this.#agent(it)),
    ];
  }

  #room(fact: Extract<Fact, { readonly fact: 'room' | 'room-closed' }>): PbxEvent[] {
    if (fact.fact === 'room' && fact.inside && this.#calls.hasEnded(fact.channel)) return [];
    const lamp = this.#conferences.apply(fact);
    return lamp === null ? [] : this.#lamp(lamp);
  }

  #agent(extension: string): PbxEvent[] {
    const lamp = this.#agents.lamp(extension);
    const events = lamp === null ? [] : this.#lamp(lamp);
    const agent = this.#agents.state(extension);
    if (agent === null || !this.#phones.has(extension)) return events;
    if (sameAgent(this.#agentsTold.get(extension) ?? null, agent)) return events;
    this.#agentsTold.set(extension, agent);
    return [...events, { source: this.#source, type: 'agent', aor: this.#aor(extension), agent }];
  }

  #registration({ endpoint }: ContactFact, changed: boolean): PbxEvent[] {
    if (!changed || !this.#phones.has(endpoint)) return [];
    return [{ source: this.#source, type: 'registration', aor: this.#aor(endpoint), ...this.#contacts.of(endpoint) }];
  }

  /** How many are urgent stands until it is read again, within a minute. */
  #mailbox(mailbox: string, told: MailboxFact['counts']): PbxEvent[] {
    const before = this.#mailboxes.get(mailbox);
    const counts = { ...told, newUrgent: told.newUrgent ?? Math.min(before?.newUrgent ?? 0, told.new) };
    if (before !== undefined && isDeepStrictEqual(before, counts)) return [];
    this.#mailboxes.set(mailbox, counts);
    return (this.#usersOf.get(mailbox) ?? []).map((user) => ({
      source: this.#source,
      type: 'mailbox',
      aor: this.#aor(user),
      counts,
    }));
  }

  #aor(user: string) {
    return aorOf(user, this.#domain);
  }
}

type ContactFact = Extract<Fact, { readonly fact: 'contact' | 'device' }>;
type MailboxFact = Extract<Fact, { readonly fact: 'mailbox' }>;
