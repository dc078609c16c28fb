import { domainOf } from '../../src/model/aor.ts';
import type { Direction } from '../../src/model/dialog-state.ts';
import type { Domains } from './domains.ts';
import type { EslEvent } from './esl-event.ts';
import type { ChannelFact, SipIds } from './facts.ts';
import { shown } from './shown.ts';

/** A channel of an event or of `uuid_dump`; null where it is none, or over. */
export function channelFact(event: EslEvent, domains: Domains): ChannelFact | null {
  const id = event['Unique-ID'];
  if (!id || isOver(event)) return null;
  const direction = directionOf(event['Call-Direction']);
  const created = Number(event['Caller-Channel-Created-Time']);
  return {
    fact: 'channel',
    id,
    ...whose(event, direction, domains),
    direction,
    ...stateOf(event),
    call: event['Channel-Call-UUID'] || null,
    originator: direction === 'recipient' ? originatorOf(event) : null,
    caller: shown(event['Caller-Caller-ID-Number'], event['Caller-Caller-ID-Name']),
    callee: shown(event['Caller-Callee-ID-Number'], event['Caller-Callee-ID-Name']),
    dialled: event['Caller-Destination-Number'] || null,
    privacy: privacyOf(event),
    // Microseconds.
    since: Number.isSafeInteger(created) && created > 0 ? Math.floor(created / 1000) : null,
    sip: sipIds(event, direction),
  };
}

/** The phase and hold state for a call state of FreeSWITCH; what is not known says nothing. */
export function phaseOf(callState: string | undefined): Pick<ChannelFact, 'phase' | 'holding' | 'waiting'> {
  switch (callState) {
    case 'DOWN':
      return { phase: 'trying', holding: null, waiting: false };
    case 'RINGING':
    case 'EARLY':
      return { phase: 'early', holding: null, waiting: false };
    case 'RING_WAIT':
      return { phase: 'early', holding: false, waiting: true };
    case 'ACTIVE':
    case 'UNHELD':
      return { phase: 'confirmed', holding: false, waiting: false };
    case 'HELD':
      return { phase: 'confirmed', holding: true, waiting: false };
    default:
      return { phase: null, holding: null, waiting: false };
  }
}

export function directionOf(direction: string | undefined): Direction | null {
  if (direction === 'inbound') return 'initiator';
  return direction === 'outbound' ? 'recipient' : null;
}

/** `loopback/202-a`: a channel of the PBX to itself; the phone behind it has one of its own. */
export function isNoPhone(channelName: string | undefined): boolean {
  return channelName?.startsWith('loopback/') ?? false;
}

/**
 * COMPAT(FreeSWITCH 1.11): where the directory does not say otherwise, Channel-Presence-ID of a call that a phone places is
 * its From, whatever it wrote there (sofia.c), and absent on a profile without manage-presence. CHANNEL_CREATE and
 * `uuid_dump` name the user who was authenticated: a stranger's From lights nobody's lamp.
 */
function whose(event: EslEvent, direction: Direction | null, domains: Domains): Pick<ChannelFact, 'aor' | 'proven'> {
  if (isNoPhone(event['Channel-Name'])) return { aor: null, proven: false };
  const presence = domains.parse(event['Channel-Presence-ID']);
  if (direction !== 'initiator' || event['variable_sip_authorized'] !== 'true') return { aor: presence, proven: false };
  const { variable_user_name: user, variable_domain_name: domain, variable_sip_from_user: from } = event;
  const authenticated = domains.aor(user, domain);
  if (authenticated === null) return { aor: presence, proven: false };
  const ownNames = [user, event['variable_number_alias'], event['variable_sip_auth_username']];
  const isFrom = event['Channel-Presence-ID'] === `${from}@${event['variable_sip_from_host']}`;
  const own = presence !== null && ownNames.includes(from) && domainOf(presence) === domainOf(authenticated);
  const trusted = presence !== null && (!isFrom || own);
  return { aor: trusted ? presence : authenticated, proven: true };
}

/** The channel is over, or as good as. */
export function isOver(event: EslEvent): boolean {
  if (event['Channel-Call-State'] === 'HANGUP' || event['Answer-State'] === 'hangup') return true;
  return event['Event-Name'] === 'CHANNEL_HANGUP_COMPLETE' || event['Event-Name'] === 'CHANNEL_DESTROY';
}

function stateOf(event: EslEvent): Pick<ChannelFact, 'phase' | 'holding' | 'waiting'> {
  const state = phaseOf(event['Channel-Call-State']);
  const answer = event['Answer-State'];
  // A transferred leg rings again for its user's ears only; for everybody else he talks.
  if (answer === 'answered') return { ...state, phase: 'confirmed', holding: holdOf(event, state.holding) };
  // COMPAT(FreeSWITCH 1.11): CHANNEL_PROGRESS, the 180, still carries the call state from before.
  const early = answer === 'early' || isTime(event['Caller-Channel-Progress-Time']);
  return { ...state, phase: early ? 'early' : state.phase };
}

function holdOf(event: EslEvent, holding: boolean | null): boolean | null {
  if (event['Event-Name'] === 'CHANNEL_HOLD') return true;
  return event['Event-Name'] === 'CHANNEL_UNHOLD' ? false : holding;
}

/** The variable never changes; `Other-Leg-…` does with every bridge, and is only good for a channel that is not bridged. */
function originatorOf(event: EslEvent): string | null {
  const own = event['variable_originator'] || event['variable_originating_leg_uuid'];
  if (own) return own;
  return event['Other-Type'] === 'originator' && event['Answer-State'] !== 'answered'
    ? event['Other-Leg-Unique-ID'] || null
    : null;
}

/** Microseconds since the epoch; `0` = has not happened. */
function isTime(value: string | undefined): boolean {
  return value !== undefined && /^[1-9]\d*$/.test(value);
}

function privacyOf(event: EslEvent): ChannelFact['privacy'] {
  const { 'Caller-Privacy-Hide-Name': name, 'Caller-Privacy-Hide-Number': number } = event;
  if (name === undefined && number === undefined) return null;
  return { name: name === 'true', number: number === 'true' };
}

/**
 * The phone's tag is the From tag of a leg it placed, and the To tag of a leg that called it.
 *
 * COMPAT(FreeSWITCH 1.11): after a re-INVITE of the called phone both variables, and the full From and To, are those of
 * the re-INVITE: the other way round. The URIs before them tell.
 */
function sipIds(event: EslEvent, direction: Direction | null): SipIds | null {
  const callId = event['variable_sip_call_id'];
  if (!callId || direction === null) return null;
  const from = event['variable_sip_from_tag'] || null;
  const to = event['variable_sip_to_tag'] || null;
  const fullFrom = uriOf(event['variable_sip_full_from']);
  const fullTo = uriOf(event['variable_sip_full_to']);
  const phone = event[direction === 'initiator' ? 'variable_sip_from_uri' : 'variable_sip_to_uri'] ?? null;
  const [phoneSide, otherSide] = direction === 'initiator' ? [fullFrom, fullTo] : [fullTo, fullFrom];
  const turned = phone !== null && otherSide === phone && phoneSide !== phone;
  const phoneIsFrom = (direction === 'initiator') !== turned;
  return { callId, remoteTag: phoneIsFrom ? from : to, localTag: phoneIsFrom ? to : from };
}

/** `1002@127.0.0.1:5263` of `"Ext" <sip:1002@127.0.0.1:5263;transport=tcp>;tag=1`. */
function uriOf(header: string | undefined): string | null {
  return /<sips?:([^;>?]+)/i.exec(header ?? '')?.[1] ?? null;
}
