import type { Fact } from './facts.ts';
import { readLampEvent } from './lamp-events.ts';

/** A native event: a JSON object of ARI, or the lines of an AMI event. Foreign data: nothing in it is sure. */
export type AriEvent = Readonly<Record<string, unknown>>;
export type AmiEvent = Readonly<Record<string, string>>;

/** What one event means, and whether it hints at a change of a feature. */
export interface Reading {
  readonly facts: readonly Fact[];
  /** A device state that changed, for the eyes of the feature back end. */
  readonly deviceState?: string;
  /** An event of queues, which only an account with the right `agent` hears. */
  readonly queue?: boolean;
  /** A line of dialplan that runs, likewise. */
  readonly dialplan?: string;
  /** Its configuration was read anew: extensions may have other names and mailboxes, hints other meanings. */
  readonly reloaded?: boolean;
}

const nothing: Reading = { facts: [] };

/**
 * ARI, `channel:` `endpoint:` `bridge:` subscriptions. Types not named here mean nothing. With `contacts` it is the
 * source of registrations too; two sources of one thing would overtake each other.
 */
export function readAri(event: AriEvent, contacts: boolean): Reading {
  const channel = ariChannel(event['channel']);
  const id = channel?.id ?? null;
  switch (event['type']) {
    case 'ChannelCreated':
    case 'ChannelStateChange':
    case 'ChannelConnectedLine':
    case 'ChannelEnteredBridge':
      return { facts: listed(channel) };
    case 'ChannelCallerId': {
      const shown = text(event['caller_presentation_txt']);
      if (id === null || shown === null) return { facts: listed(channel) };
      return { facts: [...listed(channel), { fact: 'caller-withheld', id, withheld: isWithheld(shown) }] };
    }
    case 'ChannelDialplan':
      return { facts: listed(channel), dialplan: text(event['dialplan_app_data']) ?? '' };
    case 'Dial': {
      const caller = ariChannel(event['caller']);
      const peer = ariChannel(event['peer']);
      if (peer === null) return nothing;
      const status = text(event['dialstatus']) ?? '';
      return {
        facts: [
          ...listed(caller),
          ...listed(peer),
          { fact: 'dial', caller: caller?.id ?? null, peer: peer.id, status },
        ],
      };
    }
    case 'ChannelHold':
    case 'ChannelUnhold':
      if (id === null) return nothing;
      return { facts: [...listed(channel), { fact: 'hold', id, on: event['type'] === 'ChannelHold' }] };
    case 'ChannelDestroyed':
      return id === null ? nothing : { facts: [{ fact: 'gone', id }] };
    case 'ContactStatusChange': {
      const endpoint = text(record(event['endpoint'])['resource']);
      const contact = record(event['contact_info']);
      const uri = text(contact['uri']);
      if (!contacts || endpoint === null || uri === null) return nothing;
      return { facts: [{ fact: 'contact', endpoint, uri, reachable: isReachable(text(contact['contact_status'])) }] };
    }
    case 'DeviceStateChanged':
      return { facts: [], deviceState: text(record(event['device_state'])['name']) ?? '' };
    default:
      return nothing;
  }
}

/** The Channel object of ARI; null where it is none. */
export function ariChannel(value: unknown): (Fact & { readonly fact: 'channel' }) | null {
  const channel = record(value);
  const id = text(channel['id']);
  const name = text(channel['name']);
  if (id === null || name === null) return null;
  const connected = record(channel['connected']);
  const dialplan = record(channel['dialplan']);
  const since = Date.parse(text(channel['creationtime']) ?? '');
  return {
    fact: 'channel',
    id,
    name,
    state: text(channel['state']) ?? '',
    connectedNumber: text(connected['number']),
    connectedName: text(connected['name']),
    exten: text(dialplan['exten']),
    app: text(dialplan['app_name']),
    since: Number.isNaN(since) ? null : since,
    // Empty in ChannelCreated of an inbound leg, and absent before 18.14.
    callId: text(channel['protocol_id']),
    linkedid: null,
  };
}

/**
 * AMI. With `calls` it is the source of calls as well; without, ARI is, and only the linked ids are taken, which ARI
 * does not tell.
 */
export function readAmi(event: AmiEvent, calls: boolean): Reading {
  const about = [...(calls ? amiCall(event) : amiLinked(event)), ...readLampEvent(event)];
  switch (event['Event']) {
    case 'DeviceStateChange':
      return { facts: about, deviceState: event['Device'] ?? '' };
    case 'Newexten':
      return { facts: about, dialplan: event['AppData'] ?? '' };
    case 'ContactStatus': {
      const { EndpointName: endpoint, URI: uri } = event;
      if (!endpoint || !uri) return nothing;
      return { facts: [{ fact: 'contact', endpoint, uri, reachable: isReachable(event['ContactStatus'] ?? null) }] };
    }
    case 'Reload':
      return { facts: [], reloaded: /^(?:All$|res_pjsip|pbx_)/.test(event['Module'] ?? '') };
    case 'MessageWaiting': {
      const mailbox = event['Mailbox'];
      if (!mailbox) return nothing;
      // Urgent ones are among the new ones; how many is not said.
      const counts = { new: count(event['New']), old: count(event['Old']), newUrgent: null, oldUrgent: 0 };
      return { facts: [{ fact: 'mailbox', mailbox, counts }] };
    }
    default:
      if (/^(?:Queue|Agent)/.test(event['Event'] ?? '')) return { facts: about, queue: true };
      return about.length === 0 ? nothing : { facts: about };
  }
}

/** The columns of one channel in an AMI event or a CoreShowChannels row; `prefix` is `Dest` for the second one. */
export function amiChannel(event: AmiEvent, prefix = ''): (Fact & { readonly fact: 'channel' }) | null {
  const id = event[`${prefix}Uniqueid`];
  const name = event[`${prefix}Channel`];
  if (!id || !name) return null;
  // 1795236593.4, or with the system's name before it: the second of birth
  const born = /(\d{9,11})\.\d+$/.exec(id)?.[1];
  return {
    fact: 'channel',
    id,
    name,
    state: event[`${prefix}ChannelStateDesc`] ?? '',
    connectedNumber: known(event[`${prefix}ConnectedLineNum`]),
    connectedName: known(event[`${prefix}ConnectedLineName`]),
    exten: known(event[`${prefix}Exten`]),
    app: known(event['Application']),
    since: born === undefined ? null : Number(born) * 1000,
    callId: null,
    linkedid: event[`${prefix}Linkedid`] ?? null,
  };
}

function amiLinked(event: AmiEvent): Fact[] {
  const id = event['Uniqueid'];
  const linkedid = event['Linkedid'];
  if (event['Event'] !== 'Newchannel' || !id || !linkedid) return [];
  return [{ fact: 'linked', id, linkedid }];
}

function amiCall(event: AmiEvent): Fact[] {
  const channel = amiChannel(event);
  switch (event['Event']) {
    case 'Newchannel':
    case 'Newstate':
    case 'NewConnectedLine':
    case 'BridgeEnter':
    case 'Newexten':
      return listed(channel);
    case 'NewCallerid': {
      const shown = event['CID-CallingPres'];
      if (channel === null || shown === undefined) return listed(channel);
      return [channel, { fact: 'caller-withheld', id: channel.id, withheld: isWithheld(shown) }];
    }
    case 'DialBegin':
    case 'DialState':
    case 'DialEnd': {
      const peer = amiChannel(event, 'Dest');
      if (peer === null) return [];
      const status = event['DialStatus'] ?? '';
      return [...listed(channel), peer, { fact: 'dial', caller: channel?.id ?? null, peer: peer.id, status }];
    }
    case 'Hold':
    case 'Unhold':
      if (channel === null) return [];
      return [channel, { fact: 'hold', id: channel.id, on: event['Event'] === 'Hold' }];
    case 'Hangup':
      return channel === null ? [] : [{ fact: 'gone', id: channel.id }];
    default:
      return [];
  }
}

/** Contact states that a call can reach: a phone that is not qualified counts as there. */
export function isReachable(status: string | null): boolean {
  return status === 'Reachable' || status === 'NonQualified' || status === 'Created' || status === 'Updated';
}

/** Any of the texts Asterisk gives a presentation: `Presentation Prohibited, …`, `prohib_passed_screen`, … */
export function isWithheld(presentation: string): boolean {
  return /prohib/i.test(presentation);
}

function listed<T>(value: T | null): T[] {
  return value === null ? [] : [value];
}

function known(value: string | undefined): string | null {
  return value === undefined || value === '' || value === '<unknown>' ? null : value;
}

function count(value: string | undefined): number {
  const parsed = Number.parseInt(value ?? '', 10);
  return Number.isSafeInteger(parsed) && parsed > 0 ? parsed : 0;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
