import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Fifo } from '../../../src/sip/embedded/fifo.ts';
import { Recent } from '../../../src/sip/embedded/recent.ts';

const seed = 20_261_123;

describe('a Fifo', () => {
  test('gives what was pushed, in order, whatever the mixture', () => {
    console.log(`# seed ${seed}`);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3000, max: 3000 }), { maxLength: 30 }), (steps) => {
        const fifo = new Fifo<number>();
        const model: number[] = [];
        let next = 0;
        for (const step of steps) {
          for (let i = 0; i < step; i++) {
            fifo.push(next);
            model.push(next++);
          }
          for (let i = 0; i > step; i--) {
            assert.equal(fifo.first, model[0]);
            assert.equal(fifo.shift(), model.shift());
          }
          assert.equal(fifo.size, model.length);
        }
      }),
      { seed, numRuns: 50 },
    );
  });
});

describe('a Recent', () => {
  test('never holds more than two generations, and keeps what is asked for', () => {
    const recent = new Recent<number>(100);
    for (let i = 0; i < 10_000; i++) {
      recent.set(`key ${i}`, i);
      assert.equal(recent.get('key 0'), 0);
      assert.ok(recent.size <= 200);
    }
    assert.equal(recent.get('key 9999'), 9999);
    assert.equal(recent.get('key 1'), undefined);
  });

  test('the last value set is the one', () => {
    const recent = new Recent<string>(2);
    recent.set('a', 'old');
    recent.set('b', 'b');
    recent.set('c', 'c'); // a and b are the old generation
    recent.set('a', 'new');
    assert.equal(recent.get('a'), 'new');
    assert.equal(recent.get('b'), 'b');
  });
});
