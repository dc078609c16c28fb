import { isDeepStrictEqual } from 'node:util';
import { aorOf } from '../../src/model/aor.ts';
import { type FeatureName, type FeatureValue, sameFeature } from '../../src/model/feature.ts';
import type { Contacts, Leg, MailboxCounts, PbxEvent, Snapshot } from '../../src/model/pbx-event.ts';
import { CallTable } from './calls.ts';
import type { Fact } from './facts.ts';

/** A phone of the PBX. */
export interface Phone {
  readonly user: string;
  readonly displayName: string | null;
  /** `1001@default`; null = none. */
  readonly mailbox: string | null;
}

/** What one reading of the PBX brought. */
export interface Reading {
  readonly phones: readonly Phone[];
  readonly facts: readonly Fact[];
  /** Endpoint to the contacts a call can reach. */
  readonly contacts: ReadonlyMap<string, ReadonlySet<string>>;
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
  readonly #contacts = new Map<string, Set<string>>();
  readonly #mailboxes = new Map<string, MailboxCounts>();
  readonly #features = new Map<string, Map<FeatureName, FeatureValue>>();
  readonly #told = new Map<string, readonly Leg[]>();

  constructor(source: string, domain: string, reading: Reading, now: () => number, older: Picture | null) {
    this.#source = source;
    this.#domain = domain;
    this.#phones = new Map(reading.phones.map((it) => [it.user, it]));
    for (const phone of reading.phones) {
      if (phone.mailbox !== null)
        this.#usersOf.set(phone.mailbox, [...(this.#usersOf.get(phone.mailbox) ?? []), phone.user]);
    }
    for (const [endpoint, uris] of reading.contacts) this.#contacts.set(endpoint, new Set(uris));
    this.#calls = new CallTable(now);
    for (const fact of reading.facts) this.apply(fact);
    if (older !== null) this.#calls.inherit(older.#calls);
    for (const user of this.#phones.keys()) this.#remember(user);
  }

  get users(): readonly string[] {
    return [...this.#phones.keys()];
  }

  /** For those who must ask the PBX about a channel. */
  get calls(): CallTable {
    return this.#calls;
  }

  apply(fact: Fact): readonly PbxEvent[] {
    switch (fact.fact) {
      case 'contact':
        return this.#contact(fact.endpoint, fact.uri, fact.reachable);
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
    const users = this.users;
    const mailboxes = users.flatMap((user) => {
      const counts = this.#mailboxes.get(this.#phones.get(user)?.mailbox ?? '');
      return counts === undefined ? [] : [{ aor: this.#aor(user), counts }];
    });
    return {
      extensions: [...this.#phones.values()].map((it) => ({ aor: this.#aor(it.user), displayName: it.displayName })),
      dialogs: users
        .map((user) => ({ aor: this.#aor(user), legs: this.#remember(user) }))
        .filter((it) => it.legs.length > 0),
      features: users.flatMap((user) =>
        [...(this.#features.get(user) ?? [])].map(([feature, value]) => ({ aor: this.#aor(user), feature, value })),
      ),
      registrations: users.map((user) => ({ aor: this.#aor(user), ...reachableAt(this.#contacts.get(user)) })),
      mailboxes,
    };
  }

  #dialogs(endpoint: string): PbxEvent[] {
    if (!this.#phones.has(endpoint)) return [];
    const before = this.#told.get(endpoint) ?? [];
    const legs = this.#remember(endpoint);
    if (isDeepStrictEqual(before, legs)) return [];
    return [{ source: this.#source, type: 'dialogs', aor: this.#aor(endpoint), legs }];
  }

  #remember(endpoint: string): readonly Leg[] {
    const legs = this.#calls.legs(endpoint);
    if (legs.length === 0) this.#told.delete(endpoint);
    else this.#told.set(endpoint, legs);
    return legs;
  }

  #contact(endpoint: string, uri: string, reachable: boolean): PbxEvent[] {
    const contacts = this.#contacts.get(endpoint) ?? new Set<string>();
    const before = contacts.size;
    if (reachable) contacts.add(uri);
    else contacts.delete(uri);
    this.#contacts.set(endpoint, contacts);
    if (contacts.size === before || !this.#phones.has(endpoint)) return [];
    return [{ source: this.#source, type: 'registration', aor: this.#aor(endpoint), ...reachableAt(contacts) }];
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

type MailboxFact = Extract<Fact, { readonly fact: 'mailbox' }>;

function reachableAt(uris: ReadonlySet<string> = new Set()): Contacts {
  return { contacts: uris.size, uris: [...uris] };
}
