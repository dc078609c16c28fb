import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../../src/model/random.ts';
import { NonceCounts, Nonces } from '../../../src/sip/auth/nonce.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const secret = Buffer.alloc(32, 7);

test('a nonce is fresh for two hours, longer than any subscription, and stale afterwards', () => {
  const clock = new FakeClock();
  const nonces = new Nonces({ secret, clock, random: systemRandom });
  const nonce = nonces.issue();
  assert.equal(nonces.judge(nonce), 'fresh');
  clock.advance(2 * 3600_000 - 1);
  assert.equal(nonces.judge(nonce), 'fresh');
  clock.advance(1);
  assert.equal(nonces.judge(nonce), 'stale');
});

test('a nonce survives a restart with the same secret and is foreign to another one', () => {
  const clock = new FakeClock();
  const nonce = new Nonces({ secret, clock, random: systemRandom }).issue();
  assert.equal(new Nonces({ secret, clock, random: systemRandom }).judge(nonce), 'fresh');
  assert.equal(new Nonces({ secret: Buffer.alloc(32, 8), clock, random: systemRandom }).judge(nonce), 'foreign');
});

test('a nonce from the future is stale, unless the clock was only set back a little', () => {
  const nonce = new Nonces({ secret, clock: new FakeClock(1_700_000_100_000), random: systemRandom }).issue();
  const judged = (at: number): string =>
    new Nonces({ secret, clock: new FakeClock(at), random: systemRandom }).judge(nonce);
  assert.equal(judged(1_700_000_050_000), 'fresh');
  assert.equal(judged(1_700_000_000_000), 'stale');
});

test('every change of a nonce, and every other text, is foreign', () => {
  const nonces = new Nonces({ secret, clock: new FakeClock(), random: systemRandom });
  const nonce = nonces.issue();
  for (let at = 0; at < nonce.length; at += 1) {
    const other = nonce[at] === 'A' ? 'B' : 'A';
    assert.equal(nonces.judge(nonce.slice(0, at) + other + nonce.slice(at + 1)), 'foreign');
  }
  for (const text of [
    '',
    'x',
    `${nonce}=`,
    `${nonce} `,
    ` ${nonce}`,
    nonce.slice(1),
    `${nonce}A`,
    '\u00e4'.repeat(32),
  ]) {
    assert.equal(nonces.judge(text), 'foreign', text);
  }
});

test('two nonces of one millisecond differ', () => {
  const nonces = new Nonces({ secret, clock: new FakeClock(), random: systemRandom });
  assert.notEqual(nonces.issue(), nonces.issue());
});

test('security 3.1: nc may start anywhere and jump, but must grow for each nonce and user', () => {
  const counts = new NonceCounts();
  assert.ok(counts.grows('n', 'a', 3));
  assert.ok(!counts.grows('n', 'a', 3));
  assert.ok(!counts.grows('n', 'a', 1));
  assert.ok(counts.grows('n', 'a', 9));
  assert.ok(counts.grows('n', 'b', 1));
  assert.ok(counts.grows('m', 'a', 1));
});

test('counts are bounded; the least recently used is forgotten first', () => {
  const counts = new NonceCounts(2);
  counts.grows('1', 'a', 1);
  counts.grows('2', 'a', 1);
  counts.grows('1', 'a', 2);
  counts.grows('3', 'a', 1);
  assert.equal(counts.size, 2);
  assert.ok(!counts.grows('1', 'a', 2), 'recently used: still known');
  assert.ok(counts.grows('2', 'a', 1), 'forgotten');
});
