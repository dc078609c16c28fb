import type { Logger } from '../../src/model/logger.ts';
import type { AmiLink } from './ami.ts';
import type { Fields } from './ami-wire.ts';
import type { AmiEvent } from './events.ts';
import type { Fact, LampKind, QueuesFact } from './facts.ts';
import {
  customState,
  dayNightRows,
  inRoom,
  lampName,
  lampOfHint,
  parked,
  readQueues,
  speakable,
} from './lamp-events.ts';
import { type AsteriskOptions, lampsOf } from './options.ts';
import { configuredAgents, freepbxAgents, freepbxFamily, rememberedFamily } from './queue-places.ts';

/** Slots of one lot: more would be a typing error in a range. */
const mostSlots = 1000;

export const noAgentRight =
  'the AMI account has no right `agent`: lamps of queues and agents follow device states and the reading of each minute, and no agent can be logged in, out or paused; it needs read and write = system,call,reporting,agent';

/** What one reading of the lamps brought. */
export interface LampReading {
  readonly facts: readonly Fact[];
  /** Lamps that are there even while dark. */
  readonly lamps: readonly string[];
  readonly unread: readonly LampKind[];
  /** Extensions of the dialplan whose hints show a lamp: `*281` to `custom+DAYNIGHT1`. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Extensions of agents, who may be in no queue now. */
  readonly agents: readonly string[];
}

/** Reads the lamps of an Asterisk that are no phone, as far as its modules are loaded and the account may ask them. */
export class LampReader {
  readonly #ami: AmiLink;
  readonly #options: AsteriskOptions;
  readonly #logger: Logger;
  /** Actions that this PBX does not have. */
  readonly #absent = new Set<string>();
  /** Actions that the account may not use; said once. */
  readonly #denied = new Set<string>();
  #rights: { readonly agent: boolean } | null = null;
  #warned = false;
  /** Read once per connection and after a reload: hints change with it, and there are thousands. */
  #aliases: ReadonlyMap<string, string> | null = null;

  constructor(ami: AmiLink, options: AsteriskOptions, logger: Logger) {
    this.#ami = ami;
    this.#options = options;
    this.#logger = logger;
  }

  /** A new connection, or a reload: other modules, other rights. */
  forget(): void {
    this.#absent.clear();
    this.#denied.clear();
    this.#rights = null;
    this.#aliases = null;
  }

  async read(): Promise<LampReading> {
    const facts: Fact[] = [];
    const lamps: string[] = [...lampsOf(this.#options)];
    const unread: LampKind[] = [];
    const take = (kind: LampKind, read: readonly Fact[] | null) => {
      if (read === null) unread.push(kind);
      else facts.push(...read);
    };
    lamps.push(...((await this.#list('Parkinglots')) ?? []).flatMap(slotsOf));
    take('park', (await this.#list('ParkedCalls'))?.flatMap((it) => parked(it, true)) ?? null);
    take('conf', await this.#conferences());
    const queues = await this.queues();
    take('queue', queues);
    if (queues === null) unread.push('agent');
    else await this.#warnOfRights(queues);
    // What Asterisk itself answers for: a list of all device states would hold each phone and each mailbox too.
    const customs = await this.#tree('CustomDevstate');
    for (const [key, state] of customs ?? [])
      facts.push(...customState(`Custom:${key.slice(key.indexOf('/') + 1)}`, state));
    // The row of a day/night switch counts, so it comes after its state.
    const flows = await this.#tree('DAYNIGHT');
    facts.push(...dayNightRows(flows ?? new Map()));
    if (customs === null) unread.push('custom');
    if (flows === null) unread.push('flow');
    this.#aliases ??= aliasesOf((await this.#list('ExtensionStateList')) ?? []);
    const aliases = inCaseOf(this.#aliases, queues ?? []);
    lamps.push(...aliases.values());
    return { facts, lamps, unread, aliases, agents: await this.#agents() };
  }

  /** Whom the configuration, FreePBX or a logout of ours calls an agent. */
  async #agents(): Promise<readonly string[]> {
    const remembered = [...((await this.#tree(rememberedFamily)) ?? new Map<string, string>()).keys()];
    const freepbx = this.#options.features === 'freepbx' ? await this.#tree(freepbxFamily) : null;
    return [
      ...configuredAgents(this.#options),
      ...remembered.map((key) => key.slice(key.indexOf('/') + 1)),
      ...freepbxAgents(freepbx ?? new Map()),
    ];
  }

  /** null: cannot be read. */
  async queues(): Promise<readonly QueuesFact[] | null> {
    const rows = await this.#list('QueueStatus');
    return rows === null ? null : [readQueues(rows)];
  }

  async #conferences(): Promise<readonly Fact[] | null> {
    const rooms = await this.#list('ConfbridgeListRooms');
    if (rooms === null) return null;
    const facts: Fact[] = [];
    for (const room of rooms.flatMap((it) => it['Conference'] ?? [])) {
      const inside = (await this.#list('ConfbridgeList', [['Conference', room]])) ?? [];
      facts.push(...inside.flatMap((it) => inRoom(it, true)));
    }
    return facts;
  }

  async #tree(family: string): Promise<Map<string, string> | null> {
    const rows = await this.#list('DBGetTree', [['Family', family]]);
    if (rows === null) return null;
    return new Map(rows.map((row) => [(row['Key'] ?? '').replace(/^\//, ''), row['Val'] ?? '']));
  }

  /** The rows of a list; null: no such action, or the account may not use it. Nothing to list is no row. */
  async #list(action: string, fields: Fields = []): Promise<readonly AmiEvent[] | null> {
    if (this.#absent.has(action)) return null;
    const { ok, message, rows } = await this.#ami.action(action, fields);
    if (ok) return rows;
    if (/invalid\/unknown command/i.test(message)) {
      this.#absent.add(action);
      return null;
    }
    // COMPAT(Asterisk): "No active conferences.", "Database entry not found": none, not an error.
    if (!/permission denied/i.test(message)) return [];
    if (!this.#denied.has(action)) {
      this.#denied.add(action);
      const fix = 'read and write = system,call,reporting';
      this.#logger.warn(
        { action },
        `the AMI account may not use ${action}, so some lamps stay as events tell; it needs ${fix}`,
      );
    }
    return null;
  }

  /** A right to write can be asked for; one to read cannot, but nobody gives the one without the other. */
  async #warnOfRights(facts: readonly QueuesFact[]): Promise<void> {
    const some = facts.some((it) => it.names.length > 0);
    if (!some || this.#rights !== null) return;
    const { ok, fields } = await this.#ami.action('ListCommands');
    this.#rights = { agent: ok && fields['QueueAdd'] !== undefined };
    if (this.#rights.agent || this.#warned) return;
    this.#warned = true;
    this.#logger.warn({}, noAgentRight);
  }
}

function aliasesOf(rows: readonly AmiEvent[]): ReadonlyMap<string, string> {
  const aliases = new Map<string, string>();
  for (const { Exten: extension = '', Hint: hint = '' } of rows) {
    const lamp = lampOfHint(hint);
    // Patterns, `_*76X.`, are nobody's number.
    if (lamp !== null && speakable.test(extension) && !extension.startsWith('_') && !aliases.has(extension)) {
      aliases.set(extension, lamp);
    }
  }
  return aliases;
}

/** COMPAT(Asterisk): `Queue:SALES` is the queue `Sales`, which its events write as queues.conf does. */
function inCaseOf(aliases: ReadonlyMap<string, string>, queues: readonly QueuesFact[]): ReadonlyMap<string, string> {
  const names = queues.flatMap((it) => it.names.map((name) => `queue+${name}`));
  const known = new Map(names.map((lamp) => [lamp.toLowerCase(), lamp]));
  return new Map([...aliases].map(([alias, lamp]) => [alias, known.get(lamp.toLowerCase()) ?? lamp]));
}

/** `park+701` to `park+720`, and `park+default` for the lot. */
function slotsOf({ Name: lot, StartSpace, StopSpace }: AmiEvent): readonly string[] {
  const [first, last] = [Number.parseInt(StartSpace ?? '', 10), Number.parseInt(StopSpace ?? '', 10)];
  const count = last >= first ? Math.min(last - first + 1, mostSlots) : 0;
  const slots = Array.from({ length: count }, (_, index) => lampName('park', String(first + index)));
  return [lampName('park', lot), ...slots].filter((it) => it !== null);
}
