import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factsFor } from '../../../src/sip/auth/realm.ts';

const secret = Buffer.alloc(32, 5);
const [north, south] = [
  { realm: 'north', md5Only: false },
  { realm: 'south', md5Only: true },
];

test('an extension is asked in the realm of its own PBX', () => {
  assert.equal(factsFor('1001', north, [north, south], secret), north);
  assert.equal(factsFor('2001', south, [north, south], secret), south);
});

test('a name nobody has is asked in the realm of any PBX, always the same: the realm tells nobody who exists', () => {
  const names = Array.from({ length: 1000 }, (_, n) => String(5000 + n));
  const chosen = names.map((name) => factsFor(name, null, [north, south], secret));
  assert.deepEqual(
    names.map((name) => factsFor(name, null, [north, south], secret)),
    chosen,
  );
  const inNorth = chosen.filter((facts) => facts === north).length;
  assert.ok(inNorth > 400 && inNorth < 600, String(inNorth));
  assert.ok(factsFor(null, null, [north, south], secret) !== null, 'From names nobody');
});

test('with one PBX there is one realm, and without any there is none', () => {
  assert.equal(factsFor('5000', null, [north], secret), north);
  assert.equal(factsFor('5000', null, [], secret), null);
  assert.equal(factsFor('1001', null, [south], secret), south, 'its own has not been reached yet');
});
