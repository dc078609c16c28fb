import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { TimerWheel, Waiting } from '../../../src/sip/embedded/timer-wheel.ts';
import { FakeClock } from '../../support/fake-clock.ts';

class Entry extends Waiting {
  readonly fired: number[] = [];
  readonly #clock: FakeClock;
  readonly #then: () => void;

  constructor(clock: FakeClock, then: () => void = () => undefined) {
    super();
    this.#clock = clock;
    this.#then = then;
  }

  override onDue(): void {
    this.fired.push(this.#clock.now());
    this.#then();
  }
}

describe('the timer wheel', () => {
  test('fires each entry once, never early and at most two slots late, whatever the delays', () => {
    const seed = 20_261_121;
    console.log(`# seed ${seed}`);
    const plan = fc.array(fc.record({ after: fc.nat(3000), delay: fc.nat(120_000) }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(plan, (steps) => {
        const clock = new FakeClock();
        const wheel = new TimerWheel(clock);
        const entries = steps.map(({ after, delay }) => {
          clock.advance(after);
          const entry = new Entry(clock);
          wheel.set(entry, delay);
          return { entry, due: clock.now() + delay };
        });
        clock.advance(130_000);
        for (const { entry, due } of entries) {
          assert.equal(entry.fired.length, 1);
          const late = (entry.fired[0] ?? 0) - due;
          assert.ok(late >= 0 && late <= 200, `late by ${late}`);
        }
        assert.equal(wheel.size, 0);
        assert.equal(clock.pending, 0);
      }),
      { seed, numRuns: 100 },
    );
  });

  test('is silent while empty', () => {
    const clock = new FakeClock();
    const wheel = new TimerWheel(clock);
    assert.equal(clock.pending, 0);
    wheel.set(new Entry(clock), 250);
    assert.equal(clock.pending, 1);
    clock.advance(300);
    assert.equal(clock.pending, 0);
  });

  test('forgets what is cancelled, and moves what is set again', () => {
    const clock = new FakeClock();
    const wheel = new TimerWheel(clock);
    const [gone, moved] = [new Entry(clock), new Entry(clock)];
    wheel.set(gone, 500);
    wheel.set(moved, 500);
    wheel.cancel(gone);
    wheel.cancel(gone);
    wheel.set(moved, 1500);
    assert.equal(wheel.size, 1);
    clock.advance(1400);
    assert.deepEqual([gone.fired.length, moved.fired.length], [0, 0]);
    clock.advance(200);
    assert.deepEqual([gone.fired.length, moved.fired.length], [0, 1]);
  });

  test('lets an entry set itself and cancel its neighbour while it fires', () => {
    const clock = new FakeClock();
    const wheel = new TimerWheel(clock);
    const neighbour = new Entry(clock);
    const again: Entry = new Entry(clock, () => {
      wheel.cancel(neighbour);
      if (again.fired.length < 3) wheel.set(again, 500);
    });
    wheel.set(again, 500);
    wheel.set(neighbour, 500);
    clock.advance(5000);
    const start = again.fired[0] ?? 0;
    assert.deepEqual(again.fired, [start, start + 500, start + 1000]);
    assert.equal(neighbour.fired.length, 0);
  });

  test('one that throws does not stop the others', () => {
    const clock = new FakeClock();
    const wheel = new TimerWheel(clock);
    const later = new Entry(clock);
    wheel.set(
      new Entry(clock, () => {
        throw new Error('boom');
      }),
      100,
    );
    wheel.set(later, 500);
    assert.throws(() => clock.advance(200), /boom/);
    clock.advance(1000);
    assert.equal(later.fired.length, 1);
  });

  test('stop forgets everything', () => {
    const clock = new FakeClock();
    const wheel = new TimerWheel(clock);
    const entry = new Entry(clock);
    wheel.set(entry, 500);
    wheel.stop();
    assert.equal(clock.pending, 0);
    clock.advance(1000);
    assert.equal(entry.fired.length, 0);
  });
});
