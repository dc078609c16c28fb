import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

export type Event = Readonly<Record<string, string>>;

/** One event of a file in test/fixtures/freeswitch/features, by the name of what was done. */
export function scenarios(file: string): ReadonlyMap<string, Event> {
  const lines = readFileSync(`test/fixtures/freeswitch/features/${file}`, 'utf8').trim().split('\n');
  const all = lines.map((line) => JSON.parse(line) as { readonly scenario: string; readonly event: Event });
  const map = new Map(all.map(({ scenario, event }) => [scenario, event]));
  assert.equal(map.size, all.length, 'two scenarios have one name');
  return map;
}
