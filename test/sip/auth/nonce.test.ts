import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../../src/model/random.ts';
import { Nonces } from '../../../src/sip/auth/nonce.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const secret = Buffer.alloc(32, 7);
const here = '192.0.2.7';
const place = 'pbx.test';

test('a nonce is fresh for two hours, longer than any subscription, and stale afterwards', () => {
  const clock = new FakeClock();
  const nonces = new Nonces({ secret, clock, random: systemRandom });
  const nonce = nonces.issue(here, place);
  assert.equal(nonces.judge(nonce, here, place).state, 'fresh');
  clock.advance(2 * 3600_000 - 1);
  assert.equal(nonces.judge(nonce, here, place).state, 'fresh');
  clock.advance(1);
  assert.equal(nonces.judge(nonce, here, place).state, 'stale');
});

test('a nonce survives a restart with the same secret and is foreign to another one', () => {
  const clock = new FakeClock();
  const nonce = new Nonces({ secret, clock, random: systemRandom }).issue(here, place);
  assert.equal(new Nonces({ secret, clock, random: systemRandom }).judge(nonce, here, place).state, 'fresh');
  assert.equal(
    new Nonces({ secret: Buffer.alloc(32, 8), clock, random: systemRandom }).judge(nonce, here, place).state,
    'foreign',
  );
});

test('a nonce from the future is stale, unless the clock was only set back a little', () => {
  const nonce = new Nonces({ secret, clock: new FakeClock(1_700_000_100_000), random: systemRandom }).issue(
    here,
    place,
  );
  const judged = (at: number): string =>
    new Nonces({ secret, clock: new FakeClock(at), random: systemRandom }).judge(nonce, here, place).state;
  assert.equal(judged(1_700_000_050_000), 'fresh');
  assert.equal(judged(1_700_000_000_000), 'stale');
});

test('every change of a nonce, and every other text, is foreign', () => {
  const nonces = new Nonces({ secret, clock: new FakeClock(), random: systemRandom });
  const nonce = nonces.issue(here, place);
  for (let at = 0; at < nonce.length; at += 1) {
    const other = nonce[at] === 'A' ? 'B' : 'A';
    assert.equal(nonces.judge(nonce.slice(0, at) + other + nonce.slice(at + 1), here, place).state, 'foreign');
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
    assert.equal(nonces.judge(text, here, place).state, 'foreign', text);
  }
});

test('two nonces of one millisecond differ', () => {
  const nonces = new Nonces({ secret, clock: new FakeClock(), random: systemRandom });
  assert.notEqual(nonces.issue(here, place), nonces.issue(here, place));
});

test('a nonce is at home at the address it was sent to, whatever the port, and elsewhere at any other', () => {
  const nonces = new Nonces({ secret, clock: new FakeClock(), random: systemRandom });
  const nonce = nonces.issue(here, place);
  assert.deepEqual([nonces.judge(nonce, here, place).state, nonces.judge(nonce, here, place).atHome], ['fresh', true]);
  for (const other of ['192.0.2.8', '192.0.2.70', '2001:db8::7', '']) {
    assert.deepEqual(
      [nonces.judge(nonce, other, place).state, nonces.judge(nonce, other, place).atHome],
      ['elsewhere', false],
    );
  }
  const restarted = new Nonces({ secret, clock: new FakeClock(), random: systemRandom });
  assert.equal(restarted.judge(nonce, here, place).state, 'fresh', 'the place outlives a restart, too');
});

test('nonces for others in between change nothing', () => {
  const nonces = new Nonces({ secret, clock: new FakeClock(), random: systemRandom });
  const nonce = nonces.issue(here, place);
  for (let n = 0; n < 5000; n += 1) nonces.issue(`10.0.${n >> 8}.${n & 255}`, place);
  assert.equal(nonces.judge(nonce, here, place).state, 'fresh');
});

test('a nonce of one domain is foreign in another, also after a restart', () => {
  const clock = new FakeClock();
  const nonces = new Nonces({ secret, clock, random: systemRandom });
  const nonce = nonces.issue(here, place);
  for (const reader of [nonces, new Nonces({ secret, clock, random: systemRandom })]) {
    for (const other of ['second.test', '', 'pbx.test.', 'PBX.test']) {
      assert.equal(reader.judge(nonce, here, other).state, 'foreign', other);
    }
    assert.equal(reader.judge(nonce, here, place).state, 'fresh');
  }
});
