import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../../src/model/random.ts';
import { Nonces } from '../../../src/sip/auth/nonce.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const secret = Buffer.alloc(32, 7);
const here = '192.0.2.7';

test('a nonce is fresh for two hours, longer than any subscription, and stale afterwards', () => {
  const clock = new FakeClock();
  const nonces = new Nonces({ secret, clock, random: systemRandom });
  const nonce = nonces.issue(here);
  assert.equal(nonces.judge(nonce, here).state, 'fresh');
  clock.advance(2 * 3600_000 - 1);
  assert.equal(nonces.judge(nonce, here).state, 'fresh');
  clock.advance(1);
  assert.equal(nonces.judge(nonce, here).state, 'stale');
});

test('a nonce survives a restart with the same secret and is foreign to another one', () => {
  const clock = new FakeClock();
  const nonce = new Nonces({ secret, clock, random: systemRandom }).issue(here);
  assert.equal(new Nonces({ secret, clock, random: systemRandom }).judge(nonce, here).state, 'fresh');
  assert.equal(
    new Nonces({ secret: Buffer.alloc(32, 8), clock, random: systemRandom }).judge(nonce, here).state,
    'foreign',
  );
});

test('a nonce from the future is stale, unless the clock was only set back a little', () => {
  const nonce = new Nonces({ secret, clock: new FakeClock(1_700_000_100_000), random: systemRandom }).issue(here);
  const judged = (at: number): string =>
    new Nonces({ secret, clock: new FakeClock(at), random: systemRandom }).judge(nonce, here).state;
  assert.equal(judged(1_700_000_050_000), 'fresh');
  assert.equal(judged(1_700_000_000_000), 'stale');
});

test('every change of a nonce, and every other text, is foreign', () => {
  const nonces = new Nonces({ secret, clock: new FakeClock(), random: systemRandom });
  const nonce = nonces.issue(here);
  for (let at = 0; at < nonce.length; at += 1) {
    const other = nonce[at] === 'A' ? 'B' : 'A';
    assert.equal(nonces.judge(nonce.slice(0, at) + other + nonce.slice(at + 1), here).state, 'foreign');
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
    assert.equal(nonces.judge(text, here).state, 'foreign', text);
  }
});

test('two nonces of one millisecond differ', () => {
  const nonces = new Nonces({ secret, clock: new FakeClock(), random: systemRandom });
  assert.notEqual(nonces.issue(here), nonces.issue(here));
});

test('a nonce is at home at the address it was sent to, whatever the port, and elsewhere at any other', () => {
  const nonces = new Nonces({ secret, clock: new FakeClock(), random: systemRandom });
  const nonce = nonces.issue(here);
  assert.deepEqual([nonces.judge(nonce, here).state, nonces.judge(nonce, here).atHome], ['fresh', true]);
  for (const other of ['192.0.2.8', '192.0.2.70', '2001:db8::7', '']) {
    assert.deepEqual([nonces.judge(nonce, other).state, nonces.judge(nonce, other).atHome], ['elsewhere', false]);
  }
  const restarted = new Nonces({ secret, clock: new FakeClock(), random: systemRandom });
  assert.equal(restarted.judge(nonce, here).state, 'fresh', 'the place outlives a restart, too');
});

test('the addresses remembered are bounded, and forgetting them changes nothing', () => {
  const nonces = new Nonces({ secret, clock: new FakeClock(), random: systemRandom });
  const nonce = nonces.issue(here);
  for (let n = 0; n < 5000; n += 1) nonces.issue(`10.0.${n >> 8}.${n & 255}`);
  assert.equal(nonces.judge(nonce, here).state, 'fresh');
});
