import { type Aor, domainOf } from '../../src/model/aor.ts';
import type { Clock } from '../../src/model/clock.ts';
import { Fault } from '../../src/model/errors.ts';
import { featureNames } from '../../src/model/feature.ts';
import type { Logger } from '../../src/model/logger.ts';
import type { MailboxCounts, PbxGroup } from '../../src/model/pbx-event.ts';
import { channelFact } from './channel-fact.ts';
import { type Listed, readGroups, readUsers, strangeDomains, userData, userExists } from './directory.ts';
import type { Domains } from './domains.ts';
import type { EslCommands } from './esl/commands.ts';
import type { EslEvent } from './esl-event.ts';
import { type ChannelFact, type Fact, lampKinds } from './facts.ts';
import type { FeatureBackend, Holding } from './features/backend.ts';
import { safeAor } from './features/words.ts';
import { isLamp } from './lamp-events.ts';
import {
  type LitLamps,
  readAgents,
  readChannels,
  readConferences,
  readMembers,
  readParked,
  readQueues,
} from './listings.ts';
import type { Picture, Reading, User } from './picture.ts';
import { isProfile, readRegistrations } from './registrations.ts';

const unasked =
  'the account may not ask for these lamps (esl-allowed-api): after a start they are dark until something happens';

export interface SnapshotTools {
  readonly esl: EslCommands;
  readonly domains: Domains;
  readonly backend: FeatureBackend;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Sofia profiles that phones register with. */
  readonly profiles: readonly string[];
  /** Users beside those found. */
  readonly extensions: readonly Aor[];
  /** Our own account, which is a user of the directory and no phone. */
  readonly account: string | null;
}

/** A listing of thousands may take FreeSWITCH a while; milliseconds. */
const listingMs = 30_000;

/**
 * While FreeSWITCH lists its users it answers nothing else, and for each it looks his contacts up: a listing is good for so
 * many times as long as it took.
 */
const listingShare = 60;

interface Listing {
  readonly users: readonly Listed[];
  readonly groups: readonly PbxGroup[];
  /** Clock time. */
  readonly until: number;
}

/**
 * Reads everything a FreeSWITCH holds that phones want to know. One per adapter; keeps what rarely changes. One question
 * at a time: each answer is awaited before the next, so that a key that is pressed meanwhile waits for one.
 */
export class SnapshotReader {
  readonly #tools: SnapshotTools;
  /** Users whom `list_users` does not list, and their names. */
  #unlisted = new Map<Aor, string | null>();
  /** All of them that were ever found: whose phone goes is a user still, and others watch him. */
  readonly #found = new Set<Aor>();
  /** Profiles that do not run; said once. */
  readonly #missing = new Set<string>();
  #listing: Listing | null = null;
  /** What was already warned of. */
  #strange = '';
  /** Commands that this PBX does not have, or this account may not use. */
  readonly #absent = new Set<string>();
  /** Commands for lamps that this account may not use; said once. */
  readonly #unasked = new Set<string>();

  constructor(tools: SnapshotTools) {
    this.#tools = tools;
  }

  /** A new connection: nothing read before counts. */
  forget(): void {
    this.#unlisted.clear();
    this.#missing.clear();
    this.#absent.clear();
    this.#listing = null;
  }

  /** @param older the picture of the same life and connection: what is polled anyway is taken from there. */
  async read(older: Picture | null): Promise<Reading> {
    const channels = await this.#channels(older);
    const contacts = await this.#contacts();
    const users = await this.#users(contacts);
    const lamps = await this.#lamps(channels);
    const facts: Fact[] = [...channels, ...contacts, ...lamps.facts];
    const { esl, backend } = this.#tools;
    // What is polled anyway is asked for once: the survey of a minute later would be for nothing.
    const holding = older === null ? await backend.survey(esl) : () => true;
    for (const { aor } of users) {
      facts.push(...(await this.#mailbox(aor, older)), ...(await this.#features(aor, older, holding)));
    }
    // A slot that nobody uses is in no list.
    const configured = this.#tools.extensions.filter(isLamp);
    const known = [...configured, ...lamps.lamps];
    const { lampKinds: kinds } = lamps;
    const groups = this.#listing?.groups ?? [];
    return { users, facts, lamps: known, lampKinds: kinds, gap: older === null, keyLamps: true, groups };
  }

  async #users(contacts: readonly Fact[]): Promise<readonly User[]> {
    const configured = new Set(this.#tools.extensions.filter((it) => !isLamp(it)));
    const listed = new Map((await this.#listed()).map((it) => [it.aor, it]));
    const registered = new Set(contacts.flatMap((it) => (it.fact === 'contact' ? [it.aor] : [])));
    const users: Listed[] = [...listed.values()];
    for (const aor of new Set([...configured, ...registered, ...this.#found])) {
      if (listed.has(aor)) continue;
      // Once found, he is a user while he is registered; after that the directory is asked again each time.
      if (!registered.has(aor) && !configured.has(aor)) this.#unlisted.delete(aor);
      const unlisted = await this.#unlistedUser(aor, configured.has(aor));
      if (unlisted.length === 0) this.#found.delete(aor);
      else this.#found.add(aor);
      users.push(...unlisted);
    }
    return users.map(({ aor, displayName }) => ({ aor, displayName, mailbox: aor }));
  }

  async #listed(): Promise<readonly Listed[]> {
    const { esl, domains, clock, account } = this.#tools;
    const start = clock.now();
    if (this.#listing !== null && start < this.#listing.until) return this.#listing.users;
    const listing = await esl.api('list_users', '', listingMs);
    const users = readUsers(listing, domains).filter(({ aor }) => aor !== account);
    const groups = readGroups(listing, domains).map((group) => ({
      ...group,
      members: group.members.filter((aor) => aor !== account),
    }));
    this.#warnOfStrangers(strangeDomains(listing, domains));
    const end = clock.now();
    this.#listing = { users, groups, until: end + (end - start) * listingShare };
    return users;
  }

  #warnOfStrangers(strange: readonly string[]): void {
    if (strange.length === 0 || this.#strange === strange.join()) return;
    this.#strange = strange.join();
    const message = 'FreeSWITCH has users in domains that are not served here: name them in `domain` or `domains`';
    this.#tools.logger.warn({ domains: strange }, message);
  }

  /** Somebody the listing does not have. Who is only registered must be known to the directory. */
  async #unlistedUser(aor: Aor, configured: boolean): Promise<readonly Listed[]> {
    const { esl, domains } = this.#tools;
    if (!safeAor.test(aor) || domains.canonical(domainOf(aor)) === null) return [];
    if (!this.#unlisted.has(aor)) {
      if (!configured && !(await userExists(esl, aor))) return [];
      const name = await userData(esl, aor, 'var', 'effective_caller_id_name');
      this.#unlisted.set(aor, name);
    }
    return [{ aor, displayName: this.#unlisted.get(aor) ?? null }];
  }

  async #contacts(): Promise<readonly Fact[]> {
    const { esl, domains, profiles, logger } = this.#tools;
    const facts: Fact[] = [];
    for (const profile of profiles) {
      const xml = await esl.api('sofia', `xmlstatus profile ${profile} reg`, listingMs);
      if (isProfile(xml)) {
        facts.push(...readRegistrations(xml, profile, domains));
        this.#missing.delete(profile);
      } else if (!this.#missing.has(profile)) {
        this.#missing.add(profile);
        logger.warn({ profile }, 'this sofia profile does not run: its registrations are not known');
      }
    }
    return facts;
  }

  async #channels(older: Picture | null): Promise<readonly Fact[]> {
    const { esl, domains } = this.#tools;
    const rows = readChannels(await esl.api('show', 'channels as json', listingMs), domains);
    if (rows === null) throw new Fault('pbx-unreachable', 'FreeSWITCH does not list its channels');
    const facts: Fact[] = [];
    for (const row of rows) {
      // A row has neither Call-ID nor tags, nor whose leg it answers; what is known of those does not change.
      if (older?.calls.isComplete(row.id)) facts.push(row);
      else facts.push(...(await this.#dump(row)));
    }
    return facts;
  }

  async #dump(row: ChannelFact): Promise<readonly Fact[]> {
    // The id is put into a command, and whoever originates a call may choose it.
    if (!/^[\w-]{1,64}$/.test(row.id)) return [row];
    const text = await this.#tools.esl.api('uuid_dump', `${row.id} json`);
    const dump = eventIn(text);
    // `-ERR No such channel!`: it ended between the two questions.
    if (dump === null) return text.startsWith('-ERR') ? [] : [row];
    const fact = channelFact(dump, this.#tools.domains);
    return fact === null ? [] : [fact, ...bridgeIn(dump)];
  }

  /** Lamps that are no phone, as far as the modules are loaded and the account may ask them. */
  async #lamps(channels: readonly Fact[]): Promise<Pick<Reading, 'facts' | 'lamps' | 'lampKinds'>> {
    const { domains } = this.#tools;
    const callers = new Map(channels.flatMap((it) => (it.fact === 'channel' ? [[it.id, it.caller] as const] : [])));
    const who = (id: string) => callers.get(id) ?? { number: null, name: null };
    const queues = await this.#list('callcenter_config', 'queue list', (text) => readQueues(text, domains));
    const read = {
      park: await this.#list('valet_info', '', (text) => readParked(text, who, domains)),
      conf: await this.#list('conference', 'json_list', (text) => readConferences(text, domains)),
      agent: await this.#list('callcenter_config', 'agent list', (text) => readAgents(text, domains)),
      queue: await this.#list('callcenter_config', 'queue list members', (text) => readMembers(text, domains)),
    };
    const found = Object.values(read).filter((it) => it !== null);
    return {
      facts: found.flatMap((it) => it.facts),
      lamps: [...found, ...(queues === null ? [] : [queues])].flatMap((it) => it.known),
      lampKinds: lampKinds.filter((kind) => Object.hasOwn(read, kind) && read[kind as keyof typeof read] !== null),
    };
  }

  /** null: no such module, or the account may not ask it. */
  async #list(command: string, args: string, read: (text: string) => LitLamps | null): Promise<LitLamps | null> {
    if (this.#absent.has(command)) return null;
    try {
      const text = await this.#tools.esl.api(command, args);
      if (/^-ERR .*command not found/i.test(text)) this.#absent.add(command);
      return read(text);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'pbx-refused') throw error;
      this.#absent.add(command);
      if (!this.#unasked.has(command)) this.#tools.logger.info({ command }, unasked);
      this.#unasked.add(command);
      return null;
    }
  }

  /** Asked for once: from then on events tell, and a voicemail other than mod_voicemail can tell by events only. */
  async #mailbox(aor: Aor, older: Picture | null): Promise<readonly Fact[]> {
    const known = older?.mailbox(aor);
    if (known !== undefined) return [{ fact: 'mailbox', mailbox: aor, counts: known }];
    if (this.#absent.has('vm_boxcount') || !safeAor.test(aor)) return [];
    const text = await this.#tools.esl.api('vm_boxcount', `${aor}|all`);
    if (/command not found/i.test(text)) this.#absent.add('vm_boxcount');
    const counts = boxCounts(text);
    return counts === null ? [] : [{ fact: 'mailbox', mailbox: aor, counts }];
  }

  async #features(aor: Aor, older: Picture | null, holding: Holding): Promise<readonly Fact[]> {
    const { esl, backend } = this.#tools;
    const known = featureNames.flatMap((feature) => {
      const value = older?.feature(aor, feature);
      return value === undefined ? [] : [{ fact: 'feature', aor, feature, value } as const];
    });
    if (known.length > 0) return known;
    const values = await backend.read(esl, aor, holding);
    return [...values].map(([feature, value]) => ({ fact: 'feature', aor, feature, value }) as const);
  }
}

/** The channel of `uuid_dump UUID json`, in the form of an event; null where there is none. */
export function eventIn(json: string): EslEvent | null {
  const dump = objectIn(json);
  if (dump === null) return null;
  return Object.fromEntries(Object.entries(dump).filter((it): it is [string, string] => typeof it[1] === 'string'));
}

/**
 * `new:saved:new-urgent:saved-urgent` of `vm_boxcount USER@DOMAIN|all` (mod_voicemail.c), or the new ones alone; null for
 * anything else.
 */
export function boxCounts(text: string): MailboxCounts | null {
  const all = /^(\d{1,9})(?::(\d{1,9}):(\d{1,9}):(\d{1,9}))?$/.exec(text.trim());
  if (all === null) return null;
  const [unread = 0, read = 0, urgent = 0, readUrgent = 0] = all.slice(1).map((it) => Number(it ?? 0));
  return { new: unread, old: read, newUrgent: urgent, oldUrgent: readUrgent };
}

/** Who talks with whom, from one of the two. */
function bridgeIn(dump: EslEvent): readonly Fact[] {
  const { 'Unique-ID': a, variable_bridge_uuid: b } = dump;
  return a && b ? [{ fact: 'bridge', a, b }] : [];
}

function objectIn(json: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
