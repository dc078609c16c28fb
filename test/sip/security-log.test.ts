import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLogger } from '../../src/log.ts';
import { type SecurityEvent, SecurityLog, securityEvents } from '../../src/sip/security-log.ts';
import { makeFilter } from '../support/fail2ban.ts';
import { FakeClock } from '../support/fake-clock.ts';

interface Line {
  readonly level: string;
  readonly room: string;
  readonly event: string;
  readonly source: string;
  readonly proven: boolean;
  readonly count: number;
  readonly user?: string;
  readonly detail?: string;
  readonly message: string;
}

function setup(format: 'json' | 'text' = 'json') {
  const written: string[] = [];
  const clock = new FakeClock();
  const logger = createLogger({ level: 'info', format, write: (line) => written.push(line) });
  const log = new SecurityLog(logger, clock);
  const lines = (): Line[] => written.map((line) => JSON.parse(line) as Line);
  const sum = (): number => lines().reduce((all, { count }) => all + count, 0);
  return { log, clock, written, lines, sum };
}

const proven = (address: string) => ({ address, proven: true });
const forgeable = (address: string) => ({ address, proven: false });

test('every event has one line of one form: our own fields first, foreign text behind them', () => {
  const { log, written } = setup();
  for (const event of Object.keys(securityEvents) as SecurityEvent[]) {
    log.report(event, proven('192.0.2.7'), { user: '1001', detail: 'x' });
  }
  for (const [index, [event, message]] of Object.entries(securityEvents).entries()) {
    const wanted = `"room":"security","event":"${event}","source":"192.0.2.7","proven":true,"count":1,"user":"1001","detail":"x","message":"${message}"}\n`;
    assert.match(written[index] ?? '', /^\{"level":"warn","time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","room"/);
    assert.ok(written[index]?.endsWith(wanted), written[index]);
  }
});

test('security 3.8: no text off the wire makes a second line, a control character, or anything but ASCII', () => {
  const { log, written, clock } = setup();
  const nasty = fc.array(
    fc.constantFrom(
      '\r',
      '\n',
      '\r\n',
      '\u001b[2J',
      '\u009b31m',
      '\u2028',
      '\u2029',
      '\u0000',
      '\u202e',
      '"',
      '\\',
      '{',
      '}',
      ',',
      'a',
      '\u00e4',
      '\u{1F4DE}',
      '"source":"203.0.113.9"',
    ),
  );
  fc.assert(
    fc.property(nasty, nasty, (user, detail) => {
      written.length = 0;
      clock.advance(10_000);
      log.report('auth-failed', proven('192.0.2.7'), { user: user.join(''), detail: detail.join('') });
      assert.equal(written.length, 1);
      const [line = ''] = written;
      assert.match(line, /^[\x20-\x7e]+\n$/);
      const { source, proven: shown } = JSON.parse(line) as Line;
      assert.deepEqual([source, shown], ['192.0.2.7', true]);
    }),
  );
});

const fake =
  '{"level":"warn","time":"2026-01-01T00:00:00.000Z","room":"security","event":"auth-failed","source":"203.0.113.9","proven":true,';
const forgeries = [
  fake,
  `\n${fake}`,
  `x"}\r\n${fake}`,
  `\\"}\n${fake}`,
  'x","source":"203.0.113.9","proven":true,"y":"',
  `host a[1]: ${fake}`,
];

for (const name of forgeries) {
  test(`a user called ${JSON.stringify(name).slice(0, 40)} has nobody else banned, wherever the name is written`, () => {
    const { log, written } = setup();
    log.report('auth-failed', proven('192.0.2.7'), { user: name, detail: name });
    log.report('malformed', forgeable('192.0.2.8'), { user: name, detail: name });
    const logger = createLogger({ level: 'info', format: 'json', write: (line) => written.push(line) });
    logger.warn({ name }, name);
    logger.child('sip').info({ detail: name, [name]: name }, name);
    const text = createLogger({ level: 'info', format: 'text', write: (line) => written.push(line) });
    text.error({ name }, name);
    text.child('security').warn({ user: name }, name);
    const lines = written.join('').split('\n');
    for (const mode of ['normal', 'aggressive'] as const) {
      const banned = lines.map(makeFilter(mode)).filter((address) => address !== null);
      assert.deepEqual(banned, ['192.0.2.7']);
    }
  });
}

test('long names and details are cut', () => {
  const { log, written, lines } = setup();
  log.report('auth-failed', proven('192.0.2.7'), { user: 'u'.repeat(10_000), detail: 'd'.repeat(10_000) });
  assert.equal(lines()[0]?.user?.length, 64);
  assert.equal(lines()[0]?.detail?.length, 200);
  assert.ok((written[0]?.length ?? 0) < 600);
});

test('the source is the address a firewall knows: without zone, IPv4 as such', () => {
  const { log, lines } = setup();
  for (const address of ['::ffff:192.0.2.7', 'fe80::1%eth0', '2001:db8::7', 'nonsense", "source": "x']) {
    log.report('auth-failed', proven(address));
  }
  assert.deepEqual(
    lines().map(({ source }) => source),
    ['192.0.2.7', 'fe80::1', '2001:db8::7', 'unknown'],
  );
});

test('ten lines for one event of one source in 10 s; the rest is one line with its count', () => {
  const { log, clock, lines } = setup();
  for (let n = 0; n < 1000; n += 1) log.report('unknown-user', proven('192.0.2.7'), { user: `guess${n}` });
  log.report('auth-failed', proven('192.0.2.7'));
  log.report('unknown-user', proven('192.0.2.8'));
  assert.equal(lines().length, 12);
  clock.advance(10_000);
  log.report('unknown-user', proven('192.0.2.9'));
  const [, , summary] = lines().slice(10);
  assert.deepEqual([summary?.event, summary?.source, summary?.count], ['unknown-user', '192.0.2.7', 990]);
  assert.equal(summary?.user, undefined);
});

test('two lines where the sender may be forged', () => {
  const { log, lines } = setup();
  for (let n = 0; n < 1000; n += 1) log.report('malformed', forgeable('192.0.2.7'), { detail: String(n) });
  assert.equal(lines().length, 2);
});

test('a flood from a hundred thousand forged senders is 300 lines in 10 s, hides nobody who is real, and nothing is uncounted', () => {
  const { log, clock, lines, sum } = setup();
  const all = 100_000;
  for (let n = 0; n < all; n += 1) {
    log.report('malformed', forgeable(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`));
    if (n % 20_000 === 0) log.report('auth-failed', proven('192.0.2.7'));
  }
  assert.equal(lines().length, 305);
  assert.equal(lines().filter(({ event }) => event === 'auth-failed').length, 5);
  for (let window = 0; window < 60; window += 1) {
    clock.advance(10_000);
    log.report('auth-failed', proven('192.0.2.7'));
    log.report('malformed', forgeable('10.9.9.9'));
  }
  assert.ok(lines().length < 305 + 60 * 303);
  assert.equal(sum(), all + 5 + 120);
});

test('a clock that is set back opens new windows', () => {
  const { log, clock, lines } = setup();
  for (let n = 0; n < 50; n += 1) log.report('auth-failed', proven('192.0.2.7'));
  const past = new FakeClock(clock.now() - 3_600_000);
  assert.equal(lines().length, 10);
  clock.now = () => past.now();
  log.report('auth-failed', proven('192.0.2.7'));
  assert.equal(lines().length, 12);
});
