import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Aor, aorOf, areNeighbours, domainOf } from '../../src/model/aor.ts';

test('neighbours are those whose domains are the same, whatever stands before the last @', () => {
  const names = [
    '1001@a.test',
    '2@a.test',
    '1001@ba.test',
    '1001@test',
    'x@a.test@b.test',
    'y@b.test',
    '@a.test',
  ] as Aor[];
  for (const one of names) {
    for (const other of names) {
      assert.equal(areNeighbours(one, other), domainOf(one) === domainOf(other), `${one} ${other}`);
    }
  }
  assert.equal(areNeighbours(aorOf('1', 'A.test'), aorOf('2', 'a.TEST')), true);
});
