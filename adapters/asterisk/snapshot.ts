import { featureNames } from '../../src/model/feature.ts';
import { type AmiLink, refusal } from './ami.ts';
import { endpointOf } from './calls.ts';
import { readContacts } from './contacts.ts';
import { type Access, namesIn } from './credentials.ts';
import { amiChannel, ariChannel } from './events.ts';
import type { ChannelFact, Fact } from './facts.ts';
import type { AstdbFeatures, Database } from './features/astdb.ts';
import { Owners } from './features/owners.ts';
import { type RingTimers, readRingTimer } from './features/rows.ts';
import type { LampReader, LampReading } from './lamp-reader.ts';
import type { Phone, Picture, Reading } from './picture.ts';

/** An endpoint as listed: enough to tell phones from trunks. */
interface Endpoint {
  readonly name: string;
  readonly auths: readonly string[];
  readonly aors: readonly string[];
}

/** Asked once per connection and after a reload, which is rare: names and mailboxes change with it. */
interface Details {
  readonly displayName: string | null;
  readonly mailbox: string | null;
  readonly groups: readonly string[];
}

/** Reads everything an Asterisk holds that phones want to know. One per adapter; keeps what rarely changes. */
export class SnapshotReader {
  readonly #access: Access;
  readonly #features: AstdbFeatures;
  readonly #lamps: LampReader | null;
  #details = new Map<string, Details>();
  /** User to seconds, as last read. */
  readonly ringTimers: RingTimers = new Map();
  readonly owners: Owners;
  /** Endpoint to the names of its auth objects, as last read. */
  auths: ReadonlyMap<string, readonly string[]> = new Map();

  /** @param lamps null: lamps that are no phone cannot be read. */
  constructor(access: Access, features: AstdbFeatures, lamps: LampReader | null) {
    this.#access = access;
    this.#features = features;
    this.#lamps = lamps;
    this.owners = new Owners(features);
  }

  /** A new connection, or a reload: nothing read before counts. */
  forget(): void {
    this.#details = new Map();
    this.#lamps?.forget();
  }

  /** @param missed `older` has not seen all that happened since: what it tells of calls is asked for again. */
  async read(older: Picture | null, missed: boolean): Promise<Reading> {
    const { ami } = this.#access;
    const endpoints = await this.#phones();
    this.auths = new Map(endpoints.map((it) => [it.name, it.auths]));
    const phones = await inBatches(endpoints, (it) => this.#phone(it));
    const { contacts, facts: devices } = await this.#contacts(ami, endpoints);
    const facts: Fact[] = [...devices, ...(await this.#channels(missed ? null : older))];
    if (ami !== null) {
      const mailboxes = new Set(phones.flatMap((it) => (it.mailbox === null ? [] : [it.mailbox])));
      facts.push(...(await inBatches([...mailboxes], (it) => mailboxCounts(ami, it))).flat());
      await inBatches(phones, (it) => this.owners.read(ami, it.user));
      await this.#readRingTimers(ami, new Set(phones.flatMap((it) => present(this.owners.of(it.user)))));
      const rows = await this.database();
      for (const { user } of phones) facts.push(...this.featureFacts(user, rows));
    }
    const lamps: Partial<LampReading> & Pick<LampReading, 'facts'> = (await this.#lamps?.read()) ?? { facts: [] };
    return { phones, contacts, missed, ...lamps, facts: [...facts, ...lamps.facts] };
  }

  /** What may have changed without an event: the rows, and the ring times of those whose calls are forwarded by them. */
  async poll(phones: readonly string[]): Promise<Database> {
    const rows = await this.database();
    const { ami } = this.#access;
    const users = new Set(phones.flatMap((it) => present(this.owners.of(it))));
    const forwarded = [...users].filter((it) => this.#features.values(it, rows, 0).get('cfna')?.enabled);
    if (ami !== null) await this.#readRingTimers(ami, new Set(forwarded));
    return rows;
  }

  /** The families that hold features, whole: thousands of rows take milliseconds. */
  async database(): Promise<Database> {
    const rows = new Map<string, string>();
    const { ami } = this.#access;
    if (ami === null) return rows;
    for (const family of new Set([...this.#features.families, 'DAYNIGHT'])) {
      const answer = await ami.action('DBGetTree', [['Family', family]]);
      if (!answer.ok && !/not found/i.test(answer.message)) throw refusal('DBGetTree', answer.message);
      for (const row of answer.rows) rows.set((row['Key'] ?? '').replace(/^\//, ''), row['Val'] ?? '');
    }
    return rows;
  }

  /** What a phone shows: the features of its user; none where nobody is logged in. */
  featureFacts(phone: string, rows: Database): Fact[] {
    const user = this.owners.of(phone);
    const values = this.#features.values(
      user ?? '',
      user === null ? new Map() : rows,
      this.ringTimers.get(user ?? '') ?? 0,
    );
    return featureNames.flatMap((feature) => {
      const value = values.get(feature);
      return value === undefined ? [] : [{ fact: 'feature', user: phone, feature, value } as const];
    });
  }

  /**
   * Endpoints that are phones: they authenticate to the PBX, have a place to register, and the PBX does not log in to
   * them. Trunks lack the first, or have an outbound login.
   */
  async #phones(): Promise<Endpoint[]> {
    const { ari, ami } = this.#access;
    if (ami !== null) {
      const { rows, ok, message } = await ami.action('PJSIPShowEndpoints');
      if (!ok && !/no endpoints/i.test(message)) throw refusal('PJSIPShowEndpoints', message);
      return rows
        .filter((it) => it['Auths'] && it['Aor'] && !it['OutboundAuths'] && it['ObjectName'])
        .map((it) => ({ name: it['ObjectName'] ?? '', auths: namesIn(it['Auths']), aors: namesIn(it['Aor']) }));
    }
    if (ari === null) return [];
    const listed = await ari.get(['endpoints']);
    const names = records(listed).flatMap((it) =>
      it['technology'] === 'PJSIP' && typeof it['resource'] === 'string' ? [it['resource']] : [],
    );
    const found = await inBatches(names, async (name): Promise<Endpoint[]> => {
      const attributes = await ari.pjsip('endpoint', name);
      const auths = namesIn(attributes?.get('auth'));
      const aors = namesIn(attributes?.get('aors'));
      if (attributes === null || auths.length === 0 || aors.length === 0 || attributes.get('outbound_auth')) return [];
      const [callerid, mailboxes] = [attributes.get('callerid'), attributes.get('mailboxes')];
      this.#keep(name, callerid, mailboxes, attributes.get('named_call_group'));
      return [{ name, auths, aors }];
    });
    return found.flat();
  }

  async #phone(endpoint: Endpoint): Promise<Phone> {
    const { ami } = this.#access;
    if (!this.#details.has(endpoint.name) && ami !== null) {
      const { rows } = await ami.action('PJSIPShowEndpoint', [['Endpoint', endpoint.name]]);
      const detail = rows.find((it) => it['Event'] === 'EndpointDetail');
      const aor = rows.find((it) => it['Event'] === 'AorDetail');
      const mailboxes = detail?.['Mailboxes'] || aor?.['Mailboxes'];
      this.#keep(endpoint.name, detail?.['Callerid'], mailboxes, detail?.['NamedCallGroup']);
    }
    const details = this.#details.get(endpoint.name);
    const { displayName = null, mailbox = null, groups = [] } = details ?? {};
    return { user: endpoint.name, displayName, mailbox, groups };
  }

  #keep(
    endpoint: string,
    callerid: string | undefined,
    mailboxes: string | undefined,
    groups: string | undefined,
  ): void {
    const name = /^\s*"?([^"<]*?)"?\s*(?:<|$)/.exec(callerid ?? '')?.[1] ?? '';
    const mailbox = namesIn(mailboxes)[0] ?? null;
    this.#details.set(endpoint, {
      displayName: name === '' || name === 'unknown' || name === endpoint ? null : name,
      mailbox: mailbox === null || mailbox.includes('@') ? mailbox : `${mailbox}@default`,
      groups: namesIn(groups).filter((it) => /^[\w.+-]{1,64}$/.test(it)),
    });
  }

  async #contacts(ami: AmiLink | null, endpoints: readonly Endpoint[]): Promise<Pick<Reading, 'contacts' | 'facts'>> {
    return ami === null ? { contacts: await this.#ariContacts(endpoints), facts: [] } : readContacts(ami);
  }

  /** Without AMI only the contacts themselves are known, not whether they answer; an endpoint that is offline has none. */
  async #ariContacts(endpoints: readonly Endpoint[]): Promise<Map<string, ReadonlySet<string>>> {
    const { ari } = this.#access;
    if (ari === null) return new Map();
    const listed = await ari.get(['endpoints']);
    const offline = new Set(records(listed).flatMap((it) => (it['state'] === 'offline' ? [it['resource']] : [])));
    const found = await inBatches(endpoints, async ({ name, aors }) => {
      const lists = offline.has(name) ? [] : await inBatches(aors, (it) => ari.pjsip('aor', it));
      return [name, new Set(lists.flatMap((it) => namesIn(it?.get('contact'))))] as const;
    });
    return new Map(found);
  }

  async #readRingTimers(ami: AmiLink, users: ReadonlySet<string>): Promise<void> {
    await inBatches([...users], (user) => readRingTimer(ami, this.#features, this.ringTimers, user));
  }

  async #channels(older: Picture | null): Promise<Fact[]> {
    const { ari, ami } = this.#access;
    const rows = ami === null ? [] : (await ami.action('CoreShowChannels')).rows;
    const linkedids = new Map(rows.map((it) => [it['Uniqueid'] ?? '', it['Linkedid'] ?? '']));
    const channels: ChannelFact[] = [];
    /** Bridge to its members. */
    let bridges: readonly (readonly string[])[];
    if (ari === null) {
      for (const row of rows) channels.push(...present(amiChannel(row)));
      bridges = bridgesOf(rows);
    } else {
      const listed = await ari.get(['channels']);
      for (const it of records(listed)) channels.push(...present(ariChannel(it)));
      const bridged = await ari.get(['bridges']);
      bridges = records(bridged).map((it) =>
        Array.isArray(it['channels']) ? it['channels'].filter((id: unknown) => typeof id === 'string') : [],
      );
    }
    const fresh = channels.filter((it) => !older?.calls.has(it.id));
    const asked = new Map(await inBatches(fresh, async (it) => [it.id, await this.#ask(it, linkedids)] as const));
    const linked = channels.map((it) => {
      const { linkedid = null, placed } = asked.get(it.id) ?? {};
      return { ...it, linkedid: linkedids.get(it.id) || linkedid, ...(placed === undefined ? {} : { placed }) };
    });
    return [...linked, ...dials(linked), ...holders(bridges, asked)];
  }

  async #ask(channel: ChannelFact, linkedids: ReadonlyMap<string, string>): Promise<Asked> {
    const ask = (expression: string) => variableOf(this.#access, channel, expression);
    const talking = channel.state === 'Up';
    const isPhone = talking && channel.name.startsWith('PJSIP/') && endpointOf(channel.name) !== null;
    return {
      linkedid: linkedids.get(channel.id) || (await ask('CHANNEL(linkedid)')),
      // Only the channel that is being held knows; it may be half of a Local one.
      onhold: talking ? (await ask('CHANNEL(onhold)')) === '1' : null,
      // A click-to-dial or a pickup has another application than the direction of its INVITE lets expect.
      placed: isPhone ? (await ask('CHANNEL(pjsip,request_uri)')) !== null : undefined,
    };
  }
}

interface Asked {
  readonly linkedid: string | null;
  /** null: it does not talk. */
  readonly onhold: boolean | null;
  readonly placed: boolean | undefined;
}

/** A function of a channel, by whichever way there is. */
export async function variableOf(
  access: Access,
  channel: { readonly id: string; readonly name: string },
  expression: string,
  deadlineMs?: number,
): Promise<string | null> {
  const { ari, ami } = access;
  if (ari !== null) return ari.variable(channel.id, expression, deadlineMs);
  if (ami === null || /[\r\n\0]/.test(channel.name)) return null;
  const fields = [
    ['Channel', channel.name],
    ['Variable', expression],
  ] as const;
  const { ok, fields: answer } = await ami.action('Getvar', fields, deadlineMs);
  return (ok && answer['Value']) || null;
}

async function mailboxCounts(ami: AmiLink, mailbox: string): Promise<Fact[]> {
  const { ok, fields } = await ami.action('MailboxCount', [['Mailbox', mailbox]]);
  if (!ok) return [];
  const count = (name: string) => Math.max(Number.parseInt(fields[name] ?? '0', 10) || 0, 0);
  const counts = {
    new: count('NewMessages') + count('UrgMessages'), // as MessageWaiting counts them
    old: count('OldMessages'),
    newUrgent: count('UrgMessages'),
    oldUrgent: 0, // an urgent message that was heard is an old one like others
  };
  return [{ fact: 'mailbox', mailbox, counts }];
}

/** A phone that rings, and the phone whose call it is: nobody tells after the fact, but the linked id does. */
function dials(channels: readonly ChannelFact[]): Fact[] {
  const ringing = channels.filter((it) => it.state === 'Ringing' && it.linkedid !== null);
  return ringing.flatMap((peer) =>
    channels
      .filter((it) => it.id === peer.linkedid)
      .map((caller) => ({ fact: 'dial', caller: caller.id, peer: peer.id, status: 'RINGING' }) as const),
  );
}

/** Who pressed hold is the other one in the bridge of who is on hold. */
function holders(bridges: readonly (readonly string[])[], asked: ReadonlyMap<string, Asked>): Fact[] {
  return bridges.flatMap(([one, other, more]) => {
    if (one === undefined || other === undefined || more !== undefined) return [];
    const hold = (held: string, holder: string) => {
      const on = asked.get(held)?.onhold ?? null;
      return on === null ? [] : [{ fact: 'hold', id: holder, on } as const];
    };
    return [...hold(one, other), ...hold(other, one)];
  });
}

function bridgesOf(rows: readonly Readonly<Record<string, string>>[]): string[][] {
  const bridges = new Map<string, string[]>();
  for (const { BridgeId: bridge, Uniqueid: id } of rows) {
    if (bridge && id) bridges.set(bridge, [...(bridges.get(bridge) ?? []), id]);
  }
  return [...bridges.values()];
}

function records(list: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(list) ? list.filter((it) => typeof it === 'object' && it !== null) : [];
}

function present<T>(value: T | null): T[] {
  return value === null ? [] : [value];
}

/** Some at a time: a PBX with thousands of phones is asked politely. */
async function inBatches<T, R>(items: readonly T[], work: (item: T) => Promise<R>, size = 16): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += size) {
    results.push(...(await Promise.all(items.slice(at, at + size).map(work))));
  }
  return results;
}
