import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NonceCounts } from '../../../src/sip/auth/nonce-counts.ts';

const bornAt = 1_000_000;
const later = bornAt + 1000;

test('security 3.1: nc may start anywhere and jump; each count is taken once for each nonce and user', () => {
  const counts = new NonceCounts(bornAt);
  const take = (nonce: string, user: string, count: number) => counts.take(nonce, user, count, later, false);
  assert.equal(take('n', 'a', 3), 'new');
  assert.equal(take('n', 'a', 3), 'used');
  assert.equal(take('n', 'a', 9), 'new');
  assert.equal(take('n', 'b', 1), 'new');
  assert.equal(take('m', 'a', 1), 'new');
  assert.equal(take('n', 'a', 0xffffffff), 'new');
  assert.equal(take('n', 'a', 10), 'used', 'too far below to tell');
});

test('security 3.1: counts that UDP has swapped are taken, up to 31 below the highest, and each of them once', () => {
  const counts = new NonceCounts(bornAt);
  const take = (count: number) => counts.take('n', 'a', count, later, false);
  assert.equal(take(40), 'new');
  for (const count of [39, 38, 20, 9]) assert.equal(take(count), 'new', String(count));
  for (const count of [40, 39, 38, 20, 9]) assert.equal(take(count), 'used', String(count));
  assert.equal(take(8), 'used', 'out of the window');
  assert.equal(take(71), 'new');
  assert.equal(take(40), 'used', 'still in the window, and still used');
  assert.equal(take(41), 'new');
});

test('whatever the order, no count is taken twice', () => {
  const orders = fc.array(fc.oneof(fc.integer({ min: 0, max: 80 }), fc.integer({ min: 0, max: 0xffffffff })), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(orders, (order) => {
      const counts = new NonceCounts(bornAt);
      const taken = order.filter((count) => counts.take('n', 'a', count, later, false) === 'new');
      assert.equal(new Set(taken).size, taken.length);
      let highest = -1;
      for (const count of order) {
        if (count > highest) assert.ok(taken.includes(count), 'growth is always taken');
        highest = Math.max(highest, count);
      }
    }),
  );
});

test('counts are bounded: what was not used for longest is forgotten, and then not taken again', () => {
  const counts = new NonceCounts(bornAt, 4);
  const take = (nonce: string, count: number, issuedAt: number, guarded = false) =>
    counts.take(nonce, 'a', count, issuedAt, guarded);
  for (const [index, nonce] of ['1', '2', '3'].entries()) take(nonce, 1, later + index);
  assert.equal(take('1', 2, later), 'new', 'used again');
  assert.equal(take('4', 1, later + 3), 'new', 'now 2 is forgotten');
  assert.ok(counts.size <= 4);
  assert.equal(take('1', 2, later), 'used', 'still known');
  assert.equal(take('2', 1, later + 1), 'forgotten', 'else a flood of logins would make room for a replay');
  assert.equal(take('0', 1, later), 'forgotten', 'older than what was forgotten: nobody can tell');
  assert.equal(take('2', 1, later + 1, true), 'new', 'a dialog guards against the replay');
  assert.equal(take('2', 1, later + 1, true), 'used');
  assert.equal(take('5', 1, later + 4), 'new', 'newer nonces are served as ever');
});

test('however many nonces come, memory stays bounded and none is taken twice', () => {
  const counts = new NonceCounts(bornAt, 100);
  for (let n = 0; n < 5000; n += 1) {
    assert.equal(counts.take(`n${n}`, 'a', 1, later + n, false), 'new');
    assert.ok(counts.size <= 100);
    const old = Math.max(0, n - (n % 250));
    assert.notEqual(counts.take(`n${old}`, 'a', 1, later + old, false), 'new');
  }
});

test('a nonce of the time before this process is forgotten, and good within a dialog only', () => {
  const counts = new NonceCounts(bornAt);
  assert.equal(counts.take('n', 'a', 1, bornAt - 1, false), 'forgotten');
  assert.equal(counts.take('n', 'a', 1, bornAt - 1, true), 'new');
  assert.equal(counts.take('m', 'a', 1, bornAt, false), 'new');
});
