import type { AgentState, AgentWish } from '../../src/model/agent.ts';
import { userOf } from '../../src/model/aor.ts';
import type { Logger } from '../../src/model/logger.ts';
import { granted, type Outcome, refused } from '../../src/model/outcome.ts';
import { AgentTable, extensionOf, loggedOff, loggedOffReason, type WrapUps, wrapUpReason } from './agents.ts';
import { type AmiAnswer, type AmiLink, refusal } from './ami.ts';
import type { Fields } from './ami-wire.ts';
import type { Fact, Member } from './facts.ts';
import { isSafeUser } from './features/astdb.ts';
import { readRow } from './features/rows.ts';
import { readQueues } from './lamp-events.ts';
import type { AsteriskOptions } from './options.ts';
import {
  configuredWrapUps,
  freepbxFamily,
  type Place,
  placesOf,
  read,
  rememberedFamily,
  written,
} from './queue-places.ts';

/** What a wish led to, and what the PBX holds of this agent now. */
export interface AgentWritten {
  readonly outcome: Outcome<AgentState>;
  readonly facts: readonly Fact[];
}

/**
 * Logs agents in and out of their queues and pauses them, by AMI's QueueAdd, QueueRemove and QueuePause (class `agent`).
 * One agent's writes follow one another.
 */
export class AgentWriter {
  readonly #ami: AmiLink;
  readonly #options: AsteriskOptions;
  readonly #wrapUps: WrapUps;
  readonly #now: () => number;
  readonly #logger: Logger;
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(ami: AmiLink, options: AsteriskOptions, now: () => number, logger: Logger) {
    this.#ami = ami;
    this.#options = options;
    this.#wrapUps = configuredWrapUps(options);
    this.#now = now;
    this.#logger = logger;
  }

  /** Rejects where the PBX cannot be asked, or the account may not. `name`: as the PBX shows him. */
  write(wish: AgentWish, name: string | null): Promise<AgentWritten> {
    const extension = userOf(wish.aor);
    const before = this.#turns.get(extension) ?? Promise.resolve();
    const mine = before.then(() => this.#write(extension, wish, name));
    const settled = mine.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(extension, settled);
    return mine.finally(() => {
      if (this.#turns.get(extension) === settled) this.#turns.delete(extension);
    });
  }

  async #write(extension: string, wish: AgentWish, name: string | null): Promise<AgentWritten> {
    if (!isSafeUser(extension))
      return { outcome: refused('no-agent', 'no member of a queue has such a name'), facts: [] };
    const before = await this.#members(extension);
    if (wish.phase === 'loggedOff') await this.#logOff(extension, before);
    else {
      const members = before.length > 0 ? before : await this.#logOn(extension, wish.phase !== 'ready', name);
      if (members.length === 0) return { outcome: refused('no-agent', 'he belongs to no queue'), facts: [] };
      const reason = wish.phase === 'workingAfterCall' ? wrapUpReason : oneLine(wish.reason ?? '');
      await this.#pause(members, wish.phase !== 'ready', reason);
    }
    const after = await this.#members(extension);
    const table = new AgentTable(this.#now, this.#wrapUps, [extension]);
    for (const member of after) table.set(member, true);
    const gone = before.filter((it) => !after.some((now) => now.queue === it.queue && now.interface === it.interface));
    return {
      outcome: granted(table.state(extension) ?? loggedOff),
      facts: [
        ...gone.map((member) => ({ fact: 'member', member, present: false }) as const),
        ...after.map((member) => ({ fact: 'member', member, present: true }) as const),
      ],
    };
  }

  async #members(extension: string): Promise<readonly Member[]> {
    const { ok, message, rows } = await this.#ami.action('QueueStatus');
    if (!ok) throw refusal('QueueStatus', message);
    return readQueues(rows).members.filter((it) => extensionOf(it) === extension);
  }

  async #logOn(extension: string, paused: boolean, name: string | null): Promise<readonly Pick<Member, 'interface'>[]> {
    const freepbx = this.#options.features === 'freepbx' ? await this.#tree(freepbxFamily) : new Map<string, string>();
    const remembered = read(await readRow(this.#ami, rememberedFamily, extension));
    const added: Place[] = [];
    for (const place of placesOf(extension, this.#options, freepbx, remembered)) {
      const fields: Fields = [
        ['Queue', place.queue],
        ['Interface', place.interface],
        ['Penalty', place.penalty],
        // Nobody is called between the login and the pause that he wished.
        ['Paused', paused ? 'true' : 'false'],
        ['MemberName', oneLine(name ?? extension)],
        ...(place.stateInterface === '' ? [] : [['StateInterface', place.stateInterface] as const]),
      ];
      const answer = await this.#ami.action('QueueAdd', fields);
      if (answer.ok || /already there/i.test(answer.message)) added.push(place);
      else this.#failed('QueueAdd', answer, place.queue);
      await this.#toggleState(extension, place.queue, true);
    }
    return added;
  }

  async #logOff(extension: string, members: readonly Member[]): Promise<void> {
    const dynamic = members.filter((it) => !it.fixed);
    if (dynamic.length > 0) {
      // First of all: a crash after the removal must not make him belong to nowhere.
      await this.#must('DBPut', [
        ['Family', rememberedFamily],
        ['Key', extension],
        ['Val', written(dynamic)],
      ]);
    }
    for (const { queue, interface: iface } of dynamic) {
      const answer = await this.#ami.action('QueueRemove', [
        ['Queue', queue],
        ['Interface', iface],
      ]);
      if (!answer.ok && !/not there/i.test(answer.message)) this.#failed('QueueRemove', answer, queue);
      await this.#toggleState(extension, queue, false);
    }
    for (const { queue, interface: iface } of members.filter((it) => it.fixed)) {
      await this.#pauseOne(iface, true, loggedOffReason, queue);
    }
  }

  /** In all queues at once: QueuePause without a queue. */
  async #pause(members: readonly Pick<Member, 'interface'>[], paused: boolean, reason: string): Promise<void> {
    for (const iface of new Set(members.map((it) => it.interface))) await this.#pauseOne(iface, paused, reason);
  }

  async #pauseOne(iface: string, paused: boolean, reason: string, queue?: string): Promise<void> {
    await this.#must('QueuePause', [
      ['Interface', iface],
      ['Paused', paused ? 'true' : 'false'],
      ...(queue === undefined ? [] : [['Queue', queue] as const]),
      ...(paused && reason !== '' ? [['Reason', reason] as const] : []),
    ]);
  }

  /** COMPAT(FreePBX): what its own codes set, and its `*45` hints look at. Asterisk's queue counts, so a lack is no refusal. */
  async #toggleState(extension: string, queue: string, inside: boolean): Promise<void> {
    if (this.#options.features !== 'freepbx' || !isSafeUser(queue)) return;
    await this.#ami.action('Setvar', [
      ['Variable', `DEVICE_STATE(Custom:QUEUE${extension}*${queue})`],
      ['Value', inside ? 'INUSE' : 'NOT_INUSE'],
    ]);
  }

  async #tree(family: string): Promise<ReadonlyMap<string, string>> {
    const { rows } = await this.#ami.action('DBGetTree', [['Family', family]]);
    return new Map(rows.map((row) => [(row['Key'] ?? '').replace(/^\//, ''), row['Val'] ?? '']));
  }

  async #must(action: string, fields: Fields): Promise<void> {
    const { ok, message } = await this.#ami.action(action, fields);
    if (!ok) throw refusal(action, message, rightsOf(action));
  }

  /** Of several queues one may be gone: the others count. A lack of rights concerns all. */
  #failed(action: string, { message }: AmiAnswer, queue: string): void {
    if (/permission denied/i.test(message)) throw refusal(action, message, rightsOf(action));
    this.#logger.warn({ queue }, `${action} refused: ${message}`);
  }
}

/** AMI knows no quoting: a line break would be another header. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ');
}

function rightsOf(action: string): string {
  return action.startsWith('Queue') ? 'system,call,reporting,agent' : 'system,call,reporting';
}
