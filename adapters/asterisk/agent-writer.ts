import type { AgentWish } from '../../src/model/agent.ts';
import { userOf } from '../../src/model/aor.ts';
import type { Logger } from '../../src/model/logger.ts';
import { granted, type Outcome, refused } from '../../src/model/outcome.ts';
import { extensionOf, loggedOffReason, wrapUpReason } from './agents.ts';
import { type AmiAnswer, type AmiLink, refusal } from './ami.ts';
import type { Fields } from './ami-wire.ts';
import type { Fact, Member } from './facts.ts';
import { isSafeUser } from './features/astdb.ts';
import { readRow } from './features/rows.ts';
import { readQueues } from './lamp-events.ts';
import type { AsteriskOptions } from './options.ts';
import { freepbxFamily, type Place, placesOf, read, rememberedFamily, written } from './queue-places.ts';

export interface AgentWriterTools {
  readonly ami: AmiLink;
  readonly options: AsteriskOptions;
  readonly now: () => number;
  readonly logger: Logger;
  readonly feed: (fact: Fact) => void;
}

/**
 * Logs agents in and out of their queues and pauses them, by AMI's QueueAdd, QueueRemove and QueuePause (class `agent`).
 * One agent's writes follow one another. What the PBX holds afterwards is read and fed, for an account that hears no events
 * of queues, and however late it is.
 */
export class AgentWriter {
  readonly #tools: AgentWriterTools;
  readonly #turns = new Map<string, Promise<unknown>>();
  /** Extension to all the queues of a login or logout that broke off in the middle: in some of them he is, in others not. */
  readonly #unfinished = new Map<string, readonly Place[]>();

  constructor(tools: AgentWriterTools) {
    this.#tools = tools;
  }

  /**
   * Rejects where the PBX cannot be asked, or the account may not.
   * @param name as the PBX shows him.
   * @param until nothing is begun later than this; milliseconds since the epoch.
   */
  write(wish: AgentWish, name: string | null, until: number): Promise<Outcome<null>> {
    const extension = userOf(wish.aor);
    const before = this.#turns.get(extension) ?? Promise.resolve();
    const mine = before.then(() => this.#write(extension, wish, name, until));
    const settled = mine.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(extension, settled);
    return mine.finally(() => {
      if (this.#turns.get(extension) === settled) this.#turns.delete(extension);
    });
  }

  async #write(extension: string, wish: AgentWish, name: string | null, until: number): Promise<Outcome<null>> {
    if (!isSafeUser(extension)) return refused('no-agent', 'no member of a queue has such a name');
    const before = await this.#members(extension);
    // Who wished it was told that it failed: nothing is begun behind his back. What was begun is brought to its end.
    if (this.#tools.now() >= until) return refused('pbx-timeout', 'the PBX was busy for too long');
    if (wish.phase === 'loggedOff') await this.#logOff(extension, before);
    else {
      const isIn = before.length > 0 && !this.#unfinished.has(extension);
      const members = isIn ? before : await this.#logOn(extension, wish.phase !== 'ready', name);
      if (members.length === 0) return refused('no-agent', 'he belongs to no queue');
      const reason = wish.phase === 'workingAfterCall' ? wrapUpReason : plain(wish.reason ?? '');
      await this.#pause(members, wish.phase !== 'ready', reason);
    }
    await this.#members(extension, (after) => this.#tell(before, after));
    return granted(null);
  }

  #tell(before: readonly Member[], after: readonly Member[]): void {
    const gone = before.filter((it) => !after.some((now) => now.queue === it.queue && now.interface === it.interface));
    for (const member of gone) this.#tools.feed({ fact: 'member', member, present: false });
    for (const member of after) this.#tools.feed({ fact: 'member', member, present: true });
  }

  /** @param atOnce before any event that comes after the list: what is told later is newer. */
  async #members(extension: string, atOnce?: (members: readonly Member[]) => void): Promise<readonly Member[]> {
    const of = (rows: AmiAnswer['rows']) => readQueues(rows).members.filter((it) => extensionOf(it) === extension);
    const answer = await this.#tools.ami.action('QueueStatus', [], undefined, (it) => {
      if (it.ok) atOnce?.(of(it.rows));
    });
    if (!answer.ok) throw refusal('QueueStatus', answer.message);
    return of(answer.rows);
  }

  async #logOn(extension: string, paused: boolean, name: string | null): Promise<readonly Pick<Member, 'interface'>[]> {
    const places = this.#unfinished.get(extension) ?? (await this.#placesOf(extension));
    this.#unfinished.set(extension, places);
    const added: Place[] = [];
    for (const place of places) {
      const fields: Fields = [
        ['Queue', place.queue],
        ['Interface', place.interface],
        ['Penalty', place.penalty],
        // Nobody is called between the login and the pause that he wished.
        ['Paused', paused ? 'true' : 'false'],
        ['MemberName', plain(name ?? extension)],
        ...(place.stateInterface === '' ? [] : [['StateInterface', place.stateInterface] as const]),
      ];
      const answer = await this.#tools.ami.action('QueueAdd', fields);
      if (answer.ok || /already there/i.test(answer.message)) {
        added.push(place);
        await this.#toggleState(extension, place.queue, true);
      } else this.#failed('QueueAdd', answer, place.queue);
    }
    this.#unfinished.delete(extension);
    return added;
  }

  async #placesOf(extension: string): Promise<readonly Place[]> {
    const { ami, options } = this.#tools;
    const freepbx = options.features === 'freepbx' ? await this.#tree(freepbxFamily) : new Map<string, string>();
    return placesOf(extension, options, freepbx, read(await readRow(ami, rememberedFamily, extension)));
  }

  async #logOff(extension: string, members: readonly Member[]): Promise<void> {
    const dynamic = members.filter((it) => !it.fixed);
    const left = (this.#unfinished.get(extension) ?? []).filter(
      ({ queue }) => !dynamic.some((it) => it.queue === queue),
    );
    const places = [...dynamic, ...left];
    if (dynamic.length > 0) {
      // First of all: a crash after the removal must not make him belong to nowhere.
      await this.#must('DBPut', [
        ['Family', rememberedFamily],
        ['Key', extension],
        ['Val', written(places)],
      ]);
      this.#unfinished.set(extension, places);
    }
    for (const { queue, interface: iface } of dynamic) {
      const answer = await this.#tools.ami.action('QueueRemove', [
        ['Queue', queue],
        ['Interface', iface],
      ]);
      if (!answer.ok && !/not there/i.test(answer.message)) this.#failed('QueueRemove', answer, queue);
      await this.#toggleState(extension, queue, false);
    }
    for (const { queue, interface: iface } of members.filter((it) => it.fixed)) {
      await this.#pauseOne(iface, true, loggedOffReason, queue);
    }
    this.#unfinished.delete(extension);
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
    if (this.#tools.options.features !== 'freepbx' || !isSafeUser(queue)) return;
    await this.#tools.ami.action('Setvar', [
      ['Variable', `DEVICE_STATE(Custom:QUEUE${extension}*${queue})`],
      ['Value', inside ? 'INUSE' : 'NOT_INUSE'],
    ]);
  }

  async #tree(family: string): Promise<ReadonlyMap<string, string>> {
    const { rows } = await this.#tools.ami.action('DBGetTree', [['Family', family]]);
    return new Map(rows.map((row) => [(row['Key'] ?? '').replace(/^\//, ''), row['Val'] ?? '']));
  }

  async #must(action: string, fields: Fields): Promise<void> {
    const { ok, message } = await this.#tools.ami.action(action, fields);
    if (!ok) throw refusal(action, message, rightsOf(action));
  }

  /** Of several queues one may be gone: the others count. A lack of rights concerns all. */
  #failed(action: string, { message }: AmiAnswer, queue: string): void {
    if (/permission denied/i.test(message)) throw refusal(action, message, rightsOf(action));
    this.#tools.logger.warn({ queue }, `${action} refused: ${message}`);
  }
}

/**
 * AMI knows no quoting: a line break would be another header. COMPAT(Asterisk): `Queue/PersistentMembers` parts members by
 * `,` and `|` and their fields by `;`; at one that it cannot read, all members after it are out of the queue at the restart.
 */
function plain(text: string): string {
  return text.replaceAll(/[\p{Cc},;|]/gu, ' ');
}

function rightsOf(action: string): string {
  return action.startsWith('Queue') ? 'system,call,reporting,agent' : 'system,call,reporting';
}
