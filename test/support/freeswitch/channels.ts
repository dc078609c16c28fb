import type { EventMaker, Headers } from './event.ts';

type CallState = 'DOWN' | 'RINGING' | 'EARLY' | 'ACTIVE' | 'HELD' | 'UNHELD' | 'HANGUP';

/** Who is on a leg: the AOR as `Channel-Presence-ID` says it, and where its phone is. */
export interface Party {
  readonly user: string;
  readonly domain: string;
  readonly name: string;
  readonly address: string;
}

interface Channel {
  readonly uuid: string;
  readonly direction: 'inbound' | 'outbound';
  readonly party: Party;
  readonly caller: Party;
  readonly dialled: string;
  readonly callUuid: string;
  readonly createdUs: number;
  readonly callId: string;
  readonly fromTag: string;
  /** Known when the other side has answered anything. */
  toTag: string | null;
  state: CallState;
  answered: boolean;
  bridged: boolean;
  other: Channel | null;
}

type Say = (event: Headers) => void;

const stateNumbers = { DOWN: 0, RINGING: 2, EARLY: 3, ACTIVE: 4, HELD: 5, UNHELD: 8, HANGUP: 9 } as const;

/** The channels of a fake FreeSWITCH, and the events of their lives in the order of the recordings. */
export class Channels {
  readonly #maker: EventMaker;
  readonly #say: Say;
  readonly #now: () => number;
  readonly #all = new Map<string, Channel>();

  constructor(maker: EventMaker, say: Say, now: () => number) {
    this.#maker = maker;
    this.#say = say;
    this.#now = now;
  }

  get size(): number {
    return this.#all.size;
  }

  /** FreeSWITCH died: nobody hears of the ends. */
  clear(): void {
    this.#all.clear();
  }

  /** One phone calls the other, whose phone rings. */
  ring(caller: Party, callee: Party): FakeCall {
    const a = this.#open('inbound', caller, caller, callee.user, null);
    this.#channel('CHANNEL_CREATE', a);
    this.#state(a, 'RINGING');
    const b = this.#open('outbound', callee, caller, callee.user, a);
    this.#channel('CHANNEL_CREATE', b);
    b.toTag = `phone-${b.uuid.slice(-4)}`;
    this.#channel('CHANNEL_PROGRESS', b);
    this.#state(b, 'RINGING');
    a.toTag = `pbx-${a.uuid.slice(-4)}`;
    this.#channel('CHANNEL_PROGRESS', a);
    return new FakeCall(a.uuid, b.uuid, (what, by) => this.#act(what, a, b, by));
  }

  /** A phone dials a feature code: one leg, and what the dialplan's `event` application tells of it. */
  featureCode(caller: Party, code: string, told: Headers): void {
    const leg = this.#open('inbound', caller, caller, code, null);
    this.#channel('CHANNEL_CREATE', leg);
    this.#state(leg, 'RINGING');
    const { 'Event-Subclass': subclass = '', ...fields } = told;
    if (subclass !== '') {
      const channel = { ...fields, ...this.#basic(leg), ...this.#variables(leg) };
      this.#say(this.#maker.custom(subclass, channel, 'mod_dptools.c'));
    }
    this.#answer(leg);
    this.#end(leg, 'NORMAL_CLEARING');
  }

  /** `show channels as json` */
  show(): string {
    // COMPAT(FreeSWITCH 1.11): no rows at all where there are none.
    if (this.#all.size === 0) return '{"row_count": 0}\n';
    const rows = [...this.#all.values()].map((it) => ({
      uuid: it.uuid,
      direction: it.direction,
      created: '2026-11-21 04:43:57',
      created_epoch: String(Math.floor(it.createdUs / 1_000_000)),
      name: nameOf(it),
      state: it.direction === 'inbound' ? 'CS_EXECUTE' : 'CS_EXCHANGE_MEDIA',
      cid_name: it.direction === 'inbound' ? it.caller.user : it.caller.name,
      cid_num: it.caller.user,
      ip_addr: '127.0.0.1',
      dest: it.dialled,
      hostname: 'pbx',
      presence_id: `${it.party.user}@${it.party.domain}`,
      callstate: it.state,
      callee_name: 'Outbound Call',
      callee_num: it.dialled,
      call_uuid: it.callUuid,
    }));
    return JSON.stringify({ row_count: rows.length, rows });
  }

  /** `uuid_dump UUID json` */
  dump([uuid = '', format]: readonly string[]): string {
    const channel = this.#all.get(uuid);
    if (channel === undefined) return '-ERR No such channel!\n';
    const data = { ...this.#basic(channel), ...this.#profiles(channel), ...this.#variables(channel) };
    const dump = this.#maker.event('CHANNEL_DATA', data, 'mod_commands.c');
    if (format === 'json') return JSON.stringify(dump, null, 1);
    return Object.entries(dump)
      .map(([name, value]) => `${name}: ${encodeURIComponent(value)}\n`)
      .join('');
  }

  #open(
    direction: Channel['direction'],
    party: Party,
    caller: Party,
    dialled: string,
    originator: Channel | null,
  ): Channel {
    const uuid = this.#maker.uuid();
    const channel: Channel = {
      uuid,
      direction,
      party,
      caller,
      dialled,
      callUuid: originator?.uuid ?? uuid,
      createdUs: this.#now() * 1000,
      callId: `call-${uuid.slice(-6)}@pbx`,
      fromTag: direction === 'inbound' ? `phone-${uuid.slice(-4)}` : `pbx-${uuid.slice(-4)}`,
      toTag: null,
      state: 'DOWN',
      answered: false,
      bridged: false,
      other: originator,
    };
    this.#all.set(uuid, channel);
    return channel;
  }

  #act(what: Act, a: Channel, b: Channel, by: string): void {
    if (!this.#all.has(a.uuid)) return;
    const leg = `${b.party.user}@${b.party.domain}` === by ? b : a;
    switch (what) {
      case 'answer':
        this.#answer(b);
        this.#answer(a);
        a.other = b;
        for (const it of [a, b]) it.bridged = true;
        this.#channel('CHANNEL_BRIDGE', a, { 'Bridge-A-Unique-ID': a.uuid, 'Bridge-B-Unique-ID': b.uuid });
        this.#channel('CALL_UPDATE', b, { Direction: 'SEND', 'Bridged-To': a.uuid });
        this.#channel('CALL_UPDATE', a, { Direction: 'SEND', 'Bridged-To': b.uuid });
        break;
      case 'hold':
        this.#state(leg, 'HELD');
        this.#channel('CHANNEL_HOLD', leg);
        break;
      case 'resume':
        this.#state(leg, 'UNHELD');
        this.#channel('CHANNEL_UNHOLD', leg);
        this.#state(leg, 'ACTIVE');
        break;
      default:
        this.#end(b, by);
        this.#end(a, by);
    }
  }

  #answer(channel: Channel): void {
    channel.toTag ??= `pbx-${channel.uuid.slice(-4)}`;
    channel.answered = true;
    if (channel.direction === 'inbound') {
      this.#state(channel, 'EARLY');
    }
    this.#channel('CHANNEL_ANSWER', channel);
    this.#state(channel, 'ACTIVE');
  }

  #end(channel: Channel, cause: string): void {
    if (!this.#all.delete(channel.uuid)) return;
    this.#state(channel, 'HANGUP', { 'Hangup-Cause': cause });
    this.#channel('CHANNEL_HANGUP_COMPLETE', channel, { 'Hangup-Cause': cause });
  }

  /** CHANNEL_CALLSTATE: without variables, as recorded. */
  #state(channel: Channel, state: CallState, more: Headers = {}): void {
    const before = channel.state;
    channel.state = state;
    const states = { 'Original-Channel-Call-State': before, 'Channel-Call-State-Number': String(stateNumbers[state]) };
    const headers = { ...states, ...this.#basic(channel), ...more, ...this.#profiles(channel) };
    this.#say(this.#maker.event('CHANNEL_CALLSTATE', headers));
  }

  #channel(name: string, channel: Channel, more: Headers = {}): void {
    const headers = { ...more, ...this.#basic(channel), ...this.#profiles(channel), ...this.#variables(channel) };
    this.#say(this.#maker.event(name, headers));
  }

  #basic(it: Channel): Headers {
    const answer =
      it.state === 'HANGUP' ? 'hangup' : it.answered ? 'answered' : it.state === 'EARLY' ? 'early' : 'ringing';
    return {
      'Channel-State': it.direction === 'inbound' ? 'CS_EXECUTE' : 'CS_CONSUME_MEDIA',
      'Channel-Call-State': it.state,
      'Channel-Name': nameOf(it),
      'Unique-ID': it.uuid,
      'Call-Direction': it.direction,
      'Presence-Call-Direction': it.direction,
      'Channel-HIT-Dialplan': String(it.direction === 'inbound'),
      'Channel-Presence-ID': `${it.party.user}@${it.party.domain}`,
      'Channel-Call-UUID': it.callUuid,
      'Answer-State': answer,
    };
  }

  #profiles(it: Channel): Headers {
    const { other } = it;
    return {
      ...profile('Caller', it),
      ...(other === null
        ? {}
        : {
            'Other-Type': other.direction === 'inbound' ? 'originator' : 'originatee',
            ...profile('Other-Leg', other),
          }),
    };
  }

  #variables(it: Channel): Headers {
    const { party, other } = it;
    // COMPAT(FreeSWITCH 1.11): of a called phone Call-ID and tags are known from its first answer on.
    const sip = it.direction === 'inbound' || it.toTag !== null;
    return {
      variable_direction: it.direction,
      variable_uuid: it.uuid,
      variable_call_uuid: it.callUuid,
      variable_presence_id: `${party.user}@${party.domain}`,
      variable_sip_from_user: it.caller.user,
      variable_sip_from_host: it.caller.domain,
      ...(it.direction === 'inbound'
        ? { variable_user_name: party.user, variable_domain_name: party.domain, variable_sip_auth_username: party.user }
        : { variable_dialed_user: party.user, variable_dialed_domain: party.domain }),
      ...(it.direction === 'outbound' && other !== null ? { variable_originating_leg_uuid: other.uuid } : {}),
      ...(sip ? { variable_sip_call_id: it.callId, variable_sip_from_tag: it.fromTag } : {}),
      ...(it.toTag === null ? {} : { variable_sip_to_tag: it.toTag }),
      ...(other === null ? {} : { variable_signal_bond: other.uuid }),
      ...(it.bridged && other !== null ? { variable_bridge_uuid: other.uuid } : {}),
    };
  }
}

type Act = 'answer' | 'hold' | 'resume' | 'hangup';

/** A call between two phones, in the hand of a test. */
export class FakeCall {
  /** Unique-ID of the caller's and of the called leg. */
  readonly caller: string;
  readonly callee: string;
  readonly #act: (what: Act, by: string) => void;

  constructor(caller: string, callee: string, act: (what: Act, by: string) => void) {
    this.caller = caller;
    this.callee = callee;
    this.#act = act;
  }

  answer(): void {
    this.#act('answer', '');
  }

  /** @param by the AOR whose phone's key is pressed. */
  hold(by: string): void {
    this.#act('hold', by);
  }

  resume(by: string): void {
    this.#act('resume', by);
  }

  hangup(cause = 'NORMAL_CLEARING'): void {
    this.#act('hangup', cause);
  }
}

function nameOf({ direction, party }: Channel): string {
  return direction === 'inbound'
    ? `sofia/internal/${party.user}@${party.domain}`
    : `sofia/internal/${party.user}@${party.address}`;
}

function profile(prefix: 'Caller' | 'Other-Leg', it: Channel): Headers {
  const { caller } = it;
  const fields: Headers = {
    Direction: it.direction,
    'Logical-Direction': it.direction,
    Username: caller.user,
    Dialplan: 'XML',
    'Caller-ID-Name': it.direction === 'inbound' ? caller.user : caller.name,
    'Caller-ID-Number': caller.user,
    'Callee-ID-Name': 'Outbound Call',
    'Callee-ID-Number': it.dialled,
    'Network-Addr': '127.0.0.1',
    'Destination-Number': it.dialled,
    'Unique-ID': it.uuid,
    Source: 'mod_sofia',
    Context: 'default',
    'Channel-Name': nameOf(it),
    'Channel-Created-Time': String(it.createdUs),
    'Privacy-Hide-Name': 'false',
    'Privacy-Hide-Number': 'false',
  };
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [`${prefix}-${name}`, value]));
}
