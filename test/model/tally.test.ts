import assert from 'node:assert/strict';
import test from 'node:test';
import { Grid, Spread, Tally } from '../../src/model/tally.ts';

test('a tally counts the names it was given, and all others together', () => {
  const tally = new Tally(['a', 'b']);
  tally.add('a');
  tally.add('a', 2);
  for (let index = 0; index < 1000; index++) tally.add(`stranger ${index}`);
  assert.deepEqual(
    [...tally.entries()],
    [
      ['a', 3],
      ['b', 0],
      ['other', 1000],
    ],
  );
});

test('a tally takes as many further names as it may, not one more', () => {
  const tally = new Tally(['a'], 2);
  for (const name of ['b', 'c', 'd', 'e', 'b']) tally.add(name);
  assert.deepEqual(Object.fromEntries(tally.entries()), { a: 0, b: 2, c: 1, other: 2 });
});

test('a grid stays small whatever names and words come', () => {
  const grid = new Grid(['dialog']);
  for (let index = 0; index < 5000; index++) {
    grid.add(`event-${index}`, 489);
    grid.add('dialog', `word ${index}`);
  }
  grid.add('__proto__', 'constructor');
  const cells = [...grid.entries()];
  assert.ok(cells.length <= 2 * 97, `${cells.length} cells`);
  assert.deepEqual([...new Set(cells.map(([name]) => name))], ['dialog', 'other']);
  assert.equal(
    cells.reduce((sum, [, , count]) => sum + count, 0),
    10_001,
    'nothing is lost',
  );
});

test('a spread puts a value into the bucket whose bound it does not exceed', () => {
  const spread = new Spread([0.01, 0.1, 1]);
  for (const value of [0, 0.01, 0.011, 0.1, 0.5, 1, 1.0001, 60]) spread.add(value);
  assert.deepEqual(spread.cumulative, [2, 4, 6]);
  assert.equal(spread.count, 8);
  assert.ok(Math.abs(spread.sum - 62.6211) < 1e-9);
});
