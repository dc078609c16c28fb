import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createLogger } from '../../src/log.ts';
import { type SecurityEvent, SecurityLog, securityEvents } from '../../src/sip/security-log.ts';
import { fail2banSettings, makeFilter } from '../support/fail2ban.ts';
import { FakeClock } from '../support/fake-clock.ts';

const all = Object.keys(securityEvents) as SecurityEvent[];
const filter = fail2banSettings('filter.d/lamplighter.conf');
const eventsOf = (mode: string) => (filter.get(`_events_${mode}`) ?? '').split('|');

/** One line of each event, as the daemon writes them. */
function written(proven: boolean): readonly (readonly [SecurityEvent, string])[] {
  const lines: string[] = [];
  const log = new SecurityLog(
    createLogger({ level: 'warn', format: 'json', write: (line) => lines.push(line) }),
    new FakeClock(),
  );
  for (const event of all) log.report(event, { address: '192.0.2.7', proven }, { user: 'u' });
  return all.map((event, index) => [event, lines[index] ?? '']);
}

test('the events of the fail2ban filter are events of the security log, and aggressive holds all of normal', () => {
  for (const event of eventsOf('aggressive')) assert.ok(all.includes(event as SecurityEvent), event);
  for (const event of eventsOf('normal')) assert.ok(eventsOf('aggressive').includes(event), event);
  assert.deepEqual(
    all.filter((event) => !eventsOf('aggressive').includes(event)),
    ['auth-unavailable'],
    'only this is nobody who attacks',
  );
});

for (const mode of ['normal', 'aggressive'] as const) {
  test(`the filter in mode ${mode} bans the source of its events, in a file and in the journal, and of no others`, () => {
    const ban = makeFilter(mode);
    for (const [event, line] of written(true)) {
      const expected = eventsOf(mode).includes(event) ? '192.0.2.7' : null;
      assert.equal(ban(line), expected, event);
      assert.equal(ban(`pbx1 lamplighter[4711]: ${line}`), expected, event);
    }
  });

  test(`the filter in mode ${mode} bans nobody whose address may be forged`, () => {
    const ban = makeFilter(mode);
    for (const [event, line] of written(false)) assert.equal(ban(line), null, event);
  });
}

test('docs/security.md names each event of the security log', () => {
  const page = readFileSync(new URL('../../../docs/security.md', import.meta.url), 'utf8');
  const table = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, event]) => event);
  assert.deepEqual(
    all.filter((event) => !table.includes(event)),
    [],
  );
});
