import type { EslEvent } from '../../../adapters/freeswitch/esl-event.ts';

interface Facets {
  readonly id: string;
  /** `201@acme.example`; absent for trunks. */
  readonly presence?: string;
  readonly direction: 'inbound' | 'outbound';
  readonly from: string;
  readonly to: string;
  readonly originator?: string;
  readonly more?: EslEvent;
}

/** A channel whose events a test tells by hand, in the words of FreeSWITCH. */
export class FakeChannel {
  readonly id: string;
  readonly #facets: Facets;
  #state = 'DOWN';

  constructor(facets: Facets) {
    this.id = facets.id;
    this.#facets = facets;
  }

  event(name: string, more: EslEvent = {}): EslEvent {
    const { presence, direction, from, to, originator, more: always = {} } = this.#facets;
    const answered = ['ACTIVE', 'HELD', 'UNHELD', 'RING_WAIT'].includes(this.#state);
    return {
      'Event-Name': name,
      'Unique-ID': this.id,
      'Call-Direction': direction,
      'Channel-Call-UUID': originator ?? this.id,
      'Channel-Call-State': this.#state,
      'Answer-State': this.#state === 'HANGUP' ? 'hangup' : answered ? 'answered' : 'ringing',
      'Caller-Caller-ID-Number': from,
      'Caller-Destination-Number': to,
      'Caller-Channel-Created-Time': '1700000000000000',
      'Caller-Privacy-Hide-Name': 'false',
      'Caller-Privacy-Hide-Number': 'false',
      ...(presence === undefined ? {} : { 'Channel-Presence-ID': presence }),
      ...(direction === 'outbound' ? { 'Caller-Callee-ID-Number': to } : {}),
      ...(originator === undefined ? {} : { variable_originator: originator }),
      ...always,
      ...more,
    };
  }

  create(): EslEvent {
    return this.event('CHANNEL_CREATE');
  }

  state(state: string, more: EslEvent = {}): EslEvent {
    this.#state = state;
    return this.event('CHANNEL_CALLSTATE', more);
  }

  bridge(other: FakeChannel): EslEvent {
    return this.event('CHANNEL_BRIDGE', { 'Bridge-A-Unique-ID': this.id, 'Bridge-B-Unique-ID': other.id });
  }

  hangup(): EslEvent {
    this.#state = 'HANGUP';
    return this.event('CHANNEL_HANGUP_COMPLETE', { 'Hangup-Cause': 'NORMAL_CLEARING' });
  }
}

/** `201` of `acme.example` places a call. */
export function caller(id: string, user: string, to: string, more: EslEvent = {}): FakeChannel {
  return new FakeChannel({ id, presence: `${user}@acme.example`, direction: 'inbound', from: user, to, more });
}

/** The PBX calls a phone, because of another channel. */
export function called(id: string, user: string, from: string, originator: string, more: EslEvent = {}): FakeChannel {
  const presence = `${user}@acme.example`;
  return new FakeChannel({ id, presence, direction: 'outbound', from, to: user, originator, more });
}
