import { readFileSync } from 'node:fs';
import { type AmiEvent, type AriEvent, readAmi, readAri } from '../../../adapters/asterisk/events.ts';
import { AstdbFeatures } from '../../../adapters/asterisk/features/astdb.ts';
import { freepbx } from '../../../adapters/asterisk/features/freepbx.ts';
import { Picture, type Reading } from '../../../adapters/asterisk/picture.ts';
import { userOf } from '../../../src/model/aor.ts';
import type { Leg, PbxEvent } from '../../../src/model/pbx-event.ts';

/** What a recording made the adapter tell, in words short enough to compare. */
export interface Told {
  /** Extension (no lamp that is none) to what its lamp saw, in order: `trying>1002`, `early<1001`, `confirmed>1002 holding`, `-` = idle. */
  readonly dialogs: Readonly<Record<string, readonly string[]>>;
  /** Extension to its numbers of reachable contacts. */
  readonly contacts: Readonly<Record<string, readonly number[]>>;
  /** `1001 new/old`. */
  readonly mailboxes: readonly string[];
  /** How often something said that the features should be read again. */
  readonly looks: number;
  readonly legs: readonly Leg[];
  readonly events: readonly PbxEvent[];
}

const phones = ['1001', '1002', '1003', '1004'].map((user) => ({
  user,
  displayName: `Phone ${user}`,
  mailbox: `${user}@default`,
}));

/** Root of the sources, seen from the compiled test. */
const fixtures = new URL('../../../../test/fixtures/asterisk/', import.meta.url);

/** Plays a recording of both links. `calls`: which of them is believed about calls. */
export function play(name: string, calls: 'ari' | 'ari-only' | 'ami', contacts: Reading['contacts'] = new Map()): Told {
  const picture = new Picture('main', 'lab.test', { phones, contacts, facts: [] }, () => 1_700_000_000_000, null);
  const features = new AstdbFeatures(freepbx, 6, false);
  const dialogs: Record<string, string[]> = {};
  const reachable: Record<string, number[]> = {};
  const mailboxes: string[] = [];
  const legs: Leg[] = [];
  const events: PbxEvent[] = [];
  let looks = 0;
  const lines = readFileSync(new URL(`${name}.jsonl`, fixtures), 'utf8')
    .trim()
    .split('\n');
  for (const line of lines) {
    const { ari, ami } = JSON.parse(line) as { ari?: AriEvent; ami?: AmiEvent };
    if (ari !== undefined ? calls === 'ami' : calls === 'ari-only') continue;
    const reading = ari === undefined ? readAmi(ami ?? {}, calls === 'ami') : readAri(ari, calls === 'ari-only');
    const isHint =
      (reading.deviceState !== undefined && features.isTrigger(reading.deviceState)) ||
      (reading.dialplan !== undefined && features.isWrite(reading.dialplan));
    if (isHint) looks++;
    events.push(...reading.facts.flatMap((fact) => picture.apply(fact)));
  }
  for (const event of events) {
    if (event.type === 'dialogs' && !event.aor.includes('+')) {
      legs.push(...event.legs);
      const user = userOf(event.aor);
      const seen = dialogs[user] ?? [];
      dialogs[user] = seen;
      const words = wordsOf(event.legs);
      if (seen.at(-1) !== words) seen.push(words);
    }
    if (event.type === 'registration') {
      const user = userOf(event.aor);
      reachable[user] = [...(reachable[user] ?? []), event.contacts];
    }
    if (event.type === 'mailbox') mailboxes.push(`${userOf(event.aor)} ${event.counts.new}/${event.counts.old}`);
  }
  return { dialogs, contacts: reachable, mailboxes, looks, legs, events };
}

function wordsOf(legs: readonly Leg[]): string {
  if (legs.length === 0) return '-';
  return legs
    .map(
      (it) =>
        `${it.phase}${it.direction === 'initiator' ? '>' : '<'}${it.remote.number ?? '?'}${it.holding ? ' holding' : ''}`,
    )
    .join(' | ');
}
