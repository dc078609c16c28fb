import { type DialogPhase, type Direction, mayAdvance, type Party } from '../../src/model/dialog-state.ts';
import type { Leg } from '../../src/model/pbx-event.ts';
import type { ChannelFact, Details, Fact } from './facts.ts';

interface Channel {
  readonly id: string;
  name: string;
  readonly direction: Direction;
  /** What the phone dialled; its connected line is empty until somebody is called. */
  readonly dialled: string | null;
  phase: DialogPhase;
  connected: { number: string | null; name: string | null };
  /** null: nobody has said. */
  holding: boolean | null;
  since: number;
  callId: string | null;
  linkedid: string | null;
  dialledBy: string | null;
  /** The channel's own identity is withheld: whoever it calls must not be told. */
  withheld: boolean;
  details: Details;
  /** Somebody asks the PBX for details: a leg not shown yet waits for them. */
  asking: boolean;
  /** The call key once told: it never changes afterwards, whatever is linked with what. */
  call: string | null;
}

export interface Wanting {
  readonly name: string;
  readonly phase: DialogPhase;
  readonly tags: boolean;
  /** Not all sources and versions tell it. */
  readonly callId: boolean;
  readonly withheld: boolean;
}

/** `PJSIP/1001-0000000e`: technology, endpoint. Local/…, CBAnn/… and the like have no phone behind them. */
const phoneChannel = /^(?:PJSIP|SIP)\/(.+)-[0-9a-f]{8,}$/;

/** The endpoint of a channel; null where it is nobody's phone. */
export function endpointOf(channelName: string): string | null {
  return phoneChannel.exec(channelName)?.[1] ?? null;
}

/**
 * The channels of a PBX and the legs they are. Takes facts in any sensible order, more than once, and from either
 * source: phases only move forward, and a channel that is gone stays gone.
 */
export class CallTable {
  readonly #channels = new Map<string, Channel>();
  readonly #byEndpoint = new Map<string, Set<string>>();
  readonly #byName = new Map<string, string>();
  /** Facts about a channel may overtake its birth: `linked` comes from the other socket. */
  readonly #early = new Map<string, string>();
  /** Ids are never used twice; the last few that ended are kept, so that a late fact does not revive one. */
  readonly #ended = new Set<string>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Endpoints whose legs may have changed. */
  apply(fact: Fact): ReadonlySet<string> {
    const touched = new Set<string>();
    switch (fact.fact) {
      case 'channel':
        this.#seen(fact, touched);
        break;
      case 'linked':
        this.#linked(fact.id, fact.linkedid);
        break;
      case 'dial':
        this.#dial(fact.caller, fact.peer, fact.status, touched);
        break;
      case 'gone':
        this.#gone(fact.id, touched);
        break;
      default: {
        if (!('id' in fact)) break;
        const channel = this.#channels.get(fact.id);
        if (channel === undefined) break;
        if (fact.fact === 'hold') channel.holding = fact.on;
        if (fact.fact === 'caller-withheld') channel.withheld = fact.withheld;
        if (fact.fact === 'asking') channel.asking = fact.on && channel.phase === 'trying';
        if (fact.fact === 'details') {
          channel.details = merged(channel.details, fact);
          channel.callId ??= fact.callId ?? null;
        }
        this.#touch(channel, touched);
        // Whoever is called by it shows its identity.
        if (fact.fact === 'caller-withheld') for (const it of this.#channels.values()) this.#touch(it, touched);
      }
    }
    return touched;
  }

  /** The complete list of an endpoint's legs, oldest first. */
  legs(endpoint: string): readonly Leg[] {
    const legs: Leg[] = [];
    for (const id of this.#byEndpoint.get(endpoint) ?? []) {
      const channel = this.#channels.get(id);
      const leg = channel === undefined ? null : this.#leg(channel, endpoint);
      if (leg !== null) legs.push(leg);
    }
    return legs.sort((a, b) => a.since - b.since || (a.id < b.id ? -1 : 1));
  }

  get endpoints(): Iterable<string> {
    return this.#byEndpoint.keys();
  }

  /**
   * Takes over from an older picture what a fresh one cannot ask the PBX, or what events tell better: who holds, tags, the key
   * as told. `missed`: the older one has not seen all events.
   */
  inherit(older: CallTable, missed: boolean): void {
    for (const [id, channel] of this.#channels) {
      const before = older.#channels.get(id);
      if (before === undefined) continue;
      if (!missed || channel.holding === null) channel.holding = before.holding;
      channel.withheld = before.withheld;
      channel.details = merged(before.details, channel.details);
      channel.call = before.call ?? channel.call;
      channel.dialledBy ??= before.dialledBy;
      channel.linkedid ??= before.linkedid;
      channel.callId ??= before.callId;
      if (mayAdvance(channel.phase, before.phase)) channel.phase = before.phase;
      if (channel.direction !== before.direction) this.#channels.set(id, { ...channel, direction: before.direction });
    }
    // A PBX may list a channel a moment longer than it lives; its end was told before and will not be told again.
    for (const id of older.#ended) this.#gone(id, new Set());
  }

  has(id: string): boolean {
    return this.#channels.has(id);
  }

  /** It was there, and is gone. */
  hasEnded(id: string): boolean {
    return this.#ended.has(id);
  }

  get ids(): Iterable<string> {
    return this.#channels.keys();
  }

  /** What is still to be asked about a phone's channel; null = nothing. */
  wanting(id: string): Wanting | null {
    const channel = this.#channels.get(id);
    if (channel === undefined || endpointOf(channel.name) === null) return null;
    const { name, phase, direction, details } = channel;
    const called = direction === 'recipient';
    // Only a call that reached a phone can be picked up there.
    const tags = called && phase !== 'trying' && !(details.localTag && details.remoteTag);
    const withheld = called && (channel.dialledBy !== null || phase !== 'trying') && details.withheld === undefined;
    return tags || withheld ? { name, phase, tags, withheld, callId: channel.callId === null } : null;
  }

  #seen(fact: ChannelFact, touched: Set<string>): void {
    if (this.#ended.has(fact.id)) return;
    const channel = this.#channels.get(fact.id) ?? this.#born(fact);
    if (fact.name !== channel.name) this.#rename(channel, fact.name, touched);
    if (fact.connectedNumber !== null || fact.connectedName !== null) {
      channel.connected = { number: fact.connectedNumber, name: fact.connectedName };
    }
    channel.callId = fact.callId ?? channel.callId;
    channel.linkedid = fact.linkedid ?? channel.linkedid;
    advance(channel, phaseOf(fact.state, channel.direction));
    this.#touch(channel, touched);
  }

  #born(fact: ChannelFact): Channel {
    const direction = directionOf(fact);
    const channel: Channel = {
      id: fact.id,
      name: fact.name,
      direction,
      dialled: direction === 'initiator' && fact.exten !== null && fact.exten.length > 1 ? fact.exten : null,
      phase: 'trying',
      connected: { number: null, name: null },
      holding: null,
      since: fact.since ?? this.#now(),
      callId: fact.callId,
      linkedid: fact.linkedid ?? this.#early.get(fact.id) ?? null,
      dialledBy: null,
      withheld: false,
      details: {},
      asking: false,
      call: null,
    };
    this.#early.delete(fact.id);
    this.#channels.set(channel.id, channel);
    this.#byName.set(channel.name, channel.id);
    this.#index(channel);
    return channel;
  }

  #linked(id: string, linkedid: string): void {
    const channel = this.#channels.get(id);
    if (channel !== undefined) channel.linkedid ??= linkedid;
    else if (!this.#ended.has(id)) remember(this.#early, id, linkedid);
  }

  #dial(callerId: string | null, peerId: string, status: string, touched: Set<string>): void {
    const peer = this.#channels.get(peerId);
    const caller = callerId === null ? undefined : this.#channels.get(callerId);
    if (peer !== undefined && callerId !== null) peer.dialledBy = callerId;
    // The phone has placed a call that now rings somewhere. A phone that was called and calls on stays what it is.
    if (caller !== undefined && (status === 'RINGING' || status === 'PROGRESS') && caller.direction === 'initiator') {
      advance(caller, 'early');
    }
    if (peer !== undefined) this.#touch(peer, touched);
    if (caller !== undefined) this.#touch(caller, touched);
  }

  #gone(id: string, touched: Set<string>): void {
    this.#ended.add(id);
    for (const oldest of this.#ended) {
      if (this.#ended.size <= 2000) break;
      this.#ended.delete(oldest);
    }
    this.#early.delete(id);
    const channel = this.#channels.get(id);
    if (channel === undefined) return;
    this.#touch(channel, touched);
    this.#channels.delete(id);
    if (this.#byName.get(channel.name) === id) this.#byName.delete(channel.name);
    this.#unindex(channel);
  }

  /** A masquerade or a rename gives a channel another name, and so maybe another phone. */
  #rename(channel: Channel, name: string, touched: Set<string>): void {
    this.#touch(channel, touched);
    this.#unindex(channel);
    if (this.#byName.get(channel.name) === channel.id) this.#byName.delete(channel.name);
    channel.name = name;
    this.#byName.set(name, channel.id);
    this.#index(channel);
  }

  #index(channel: Channel): void {
    const endpoint = endpointOf(channel.name);
    if (endpoint === null) return;
    const ids = this.#byEndpoint.get(endpoint);
    if (ids === undefined) this.#byEndpoint.set(endpoint, new Set([channel.id]));
    else ids.add(channel.id);
  }

  #unindex(channel: Channel): void {
    const endpoint = endpointOf(channel.name);
    if (endpoint === null) return;
    const ids = this.#byEndpoint.get(endpoint);
    ids?.delete(channel.id);
    if (ids?.size === 0) this.#byEndpoint.delete(endpoint);
  }

  #touch(channel: Channel, touched: Set<string>): void {
    const endpoint = endpointOf(channel.name);
    if (endpoint !== null) touched.add(endpoint);
  }

  #leg(channel: Channel, endpoint: string): Leg | null {
    // The PBX calls a phone that has not answered in any way: nobody hears it ring.
    if (channel.direction === 'recipient' && channel.phase === 'trying') return null;
    // Told once, with everything, some milliseconds later: a lamp that changes twice a second makes phones lag.
    if (channel.asking && channel.phase === 'early') return null;
    channel.call ??= this.#callOf(channel);
    const { localTag, remoteTag } = channel.details;
    return {
      id: channel.id,
      call: channel.call,
      phase: channel.phase,
      direction: channel.direction,
      holding: channel.holding ?? false,
      remote: this.#remote(channel, endpoint),
      since: channel.since,
      // One without the others is of no use, and would be one more change to tell.
      ...(channel.callId !== null && localTag && remoteTag ? { callId: channel.callId, localTag, remoteTag } : {}),
    };
  }

  #remote(channel: Channel, endpoint: string): Party {
    const { number, name } = channel.connected;
    // A phone's connected line names itself now and then (a call to itself is none), and Local channels start with `s`.
    const sensible = number !== null && number !== endpoint && number !== 's';
    if (channel.direction === 'initiator') {
      return sensible
        ? { number, name, presentable: true }
        : { number: channel.dialled, name: null, presentable: true };
    }
    const withheld = channel.details.withheld ?? this.#callerWithheld(channel);
    return { number: sensible ? number : null, name: sensible ? name : null, presentable: !withheld };
  }

  /** Whoever placed the call, through however many hops, withholds himself. */
  #callerWithheld(channel: Channel): boolean {
    return this.#chain(channel).some((it) => it.withheld);
  }

  /** Linkedid, or where the source does not tell it: the first channel of the chain of dials, which is the same. */
  #callOf(channel: Channel): string {
    if (channel.linkedid !== null) return channel.linkedid;
    const chain = this.#chain(channel);
    const root = chain[chain.length - 1] ?? channel;
    return root.call ?? root.linkedid ?? root.id;
  }

  /** The channel, who dialled it, who dialled that, …; through both halves of Local channels. */
  #chain(channel: Channel): readonly Channel[] {
    const chain: Channel[] = [channel];
    for (let at: Channel | undefined = channel; at !== undefined && chain.length < 32; ) {
      const next: Channel | undefined = this.#before(at);
      if (next === undefined || chain.includes(next)) break;
      chain.push(next);
      at = next;
    }
    return chain;
  }

  #before(channel: Channel): Channel | undefined {
    if (channel.dialledBy !== null) return this.#channels.get(channel.dialledBy);
    if (!channel.name.startsWith('Local/') || !channel.name.endsWith(';2')) return undefined;
    const otherHalf = this.#byName.get(`${channel.name.slice(0, -1)}1`);
    return otherHalf === undefined ? undefined : this.#channels.get(otherHalf);
  }
}

/** `Ring`: the phone placed the call. `Down`: the PBX calls the phone. Later only the application tells. */
function directionOf(fact: ChannelFact): Direction {
  if (fact.placed !== undefined) return fact.placed ? 'initiator' : 'recipient';
  if (fact.app?.startsWith('AppDial')) return 'recipient';
  if (fact.state === 'Down' || fact.state === 'Ringing') return 'recipient';
  if (fact.state === 'Ring') return 'initiator';
  // COMPAT(Asterisk): a queue's and an originated leg name these while they talk.
  return fact.app === 'AppQueue' ? 'recipient' : 'initiator';
}

function phaseOf(state: string, direction: Direction): DialogPhase {
  if (state === 'Up') return 'confirmed';
  if (state === 'Ringing' && direction === 'recipient') return 'early';
  return 'trying';
}

function advance(channel: Channel, phase: DialogPhase): void {
  if (mayAdvance(channel.phase, phase)) channel.phase = phase;
}

function merged(before: Details, after: Details): Details {
  return {
    localTag: after.localTag ?? before.localTag,
    remoteTag: after.remoteTag ?? before.remoteTag,
    withheld: after.withheld ?? before.withheld,
  };
}

function remember(map: Map<string, string>, key: string, value: string): void {
  if (map.size >= 2000) map.delete(map.keys().next().value ?? '');
  map.set(key, value);
}
