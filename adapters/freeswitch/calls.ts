import { type Aor, userOf } from '../../src/model/aor.ts';
import { type Direction, mayAdvance, type Party } from '../../src/model/dialog-state.ts';
import type { Leg } from '../../src/model/pbx-event.ts';
import type { ChannelFact, Fact, Shown, SipIds } from './facts.ts';

interface Channel {
  readonly id: string;
  aor: Aor | null;
  proven: boolean;
  direction: Direction;
  phase: 'trying' | 'early' | 'confirmed';
  holding: boolean;
  waiting: boolean;
  /** Channel-Call-UUID, as it is now. */
  callUuid: string | null;
  /** The call key once told: it never changes afterwards. */
  call: string | null;
  originator: string | null;
  caller: Shown;
  callee: Shown;
  dialled: string | null;
  /** Caller and called one as first seen: a transfer or a pickup turns them round. */
  born: { readonly caller: Shown; readonly callee: Shown };
  privacy: { readonly name: boolean; readonly number: boolean };
  since: number;
  sip: SipIds | null;
  /** The channel it was bridged with last, while that lives. */
  partner: string | null;
  /** Who that was, when it has gone first: the lamp does not flash somebody else for the moment until the end. */
  last: Party | null;
}

/** Ids are never used twice; the last that ended are kept, so that a late event does not revive one. */
const mostEnded = 5000;

/**
 * The channels of a FreeSWITCH and the legs they are. Takes facts in any order that keeps each channel's own, more than
 * once: phases only move forward, and a channel that is gone stays gone.
 */
export class CallTable {
  readonly #channels = new Map<string, Channel>();
  readonly #byAor = new Map<Aor, Set<string>>();
  readonly #byOriginator = new Map<string, Set<string>>();
  readonly #ended = new Set<string>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The AORs whose legs may have changed. */
  apply(fact: Fact): ReadonlySet<Aor> {
    const touched = new Set<Aor>();
    if (fact.fact === 'channel') this.#seen(fact, touched);
    if (fact.fact === 'bridge') this.#bridged(fact.a, fact.b, touched);
    if (fact.fact === 'gone') this.#gone(fact.id, touched);
    return touched;
  }

  /** The complete list of an extension's legs, oldest first. */
  legs(aor: Aor): readonly Leg[] {
    const legs: Leg[] = [];
    for (const id of this.#byAor.get(aor) ?? []) {
      const channel = this.#channels.get(id);
      const leg = channel === undefined ? null : this.#leg(channel);
      if (leg !== null) legs.push(leg);
    }
    return legs.sort((a, b) => a.since - b.since || (a.id < b.id ? -1 : 1));
  }

  has(id: string): boolean {
    return this.#channels.has(id);
  }

  get ids(): Iterable<string> {
    return this.#channels.keys();
  }

  /** Nothing that only `uuid_dump` tells is missing: Call-ID, both tags, who made the PBX call it. */
  isComplete(id: string): boolean {
    const channel = this.#channels.get(id);
    return channel?.sip?.localTag != null && channel.sip.remoteTag !== null;
  }

  /** Its caller withholds his identity. */
  isWithheld(id: string): boolean {
    return this.#channels.get(id)?.privacy.number === true;
  }

  /** Takes over from an older table what a row of `show channels` does not tell, and what was told and must stay. */
  inherit(older: CallTable): void {
    for (const [id, channel] of this.#channels) {
      const before = older.#channels.get(id);
      if (before === undefined) continue;
      channel.direction = before.direction;
      if (before.proven && !channel.proven) this.#move(channel, before.aor, new Set());
      channel.proven ||= before.proven;
      channel.call = before.call ?? channel.call;
      channel.born = before.born;
      channel.since = before.since;
      channel.sip = mergedIds(before.sip, channel.sip);
      channel.privacy = before.privacy;
      if (before.partner !== null && this.#channels.has(before.partner)) channel.partner ??= before.partner;
      if (channel.partner === null) channel.last ??= before.last;
      this.#setOriginator(channel, before.originator);
      if (mayAdvance(channel.phase, before.phase)) channel.phase = before.phase;
    }
    // A PBX may list a channel a moment longer than it lives; its end was told before and will not be told again.
    for (const id of older.#ended) this.#gone(id, new Set());
  }

  #seen(fact: ChannelFact, touched: Set<Aor>): void {
    if (this.#ended.has(fact.id)) return;
    const channel = this.#channels.get(fact.id) ?? this.#born(fact);
    if (channel === null) return;
    if (fact.proven || !channel.proven) this.#move(channel, fact.aor, touched);
    channel.proven ||= fact.proven;
    if (fact.phase !== null && mayAdvance(channel.phase, fact.phase)) channel.phase = fact.phase;
    channel.holding = fact.holding ?? channel.holding;
    channel.waiting = fact.waiting;
    if (fact.waiting) channel.last = null;
    channel.callUuid = fact.call ?? channel.callUuid;
    // COMPAT(FreeSWITCH 1.11): the very first events of a channel have neither its AOR nor its time of birth.
    if (channel.call === null) channel.since = fact.since ?? channel.since;
    channel.privacy = fact.privacy ?? channel.privacy;
    channel.dialled = fact.dialled ?? channel.dialled;
    if (fact.caller.number !== null) channel.caller = fact.caller;
    if (fact.callee.number !== null) channel.callee = fact.callee;
    channel.born = {
      caller: channel.born.caller.number === null ? channel.caller : channel.born.caller,
      callee: channel.born.callee.number === null ? channel.callee : channel.born.callee,
    };
    channel.sip = mergedIds(channel.sip, fact.sip);
    this.#setOriginator(channel, fact.originator);
    this.#touch(channel, touched);
  }

  #born(fact: ChannelFact): Channel | null {
    const { id, aor, direction } = fact;
    if (direction === null) return null;
    const channel: Channel = {
      id,
      aor,
      proven: fact.proven,
      direction,
      phase: 'trying',
      holding: false,
      waiting: false,
      callUuid: null,
      call: null,
      originator: null,
      caller: fact.caller,
      callee: fact.callee,
      dialled: null,
      born: { caller: fact.caller, callee: fact.callee },
      privacy: { name: false, number: false },
      since: fact.since ?? this.#now(),
      sip: null,
      partner: null,
      last: null,
    };
    this.#channels.set(id, channel);
    if (aor !== null) add(this.#byAor, aor, id);
    return channel;
  }

  #bridged(a: string, b: string, touched: Set<Aor>): void {
    const one = this.#channels.get(a);
    const other = this.#channels.get(b);
    if (one === undefined || other === undefined || one === other) return;
    for (const [channel, partner] of [[one, other] as const, [other, one] as const]) {
      const left = channel.partner === null ? undefined : this.#channels.get(channel.partner);
      if (left !== undefined && left !== partner) this.#part(left, channel, touched);
      channel.partner = partner.id;
      channel.last = null;
      this.#touch(channel, touched);
    }
  }

  #gone(id: string, touched: Set<Aor>): void {
    this.#ended.add(id);
    for (const oldest of this.#ended) {
      if (this.#ended.size <= mostEnded) break;
      this.#ended.delete(oldest);
    }
    const channel = this.#channels.get(id);
    if (channel === undefined) return;
    this.#channels.delete(id);
    if (channel.aor !== null) remove(this.#byAor, channel.aor, id);
    if (channel.originator !== null) remove(this.#byOriginator, channel.originator, id);
    const partner = channel.partner === null ? undefined : this.#channels.get(channel.partner);
    if (partner !== undefined) this.#part(partner, channel, touched);
    this.#touch(channel, touched);
  }

  /** `channel` is left by `by`. */
  #part(channel: Channel, by: Channel, touched: Set<Aor>): void {
    if (channel.partner !== by.id) return;
    channel.partner = null;
    channel.last = areRelated(channel, by) ? null : identity(by);
    this.#touch(channel, touched);
  }

  #move(channel: Channel, aor: Aor | null, touched: Set<Aor>): void {
    if (aor === null || aor === channel.aor) return;
    this.#touch(channel, touched);
    if (channel.aor !== null) remove(this.#byAor, channel.aor, channel.id);
    channel.aor = aor;
    add(this.#byAor, aor, channel.id);
  }

  /** Once known it stays: a bridge with somebody else does not change who called. */
  #setOriginator(channel: Channel, originator: string | null): void {
    if (channel.originator !== null || originator === null || originator === channel.id) return;
    channel.originator = originator;
    add(this.#byOriginator, originator, channel.id);
  }

  /** Its own lamp, and those of the phones it calls, which show its name. */
  #touch(channel: Channel, touched: Set<Aor>): void {
    if (channel.aor !== null) touched.add(channel.aor);
    for (const id of this.#byOriginator.get(channel.id) ?? []) {
      const aor = this.#channels.get(id)?.aor;
      if (aor != null) touched.add(aor);
    }
    const partner = channel.partner === null ? null : this.#channels.get(channel.partner)?.aor;
    if (partner != null) touched.add(partner);
  }

  #leg(channel: Channel): Leg | null {
    // A phone that does not ring yet is not told: it may be busy, or away.
    if (channel.direction === 'recipient' && channel.phase === 'trying') return null;
    channel.call ??= channel.callUuid ?? channel.id;
    const { sip } = channel;
    const named = sip !== null && sip.localTag !== null && sip.remoteTag !== null;
    return {
      id: channel.id,
      call: channel.call,
      phase: channel.phase,
      direction: channel.direction,
      holding: channel.holding,
      remote: this.#remote(channel),
      since: channel.since,
      // One without the others is of no use, and would be one more change to tell.
      ...(named ? { callId: sip.callId, localTag: sip.localTag, remoteTag: sip.remoteTag } : {}),
    };
  }

  /**
   * Whom the phone talks to. As long as it is bridged with the channel that called it, or that it called, its own view is
   * right; after a pickup or an attended transfer (`uuid_bridge`) it names somebody who has left.
   */
  #remote(channel: Channel): Party {
    const partner = channel.partner === null ? undefined : this.#channels.get(channel.partner);
    if (partner !== undefined && !areRelated(channel, partner)) return identity(partner);
    if (channel.last !== null) return channel.last;
    const own = ownNumber(channel);
    const { caller: shownCaller, callee, dialled } = channel;
    const another = (number: string | null) => number !== null && number !== own;
    // FreeSWITCH turns caller and called one round where a called phone is transferred: its own number is the caller's.
    const turned = shownCaller.number === own && (another(callee.number) || (channel.waiting && another(dialled)));
    if (channel.direction === 'recipient' && !turned) {
      const caller = channel.originator === null ? undefined : this.#channels.get(channel.originator);
      const callerHides = caller?.direction === 'initiator' && caller.privacy.number;
      return presented(shownCaller, { ...channel.privacy, number: channel.privacy.number || callerHides === true });
    }
    // Being transferred: where to is what it dials, the called one is still the last.
    if (!channel.waiting && another(callee.number)) return { ...callee, presentable: true };
    return { number: dialled, name: null, presentable: true };
  }
}

/** One made the PBX call the other. */
function areRelated(one: Channel, other: Channel): boolean {
  return one.originator === other.id || other.originator === one.id;
}

/** Who a channel is to others. */
function identity(channel: Channel): Party {
  if (channel.direction === 'initiator') {
    const number = channel.aor === null ? channel.born.caller.number : userOf(channel.aor);
    return presented({ number, name: channel.born.caller.name }, channel.privacy);
  }
  return { number: ownNumber(channel) ?? channel.dialled, name: null, presentable: true };
}

function ownNumber(channel: Channel): string | null {
  if (channel.aor !== null) return userOf(channel.aor);
  return channel.direction === 'initiator' ? channel.born.caller.number : channel.born.callee.number;
}

/** RFC 3323 as FreeSWITCH keeps it: a name alone may be hidden. */
function presented({ number, name }: Shown, hidden: Channel['privacy']): Party {
  return { number, name: hidden.name ? null : name, presentable: !hidden.number };
}

/** As first seen: a re-INVITE turns the tags round. */
function mergedIds(before: SipIds | null, after: SipIds | null): SipIds | null {
  if (before === null || after === null || before.callId !== after.callId) return before ?? after;
  return {
    callId: before.callId,
    localTag: before.localTag ?? after.localTag,
    remoteTag: before.remoteTag ?? after.remoteTag,
  };
}

function add<K>(map: Map<K, Set<string>>, key: K, id: string): void {
  const ids = map.get(key);
  if (ids === undefined) map.set(key, new Set([id]));
  else ids.add(id);
}

function remove<K>(map: Map<K, Set<string>>, key: K, id: string): void {
  const ids = map.get(key);
  ids?.delete(id);
  if (ids?.size === 0) map.delete(key);
}
