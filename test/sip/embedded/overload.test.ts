import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Overload, overloadRules } from '../../../src/sip/embedded/overload.ts';
import { TimerWheel } from '../../../src/sip/embedded/timer-wheel.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/silent-logger.ts';

const { startMs, endMs, quietMs } = overloadRules;

function overload(fraction = () => 0.5) {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const random = { bytes: (count: number) => Buffer.alloc(count), fraction };
  return { clock, logger, judge: new Overload(new TimerWheel(clock), random, logger) };
}

describe('overload', () => {
  test('begins when new requests wait too long and ends when they hardly wait (hysteresis)', () => {
    const { judge } = overload();
    judge.waited(startMs - 1);
    assert.equal(judge.sheds(), false);
    judge.waited(startMs);
    assert.equal(judge.sheds(), true);
    judge.waited(endMs + 1);
    assert.equal(judge.sheds(), true);
    judge.waited(endMs);
    assert.equal(judge.sheds(), false);
    judge.waited(endMs + 1);
    assert.equal(judge.sheds(), false);
  });

  test('a loop that runs its timers that late is overload as well', () => {
    const { judge } = overload();
    judge.late(startMs);
    judge.waited(1);
    assert.equal(judge.sheds(), true);
    judge.late(0);
    assert.equal(judge.sheds(), false);
  });

  test('an episode is one line when it begins and one with numbers when it is over, however often it flickers', () => {
    const { clock, logger, judge } = overload();
    for (let i = 0; i < 20; i++) {
      judge.waited(startMs + i);
      judge.sheds();
      judge.sheds();
      clock.advance(200);
      judge.waited(0);
      clock.advance(200);
    }
    assert.equal(logger.lines.length, 1);
    clock.advance(2 * quietMs);
    assert.equal(logger.lines.length, 2);
    assert.deepEqual(logger.lines[0]?.fields, { waitedMs: startMs, loopLateMs: 0 });
    assert.deepEqual(logger.lines[1]?.fields, { refused: 40, longestWaitMs: startMs + 19 });
    assert.equal(clock.pending, 0);
    judge.waited(startMs);
    assert.equal(logger.lines.length, 3);
  });

  test('it is not over while requests are sent away', () => {
    const { clock, logger, judge } = overload();
    judge.waited(startMs);
    clock.advance(5 * quietMs);
    assert.equal(logger.lines.length, 1);
  });

  test('Retry-After is spread over whole seconds, both ends included', () => {
    const [least, most] = overloadRules.retryAfter;
    let at = 0;
    const { judge } = overload(() => at);
    const seen = new Set<number>();
    for (; at < 1; at += 0.01) seen.add(judge.retryAfter());
    assert.deepEqual(
      [...seen].sort((a, b) => a - b),
      Array.from({ length: most - least + 1 }, (_, i) => least + i),
    );
  });
});
