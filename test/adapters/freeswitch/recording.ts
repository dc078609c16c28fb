import { readFileSync } from 'node:fs';
import { channelFact } from '../../../adapters/freeswitch/channel-fact.ts';
import { Domains } from '../../../adapters/freeswitch/domains.ts';
import type { EslEvent } from '../../../adapters/freeswitch/esl-event.ts';
import { readEsl } from '../../../adapters/freeswitch/events.ts';
import type { Fact } from '../../../adapters/freeswitch/facts.ts';
import { Picture } from '../../../adapters/freeswitch/picture.ts';
import { type Aor, aorOf } from '../../../src/model/aor.ts';
import type { Leg, PbxEvent } from '../../../src/model/pbx-event.ts';

/** Two tenants with the same numbers; the address is what phones of the first put into their From. */
export const domains = new Domains([
  { name: 'acme.example', aliases: ['192.0.2.5'] },
  { name: 'globex.example', aliases: [] },
]);

const users = domains.names.flatMap((domain) =>
  ['201', '202', '203', '204'].map((user) => {
    const aor = aorOf(user, domain);
    return { aor, displayName: null, mailbox: aor };
  }),
);

export const acme = (user: string) => aorOf(user, 'acme.example');
export const globex = (user: string) => aorOf(user, 'globex.example');

/** Root of the sources, seen from the compiled test. */
const fixtures = new URL('../../../../test/fixtures/freeswitch/', import.meta.url);

export function fixture(name: string): string {
  return readFileSync(new URL(name, fixtures), 'utf8');
}

export function recorded(name: string): readonly EslEvent[] {
  return fixture(`${name}.jsonl`)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as EslEvent);
}

export const now = () => 1_700_500_000_000;

/** The picture of a PBX that holds these facts. */
export function picture(facts: readonly Fact[] = [], older: Picture | null = null): Picture {
  return new Picture('main', { users, facts, lamps: [], lampKinds: [], gap: false, keyLamps: false }, now, older);
}

export function feed(live: Picture, events: readonly EslEvent[]): PbxEvent[] {
  return events.flatMap((event) => readEsl(event, domains).facts.flatMap((fact) => live.apply(fact)));
}

/** What a recording made the picture tell, in words short enough to compare. */
export interface Told {
  /** `201`, or `201@globex.example`, to what its lamp saw: `trying>202`, `early<201`, `confirmed>202 holding`, `-` = idle. */
  readonly dialogs: Readonly<Record<string, readonly string[]>>;
  readonly contacts: readonly string[];
  readonly mailboxes: readonly string[];
  readonly legs: readonly Leg[];
  readonly events: readonly PbxEvent[];
}

export function play(events: readonly EslEvent[], live = picture()): Told {
  return told(feed(live, events));
}

export function told(events: readonly PbxEvent[]): Told {
  const dialogs: Record<string, string[]> = {};
  const contacts: string[] = [];
  const mailboxes: string[] = [];
  const legs: Leg[] = [];
  for (const event of events) {
    if (event.type === 'dialogs') {
      legs.push(...event.legs);
      const seen = dialogs[short(event.aor)] ?? [];
      dialogs[short(event.aor)] = seen;
      const words = wordsOf(event.legs);
      if (seen.at(-1) !== words) seen.push(words);
    }
    if (event.type === 'registration') contacts.push(`${short(event.aor)} ${event.contacts}`);
    if (event.type === 'mailbox') {
      const { new: unread, old, newUrgent, oldUrgent } = event.counts;
      mailboxes.push(`${short(event.aor)} ${unread}/${old} (${newUrgent}/${oldUrgent})`);
    }
  }
  return { dialogs, contacts, mailboxes, legs, events };
}

export function wordsOf(legs: readonly Leg[]): string {
  if (legs.length === 0) return '-';
  return legs
    .map(({ phase, direction, remote, holding }) => {
      const who = remote.presentable ? (remote.number ?? '?') : 'withheld';
      return `${phase}${direction === 'initiator' ? '>' : '<'}${who}${holding ? ' holding' : ''}`;
    })
    .join(' | ');
}

function short(aor: Aor): string {
  return aor.replace('@acme.example', '');
}

/** What `uuid_dump` would answer for each channel that lives after these events: its headers as last told. */
export function dumps(events: readonly EslEvent[]): readonly EslEvent[] {
  const channels = new Map<string, Record<string, string>>();
  for (const event of events) {
    const id = event['Unique-ID'];
    if (id === undefined || !/^(CHANNEL_|CALL_UPDATE)/.test(event['Event-Name'] ?? '')) continue;
    const { 'Bridge-A-Unique-ID': a, 'Bridge-B-Unique-ID': b, ...headers } = event;
    channels.set(id, { ...channels.get(id), ...headers, 'Event-Name': 'CHANNEL_DATA' });
    for (const [one, other] of [
      [a, b],
      [b, a],
    ]) {
      const channel = channels.get(one ?? '');
      if (channel !== undefined && other !== undefined) channel['variable_bridge_uuid'] = other;
    }
  }
  return [...channels.values()].filter((it) => channelFact(it, domains) !== null);
}

/** What a reading of the PBX brings after these events. */
export function dumpFacts(events: readonly EslEvent[]): readonly Fact[] {
  return dumps(events).flatMap((dump) => {
    const { 'Unique-ID': a = '', variable_bridge_uuid: b } = dump;
    const channel = channelFact(dump, domains);
    return [...(channel === null ? [] : [channel]), ...(b === undefined ? [] : [{ fact: 'bridge', a, b } as const])];
  });
}

/** The same events, each channel's own in their order, the channels among each other in another one. */
export function shuffled(events: readonly EslEvent[], fraction: () => number): readonly EslEvent[] {
  const queues = new Map<string, EslEvent[]>();
  for (const event of events) {
    const key = event['Unique-ID'] ?? '';
    queues.set(key, [...(queues.get(key) ?? []), event]);
  }
  const left = [...queues.values()];
  const mixed: EslEvent[] = [];
  while (left.length > 0) {
    const at = Math.floor(fraction() * left.length);
    const next = left[at]?.shift();
    if (next === undefined) left.splice(at, 1);
    else mixed.push(next);
  }
  return mixed;
}

/** A seeded generator: the same numbers every time. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
