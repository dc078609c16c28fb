import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Complaints } from '../../../src/sip/embedded/complaints.ts';
import { SecurityLog } from '../../../src/sip/security-log.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/silent-logger.ts';

const rows: readonly (readonly [complaint: string, event: string])[] = [
  ['SIP message refused', 'malformed'],
  ['too many requests (sip.limits.perSource)', 'rate-limited'],
  ['too many connections', 'too-many-connections'],
  ['too many connections from this address', 'too-many-connections'],
  ['TLS handshake failed', 'stream-misuse'],
  ['no WebSocket upgrade', 'stream-misuse'],
  ['WebSocket upgrade refused: another origin', 'stream-misuse'],
  ['handshake not completed in time', 'stream-misuse'],
  ['message not completed in time', 'stream-misuse'],
  ['peer does not read', 'stream-misuse'],
];

for (const [complaint, event] of rows) {
  test(`"${complaint}" is ${event} in the security log, proven on a stream only, and nowhere else`, () => {
    const logger = new RecordingLogger();
    const clock = new FakeClock();
    const complaints = new Complaints(clock, logger.child('sip'), new SecurityLog(logger, clock));
    complaints.warn('udp:2001:db8::7', complaint, 'x\r\n\x1b');
    complaints.warn('tls:192.0.2.7', complaint);
    const common = { event, count: 1 };
    assert.deepEqual(
      logger.lines.map(({ room, fields }) => ({ room, ...fields })),
      [
        { room: 'security', ...common, source: '2001:db8::7', proven: false, detail: 'x???' },
        { room: 'security', ...common, source: '192.0.2.7', proven: true, detail: complaint },
      ],
    );
  });
}

test('what is nobody’s fault stays in the ordinary log', () => {
  const logger = new RecordingLogger();
  const clock = new FakeClock();
  const complaints = new Complaints(clock, logger.child('sip'), new SecurityLog(logger, clock));
  complaints.warn('udp:192.0.2.7', 'an answer could not be sent', 'EHOSTUNREACH');
  assert.deepEqual(
    logger.lines.map(({ room, message }) => [room, message]),
    [['sip', 'an answer could not be sent']],
  );
});

test('a hundred lines a minute, however many senders are forged; what was left out is counted', () => {
  const logger = new RecordingLogger();
  const clock = new FakeClock();
  const complaints = new Complaints(clock, logger.child('sip'), new SecurityLog(logger, clock));
  const flood = (net: number): void => {
    for (let i = 0; i < 20_000; i++)
      complaints.warn(`udp:10.${net}.${i >> 8}.${i & 255}`, 'an answer could not be sent', 'ENETUNREACH');
  };
  flood(0);
  assert.equal(logger.lines.length, 100);
  clock.advance(60_000);
  flood(1);
  assert.equal(logger.lines.length, 201);
  assert.deepEqual(logger.lines[100]?.fields, { count: 19_900 });
});
