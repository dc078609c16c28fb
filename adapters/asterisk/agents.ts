import type { AgentState } from '../../src/model/agent.ts';
import type { LampFact, Member } from './facts.ts';
import { lampFact, lampName } from './lamp-events.ts';

/** As the reason of a pause: wrapping up, by a key. */
export const wrapUpReason = 'workingAfterCall';
/** As the reason of a pause: logged off, of a member whom the PBX does not let be removed. */
export const loggedOffReason = 'loggedOff';

export const loggedOff: AgentState = { phase: 'loggedOff', reason: null };

/**
 * The extension of a member: `PJSIP/1001`, `SIP/1001`, `Local/1001@from-queue/n`, `Agent/1001`, `hint:1001@ext-local`;
 * null where there is none in it. COMPAT(FreePBX): `Local/FMPR-1001@…` is 1001 by way of follow-me.
 */
export function extensionOf(member: Pick<Member, 'interface' | 'stateInterface'>): string | null {
  for (const text of [member.interface, member.stateInterface]) {
    const found =
      /^(?:PJSIP|SIP|Agent|DAHDI|IAX2)\/([^/@&]+)(?:[@/].*)?$/i.exec(text) ??
      /^Local\/(?:FM(?:PR|GL)-)?([^@/&]+)@/i.exec(text) ??
      /^hint:([^@&]+)(?:@.*)?$/i.exec(text);
    if (found?.[1] !== undefined && /^[A-Za-z0-9_.*#+-]{1,64}$/.test(found[1])) return found[1];
  }
  return null;
}

/** How long after a call the members of a queue are left alone, in seconds, where the configuration says; else undefined. */
export type WrapUps = ReadonlyMap<string, number>;

/**
 * Who is in which queue, and so what each agent is. One extension may be a member of several queues, and by several
 * interfaces:
 * - in no queue, or in all of them only as a fixed member that is logged off: `loggedOff`;
 * - else `ready` where a call may come from one queue at least;
 * - else `workingAfterCall` where one of them is wrapping up;
 * - else `notReady`, with the reason of the newest pause that has one.
 */
export class AgentTable {
  readonly #now: () => number;
  readonly #wrapUps: WrapUps;
  /** Extension to its memberships; agents that are logged off have none. */
  readonly #agents = new Map<string, Map<string, Member>>();
  /** When the end of a member's last call was learnt, by our clock: that of the PBX may go ahead. */
  readonly #ends = new Map<string, { readonly lastCall: number; readonly at: number }>();

  constructor(now: () => number, wrapUps: WrapUps, known: Iterable<string>) {
    this.#now = now;
    this.#wrapUps = wrapUps;
    for (const extension of known) this.#agents.set(extension, new Map());
  }

  get extensions(): readonly string[] {
    return [...this.#agents.keys()];
  }

  /** Of one extension. */
  members(extension: string): readonly Member[] {
    return [...(this.#agents.get(extension)?.values() ?? [])];
  }

  /** As an event tells it. The extension that may be another agent now. */
  set(member: Member, present: boolean): readonly string[] {
    const extension = extensionOf(member);
    if (extension === null) return [];
    const before = this.#agents.get(extension)?.get(keyOf(member));
    // app_queue counts a call as over a moment before or after it tells so.
    const lastCall = Math.max(member.lastCall, before?.lastCall ?? 0);
    return this.#put(extension, { ...member, lastCall, inCall: before?.inCall ?? false }, present);
  }

  /** A call of a queue begins or ends at a member. */
  serve(queue: string, iface: string, on: boolean): readonly string[] {
    const extension = extensionOf({ interface: iface, stateInterface: '' }) ?? this.#holderOf(queue, iface);
    const member = this.#agents.get(extension ?? '')?.get(keyOf({ queue, interface: iface }));
    if (extension === null || member === undefined) return [];
    const lastCall = on ? member.lastCall : Math.max(member.lastCall, Math.floor(this.#now() / 1000));
    return this.#put(extension, { ...member, lastCall, inCall: on }, true);
  }

  #holderOf(queue: string, iface: string): string | null {
    const key = keyOf({ queue, interface: iface });
    return [...this.#agents].find(([, members]) => members.has(key))?.[0] ?? null;
  }

  #put(extension: string, member: Member, present: boolean): readonly string[] {
    const members = this.#agents.get(extension) ?? new Map<string, Member>();
    this.#agents.set(extension, members);
    const key = keyOf(member);
    if (present) members.set(key, member);
    else members.delete(key);
    const { lastCall } = member;
    if (!present) this.#ends.delete(key);
    else if (this.#ends.get(key)?.lastCall !== lastCall) this.#ends.set(key, { lastCall, at: this.#now() });
    return [extension];
  }

  /** All members there are. */
  replace(list: readonly Member[]): readonly string[] {
    const before = this.extensions;
    for (const members of this.#agents.values()) members.clear();
    return [...new Set([...before, ...list.flatMap((it) => this.#list(it))])];
  }

  #list(member: Member): readonly string[] {
    const extension = extensionOf(member);
    return extension === null ? [] : this.#put(extension, member, true);
  }

  /** Agents stay agents when they log off. */
  inherit(older: AgentTable): void {
    for (const extension of older.extensions) {
      if (!this.#agents.has(extension)) this.#agents.set(extension, new Map());
    }
    for (const [key, end] of older.#ends) if (this.#ends.get(key)?.lastCall === end.lastCall) this.#ends.set(key, end);
  }

  /** null: no agent. */
  state(extension: string): AgentState | null {
    const members = this.#agents.get(extension);
    if (members === undefined) return null;
    const active = [...members.values()].filter((it) => !isLoggedOff(it));
    if (active.length === 0) return loggedOff;
    const paused = active.filter((it) => it.paused);
    const open = active.filter((it) => !it.paused);
    if (open.some((it) => this.#wrapsUpUntil(it) === null)) return { phase: 'ready', reason: null };
    if (open.length > 0 || paused.some((it) => it.pauseReason === wrapUpReason)) {
      return { phase: 'workingAfterCall', reason: null };
    }
    const newest = paused
      .filter((it) => it.pauseReason !== '')
      .sort((a, b) => b.lastPause - a.lastPause || (a.queue < b.queue ? -1 : 1));
    return { phase: 'notReady', reason: newest[0]?.pauseReason ?? null };
  }

  /**
   * `agent+1001`: on while he is logged in, and with a caller of a queue the queue's name beside it; a break blinks;
   * logged off is dark.
   */
  lamp(extension: string): LampFact | null {
    const state = this.state(extension);
    const phase =
      state === null || state.phase === 'loggedOff' ? null : state.phase === 'notReady' ? 'early' : 'confirmed';
    const serving = this.members(extension).find((it) => it.inCall)?.queue ?? null;
    const queue = serving === null ? null : { channel: '', channelName: '', number: serving, name: null };
    return lampFact(lampName('agent', extension), { subject: phase ?? '', phase, caller: queue, sole: true });
  }

  /** When the first of the wrap-ups under way ends, by our clock; null = none is. */
  get nextEnd(): number | null {
    const ends = [...this.#agents.values()].flatMap((members) =>
      [...members.values()].flatMap((it) => this.#wrapsUpUntil(it) ?? []),
    );
    return ends.length === 0 ? null : Math.min(...ends);
  }

  /** app_queue offers no call to a member for so long after his last one. */
  #wrapsUpUntil(member: Member): number | null {
    if (member.paused || member.inCall || member.lastCall === 0) return null;
    const seconds = member.wrapUp || (this.#wrapUps.get(member.queue) ?? 0);
    const learnt = this.#ends.get(keyOf(member))?.at ?? member.lastCall * 1000;
    const end = Math.min(learnt, member.lastCall * 1000) + seconds * 1000;
    return end > this.#now() ? end : null;
  }
}

function keyOf({ queue, interface: iface }: Pick<Member, 'queue' | 'interface'>): string {
  return `${queue} ${iface}`;
}

function isLoggedOff({ paused, pauseReason }: Member): boolean {
  return paused && pauseReason === loggedOffReason;
}
