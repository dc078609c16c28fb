import type { AmiEvent } from './events.ts';
import type { Fact, LampCaller, LampFact, LampKind, Member, QueuesFact } from './facts.ts';
import { isProbe } from './probe-device.ts';

/** What a name of the PBX may hold to be the user part of a SIP address. */
export const speakable = /^[A-Za-z0-9_.*#+!~=-]{1,64}$/;

/** The resource of a lamp, `park+701`; null where the name cannot be one. The case of letters stays. */
export function lampName(kind: LampKind, about: string | undefined): string | null {
  return about !== undefined && speakable.test(about) ? `${kind}+${about}` : null;
}

/** Lamps in the events of AMI: parking, conferences, queues, `Custom:` states. Others mean nothing here. */
export function readLampEvent(event: AmiEvent): readonly Fact[] {
  switch (event['Event']) {
    case 'ParkedCall':
      return parked(event, true);
    // A channel that took the place of a parked one.
    case 'ParkedCallSwap':
      return parked(event, true, true);
    case 'UnParkedCall':
    case 'ParkedCallTimeOut':
    case 'ParkedCallGiveUp':
      return parked(event, false);
    case 'ConfbridgeStart':
      return listed(lampFact(lampName('conf', event['Conference']), { subject: '', phase: null }));
    case 'ConfbridgeJoin':
    case 'ConfbridgeLeave':
      return inRoom(event, event['Event'] === 'ConfbridgeJoin');
    case 'ConfbridgeEnd':
      return event['Conference'] ? [{ fact: 'room-closed', room: event['Conference'] }] : [];
    case 'QueueCallerJoin':
      return listed(waiting(event, true));
    case 'QueueCallerLeave':
    case 'QueueCallerAbandon':
      return listed(waiting(event, false));
    case 'QueueMemberAdded':
    case 'QueueMemberPause':
    case 'QueueMemberStatus':
    case 'QueueMemberPenalty':
    case 'QueueMemberRemoved': {
      const member = memberOf(event, event['Interface']);
      return member === null ? [] : [{ fact: 'member', member, present: event['Event'] !== 'QueueMemberRemoved' }];
    }
    case 'AgentConnect':
    case 'AgentComplete':
    case 'AgentDump': {
      const { Queue: queue, Interface: iface } = event;
      return queue && iface
        ? [{ fact: 'serving', queue, interface: iface, on: event['Event'] === 'AgentConnect' }]
        : [];
    }
    case 'DeviceStateChange':
      return customState(event['Device'] ?? '', event['State'] ?? '');
    default:
      return [];
  }
}

/**
 * Of a ParkedCall event or a row of ParkedCalls: the slot, and the lot, which is lit by all that is parked there.
 * @param sole nobody else is in the slot any more. Two lots may number their slots alike, and share a lamp then.
 */
export function parked(event: AmiEvent, there: boolean, sole = false): readonly LampFact[] {
  const caller = callerOf(event, 'Parkee');
  if (caller === null) return [];
  const lit = { subject: caller.channel, phase: there ? 'confirmed' : null, caller } as const;
  return [
    ...listed(lampFact(lampName('park', event['ParkingSpace']), { ...lit, sole })),
    ...listed(lampFact(lampName('park', event['Parkinglot']), lit)),
  ];
}

/** Of a ConfbridgeJoin event or a row of ConfbridgeList. Announcers are no members: they raise no such event. */
export function inRoom(event: AmiEvent, inside: boolean): readonly Fact[] {
  const { Conference: room, Uniqueid: channel } = event;
  return room && channel ? [{ fact: 'room', room, channel, inside }] : [];
}

/** Of a QueueCallerJoin event or a QueueEntry. */
export function waiting(event: AmiEvent, there: boolean): LampFact | null {
  const caller = callerOf(event, '');
  if (caller === null) return null;
  return lampFact(lampName('queue', event['Queue']), {
    subject: caller.channel,
    phase: there ? 'confirmed' : null,
    caller,
  });
}

/**
 * What a `Custom:` state lights: its own lamp, and that of a day/night switch. FreePBX keeps those in a row too, which is
 * read soon after and counts. RINGINUSE rings, as Asterisk itself shows it.
 */
export function customState(device: string, state: string): readonly LampFact[] {
  const name = /^Custom:(.+)$/.exec(device)?.[1];
  if (name === undefined || isProbe(device)) return [];
  const lamp = lampFact(lampName('custom', name), { ...stateLit(state), sole: true });
  const flow = /^DAYNIGHT(\d{1,9})$/.exec(name)?.[1];
  return [...listed(lamp), ...(flow === undefined ? [] : dayNight(flow, stateLit(state).phase !== null))];
}

/** COMPAT(FreePBX daynight): lit in night mode. */
function dayNight(id: string, night: boolean): readonly LampFact[] {
  return listed(lampFact(lampName('flow', id), { subject: 'night', phase: night ? 'confirmed' : null, sole: true }));
}

/** The day/night switches of the database: `DAYNIGHT/C<id>` is DAY or NIGHT. */
export function dayNightRows(rows: ReadonlyMap<string, string>): readonly LampFact[] {
  return [...rows].flatMap(([key, value]) => {
    const id = /^DAYNIGHT\/C(\d{1,9})$/.exec(key)?.[1];
    return id === undefined ? [] : dayNight(id, value.toUpperCase() === 'NIGHT');
  });
}

/** The rows of QueueStatus. */
export function readQueues(rows: readonly AmiEvent[]): QueuesFact {
  const names = rows.flatMap((it) => (it['Event'] === 'QueueParams' && it['Queue'] ? [it['Queue']] : []));
  return {
    fact: 'queues',
    names,
    waiting: rows.flatMap((it) => (it['Event'] === 'QueueEntry' ? listed(waiting(it, true)) : [])),
    members: rows.flatMap((it) => (it['Event'] === 'QueueMember' ? listed(memberOf(it, it['Location'])) : [])),
  };
}

/**
 * The lamp that a hint of the dialplan shows, where it is one of ours and nothing else: `park:701@parkedcalls`,
 * `confbridge:8000`, `Queue:sales`, `Custom:DAYNIGHT1`. What comes after a comma is presence.
 */
export function lampOfHint(hint: string): string | null {
  const [, kind = '', name = ''] = /^(park|confbridge|Queue|Custom):([^&,]+)(?:,.*)?$/i.exec(hint) ?? [];
  switch (kind.toLowerCase()) {
    case 'park':
      // The context; in the other names `@` is a letter.
      return lampName('park', name.replace(/@.*/, ''));
    case 'confbridge':
      return lampName('conf', name);
    case 'queue':
      // `Queue:sales_avail` is lit while nobody could answer; whoever waits, it does not say.
      return name.endsWith('_avail') ? null : lampName('queue', name);
    case 'custom':
      return lampName('custom', name);
    default:
      return null;
  }
}

/** `Queue:sales`, `Queue:sales_avail` and the like. */
export function isQueueState(device: string): boolean {
  return device.startsWith('Queue:');
}

/** A day/night switch was thrown: its row may have changed. */
export function isFlowState(device: string): boolean {
  return device.startsWith('Custom:DAYNIGHT');
}

/** A lamp as a fact, dark and alone unless said otherwise; null for a lamp without a name. */
export function lampFact(
  lamp: string | null,
  lit: Pick<LampFact, 'subject' | 'phase'> & Partial<Pick<LampFact, 'holding' | 'caller' | 'sole'>>,
): LampFact | null {
  return lamp === null ? null : { fact: 'lamp', lamp, holding: false, caller: null, sole: false, ...lit };
}

/** The state is the subject: a lamp that rings after it was lit is another dialog, for phases never go back. */
function stateLit(state: string): Pick<LampFact, 'subject' | 'phase' | 'holding'> {
  switch (state.toUpperCase()) {
    case 'INUSE':
    case 'BUSY':
      return { subject: 'inuse', phase: 'confirmed', holding: false };
    case 'ONHOLD':
      return { subject: 'inuse', phase: 'confirmed', holding: true };
    case 'RINGING':
    case 'RINGINUSE':
      return { subject: 'ringing', phase: 'early', holding: false };
    default:
      return { subject: '', phase: null, holding: false };
  }
}

function memberOf(event: AmiEvent, iface: string | undefined): Member | null {
  const queue = event['Queue'];
  if (!queue || !iface) return null;
  return {
    queue,
    interface: iface,
    stateInterface: event['StateInterface'] ?? '',
    fixed: event['Membership'] !== 'dynamic',
    penalty: event['Penalty'] ?? '0',
    paused: event['Paused'] === '1',
    pauseReason: event['PausedReason'] ?? '',
    lastPause: seconds(event['LastPause']),
    inCall: event['InCall'] === '1',
    lastCall: seconds(event['LastCall']),
    wrapUp: seconds(event['Wrapuptime']),
  };
}

function callerOf(event: AmiEvent, prefix: string): LampCaller | null {
  const { [`${prefix}Uniqueid`]: channel, [`${prefix}Channel`]: channelName } = event;
  if (!channel || !channelName) return null;
  const known = (text: string | undefined) =>
    text === undefined || text === '' || text === '<unknown>' || text === 'unknown' ? null : text;
  return {
    channel,
    channelName,
    number: known(event[`${prefix}CallerIDNum`]),
    name: known(event[`${prefix}CallerIDName`]),
  };
}

function seconds(text: string | undefined): number {
  const parsed = Number.parseInt(text ?? '', 10);
  return Number.isSafeInteger(parsed) && parsed > 0 ? parsed : 0;
}

function listed<T>(value: T | null): T[] {
  return value === null ? [] : [value];
}
