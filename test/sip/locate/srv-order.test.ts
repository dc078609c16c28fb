import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SrvRecord } from '../../../src/sip/locate/records.ts';
import { isDenied, orderSrv } from '../../../src/sip/locate/srv-order.ts';
import { fixedRandom, seededRandom } from './seeded-random.ts';

function srv(priority: number, weight: number, target: string): SrvRecord {
  return { priority, weight, port: 5060, target };
}

function firstShares(records: readonly SrvRecord[], draws: number, seed: number): ReadonlyMap<string, number> {
  const random = seededRandom(seed);
  const counts = new Map<string, number>();
  for (let index = 0; index < draws; index += 1) {
    const target = orderSrv(records, random)[0]?.target ?? '';
    counts.set(target, (counts.get(target) ?? 0) + 1);
  }
  return new Map([...counts].map(([target, count]) => [target, count / draws]));
}

test('RFC 2782: a lower priority comes first, whatever the weights', () => {
  const records = [srv(10, 60000, 'backup'), srv(0, 0, 'main'), srv(5, 1, 'second')];
  const seed = Date.now() % 1_000_000;
  const order = orderSrv(records, seededRandom(seed)).map(({ target }) => target);
  assert.deepEqual(order, ['main', 'second', 'backup'], `seed ${seed}`);
});

test('RFC 2782: within one priority the first is drawn as the weights say', () => {
  // 1 and 2 are the weights of the example in RFC 3263 4.2. The draw is among sum + 1 numbers, so that a weight of 0
  // has its small chance: the shares below are those of the procedure, not of the bare weights.
  const records = [srv(0, 10, 'one'), srv(0, 20, 'two'), srv(0, 70, 'seven'), srv(0, 0, 'never')];
  const seed = 2782;
  const shares = firstShares(records, 40_000, seed);
  const expected: Readonly<Record<string, number>> = { never: 1 / 101, one: 10 / 101, two: 20 / 101, seven: 70 / 101 };
  for (const [target, share] of Object.entries(expected)) {
    const got = shares.get(target) ?? 0;
    assert.ok(Math.abs(got - share) < 0.01, `${target}: ${got} instead of ${share}, seed ${seed}`);
  }
});

test('RFC 2782: the running sum decides, weights of 0 first, both ends of the draw included', () => {
  const records = [srv(0, 1, 'server1'), srv(0, 2, 'server2')];
  const firstAt = (fraction: number) => orderSrv(records, fixedRandom(fraction))[0]?.target;
  assert.equal(firstAt(0), 'server1');
  assert.equal(firstAt(1 / 4), 'server1');
  assert.equal(firstAt(2 / 4), 'server2');
  assert.equal(firstAt(1 - Number.EPSILON), 'server2');
  const withZero = [srv(0, 5, 'heavy'), srv(0, 0, 'light')];
  assert.equal(orderSrv(withZero, fixedRandom(0))[0]?.target, 'light');
  assert.equal(orderSrv(withZero, fixedRandom(0.5))[0]?.target, 'heavy');
});

test('every record is in the order exactly once, priorities never fall, for any weights and any chance', () => {
  const record = fc.record({
    priority: fc.integer({ min: 0, max: 3 }),
    weight: fc.constantFrom(0, 0, 1, 7, 65535),
    port: fc.integer({ min: 0, max: 65535 }),
    target: fc.string(),
  });
  fc.assert(
    fc.property(fc.array(record, { maxLength: 32 }), fc.integer(), (records, seed) => {
      const order = orderSrv(records, seededRandom(seed));
      assert.equal(new Set(order).size, records.length);
      for (const [index, one] of order.entries()) {
        assert.ok(one.priority >= (order[index - 1]?.priority ?? 0));
      }
    }),
  );
});

test('of a zone with thousands of records the few best are used', () => {
  const many = Array.from({ length: 10_000 }, (_, index) => srv(9, 1, `h${index}`));
  const order = orderSrv([...many, srv(0, 0, 'best')], seededRandom(1));
  assert.deepEqual([order.length, order[0]?.target], [32, 'best']);
});

test('RFC 2782: a single record with the root as target denies the service; beside others it does not', () => {
  assert.equal(isDenied([srv(0, 0, '')]), true);
  assert.equal(isDenied([srv(0, 0, ''), srv(0, 0, 'a.test')]), false);
  assert.equal(isDenied([]), false);
});
