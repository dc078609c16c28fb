import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Recorder, rates } from '../../src/trace/recorder.ts';
import { longestRecorded, Ring } from '../../src/trace/ring.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { udp } from './messages.ts';

function all(ring: Ring): string[] {
  const found: string[] = [];
  for (let number = ring.first; number < ring.next; number++) found.push(ring.read(number)?.wire ?? 'gone');
  return found;
}

test('the newest messages are there as they came, strings and bytes alike, and the oldest make room for them', () => {
  const ring = new Ring(3, 1_000);
  ring.add(1, 'in', udp, Buffer.from([0x41, 0xff, 0x00]), 0);
  ring.add(2, 'out', udp, 'B\xe4', 7);
  assert.deepEqual(ring.read(1), { number: 1, at: 1, direction: 'in', path: udp, missed: 0, wire: 'A\xff\x00' });
  assert.deepEqual(ring.read(2), { number: 2, at: 2, direction: 'out', path: udp, missed: 7, wire: 'B\xe4' });
  assert.equal(ring.read(3), null, 'not there yet');
  ring.add(3, 'in', udp, 'C', 0);
  ring.add(4, 'in', udp, 'D', 0);
  assert.equal(ring.read(1), null, 'overwritten');
  assert.deepEqual(all(ring), ['B\xe4', 'C', 'D']);
});

test('whatever is written: each message is whole or gone, the newest is there, and memory stays what it was', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 2 * longestRecorded }), { minLength: 1, maxLength: 60 });
  const property = fc.property(fc.integer({ min: 1, max: 20 }), sizes, (capacity, lengths) => {
    const ring = new Ring(capacity, 1);
    for (const [index, length] of lengths.entries()) {
      const letter = String.fromCharCode(65 + (index % 26));
      ring.add(index, 'in', udp, letter.repeat(length), 0);
      assert.ok(ring.next - ring.first <= capacity);
      for (let number = ring.first; number < ring.next; number++) {
        const at = number - 1;
        const read = ring.read(number);
        assert.ok(read !== null);
        assert.equal(read.at, at);
        assert.equal(read.wire.length, Math.min(lengths[at] ?? 0, longestRecorded));
        const own = String.fromCharCode(65 + (at % 26));
        assert.ok(read.wire[0] === own && read.wire.at(-1) === own, 'no other message has written into it');
      }
      assert.equal(ring.read(ring.next - 1)?.at, index);
    }
  });
  fc.assert(property, { numRuns: 60 });
});

test('a ring holds as many messages as its bytes allow, not only as it has places', () => {
  const ring = new Ring(1_000, 4 * longestRecorded);
  for (let i = 0; i < 100; i++) ring.add(i, 'in', udp, 'x'.repeat(longestRecorded), 0);
  assert.equal(ring.next - ring.first, 4);
});

test('above the rate only their number is recorded, and with the next message that is told', () => {
  const clock = new FakeClock();
  const recorder = new Recorder(clock, 10_000);
  for (let i = 0; i < rates.unread + 500; i++) recorder.passed('in', udp, 'm');
  assert.equal(recorder.ring.next - 1, rates.unread);
  assert.equal(recorder.missed, 500);
  clock.advance(1_000);
  recorder.passed('in', udp, 'after');
  assert.deepEqual(recorder.ring.read(rates.unread + 1)?.missed, 500);
  recorder.passed('in', udp, 'next');
  assert.equal(recorder.ring.read(rates.unread + 2)?.missed, 0);
  recorder.stop();
});

test('a storm leaves what was there before it, and its own beginning; when it is over messages are recorded again', () => {
  const clock = new FakeClock();
  const recorder = new Recorder(clock, 3_000);
  for (let i = 0; i < 100; i++) recorder.passed('in', udp, 'before');
  clock.advance(1_000);
  const storm = 100 * rates.unread;
  for (let i = 0; i < storm; i++) {
    recorder.passed('in', udp, 'storm');
    if (i % (storm / 100) === 0) clock.advance(100);
  }
  assert.equal(recorder.ring.read(1)?.wire, 'before');
  const recorded = recorder.ring.next - 1;
  assert.ok(recorded < 1.5 * rates.unread, `${recorded}`);
  clock.advance(200);
  recorder.passed('in', udp, 'calm');
  assert.equal(recorder.ring.read(recorded + 1)?.wire, 'calm');
  recorder.stop();
});

test('while somebody reads, five times as many are recorded; without messages no timer runs', () => {
  const clock = new FakeClock();
  const recorder = new Recorder(clock, 100);
  let woken = 0;
  const stop = recorder.onPassed(() => {
    woken += 1;
  });
  for (let second = 0; second < 10; second++) {
    for (let i = 0; i < rates.read / 10; i++) recorder.passed('in', udp, 'm');
    clock.advance(100);
  }
  assert.equal(recorder.missed, 0);
  assert.equal(woken, rates.read);
  stop();
  recorder.passed('in', udp, 'm');
  assert.equal(woken, rates.read);
  clock.advance(10_000);
  assert.equal(clock.pending, 0);
});
