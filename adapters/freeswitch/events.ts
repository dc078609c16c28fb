import type { Aor } from '../../src/model/aor.ts';
import { type FeatureName, featureNames } from '../../src/model/feature.ts';
import type { MailboxCounts } from '../../src/model/pbx-event.ts';
import { channelFact, isOver } from './channel-fact.ts';
import type { Domains } from './domains.ts';
import type { EslEvent } from './esl-event.ts';
import type { Fact } from './facts.ts';
import { readFlow } from './flows.ts';
import { readCallcenter, readConference, readValet } from './lamp-events.ts';

/** What one event means for the picture, and whether it hints at a change of a feature. */
export interface Reading {
  readonly facts: readonly Fact[];
  /**
   * The dialplan says that it changed a feature. A hint, never the truth: the adapter reads the value itself. Several
   * where caller id and authenticated user differ.
   */
  readonly changed?: readonly { readonly aor: Aor /** null: any of them. */; readonly feature: FeatureName | null }[];
}

/** Event names of the picture: the subscription. PHONE_FEATURE… are read by `features/`, HEARTBEAT by the link. */
export const pictureEvents: readonly string[] = [
  'CHANNEL_CREATE',
  'CHANNEL_CALLSTATE',
  'CHANNEL_PROGRESS',
  'CHANNEL_ANSWER',
  'CHANNEL_BRIDGE',
  'CHANNEL_HOLD',
  'CHANNEL_UNHOLD',
  'CALL_UPDATE',
  'CHANNEL_HANGUP_COMPLETE',
  'MESSAGE_WAITING',
];

/** Subclasses of the picture. */
export const pictureSubclasses: readonly string[] = [
  'sofia::register',
  'sofia::unregister',
  'sofia::expire',
  'lamplighter::changed',
  'valet_parking::info',
  'conference::maintenance',
  'callcenter::info',
];

const nothing: Reading = { facts: [] };

/** What an event of `event json` means. Names not known here mean nothing. */
export function readEsl(event: EslEvent, domains: Domains): Reading {
  const name = event['Event-Name'] ?? '';
  if (name === 'CUSTOM') return readCustom(event, domains);
  if (name === 'PRESENCE_IN') return { facts: readFlow(event, domains) };
  if (name === 'MESSAGE_WAITING') return { facts: listed(mailboxFact(event, domains)) };
  if (!name.startsWith('CHANNEL_') && name !== 'CALL_UPDATE') return nothing;
  const id = event['Unique-ID'];
  if (!id) return nothing;
  if (isOver(event)) return { facts: [{ fact: 'gone', id }] };
  const channel = channelFact(event, domains);
  if (channel === null) return nothing;
  const facts: Fact[] = [channel];
  const { 'Bridge-A-Unique-ID': a, 'Bridge-B-Unique-ID': b } = event;
  if (name === 'CHANNEL_BRIDGE' && a && b) facts.push({ fact: 'bridge', a, b });
  return { facts };
}

/**
 * `3/1 (1/0)`: new/saved (new urgent/saved urgent). COMPAT(FreeSWITCH 1.11): an empty mailbox is told without counts; urgent
 * messages are not among the new ones, and where they are not counted either, `waiting` is all that is said of them.
 */
export function mailboxCounts(summary: string | undefined, waiting: boolean): MailboxCounts {
  const counts = /^\s*(\d{1,9})\/(\d{1,9})(?:\s*\((\d{1,9})\/(\d{1,9})\))?/.exec(summary ?? '');
  if (counts === null) return { new: waiting ? 1 : 0, old: 0, newUrgent: 0, oldUrgent: 0 };
  const [unread, read, urgent, readUrgent] = counts.slice(1).map((it) => Number(it ?? 0));
  const hidden = waiting && !unread && !urgent ? 1 : 0;
  return { new: unread ?? 0, old: read ?? 0, newUrgent: (urgent ?? 0) + hidden, oldUrgent: readUrgent ?? 0 };
}

function readCustom(event: EslEvent, domains: Domains): Reading {
  switch (event['Event-Subclass']) {
    // `pre_register` and `register_attempt` fire for tries without a password too, and for the digest of an INVITE.
    case 'sofia::register':
    case 'sofia::unregister':
    case 'sofia::expire':
      return { facts: contactFacts(event, domains) };
    case 'vm::maintenance':
      return { facts: listed(totals(event, domains)) };
    case 'valet_parking::info':
      return { facts: readValet(event, domains) };
    case 'conference::maintenance':
      return { facts: readConference(event, domains) };
    case 'callcenter::info':
      return { facts: readCallcenter(event, domains) };
    case 'lamplighter::changed': {
      const feature = featureNames.find((it) => it === event['feature']) ?? null;
      const named = domains.aor(event['user'], event['host']);
      const phone = domains.parse(event['Channel-Presence-ID']);
      const aors = new Set([named, phone].filter((it) => it !== null));
      return { facts: [], changed: [...aors].map((aor) => ({ aor, feature })) };
    }
    default:
      return nothing;
  }
}

function contactFacts(event: EslEvent, domains: Domains): Fact[] {
  // COMPAT(FreeSWITCH 1.11): `expire` has other header names than `register`, and `unregister` no To.
  const host = event['to-host'] ?? event['host'] ?? event['from-host'];
  const user = event['to-user'] ?? event['user'] ?? event['from-user'];
  const aor = domains.aor(user, host) ?? domains.aor(user, event['realm']);
  const callId = event['call-id'];
  if (aor === null || !callId) return [];
  const registered = event['Event-Subclass'] === 'sofia::register';
  // What expires is one registration; the same contact may long be registered anew under another Call-ID.
  const contact = event['Event-Subclass'] === 'sofia::expire' ? '' : (event['contact'] ?? '');
  const profile = event['profile-name'] ?? '';
  return [{ fact: 'contact', aor, profile, callId, contact, registered, userAgent: event['user-agent'] }];
}

function mailboxFact(event: EslEvent, domains: Domains): Fact | null {
  const mailbox = domains.parse(event['MWI-Message-Account']);
  if (mailbox === null) return null;
  const counts = mailboxCounts(event['MWI-Voice-Message'], event['MWI-Messages-Waiting'] === 'yes');
  return { fact: 'mailbox', mailbox, counts };
}

function totals(event: EslEvent, domains: Domains): Fact | null {
  const mailbox = domains.aor(event['VM-User'], event['VM-Domain']);
  if (mailbox === null || event['VM-Action'] !== 'mwi-update') return null;
  const count = (name: string) => Math.max(Number.parseInt(event[name] ?? '', 10) || 0, 0);
  const counts = {
    new: count('VM-Total-New'),
    old: count('VM-Total-Saved'),
    newUrgent: count('VM-Total-New-Urgent'),
    oldUrgent: count('VM-Total-Saved-Urgent'),
  };
  return { fact: 'mailbox', mailbox, counts };
}

function listed<T>(value: T | null): T[] {
  return value === null ? [] : [value];
}
