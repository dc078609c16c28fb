import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { renewed } from './report.ts';
import { type Figure, reached } from './runner.ts';
import type { Left, SoakReport } from './soak/soak.ts';
import { verdict } from './soak/verdict.ts';

test('docs/performance.md shows the figures that are committed', () => {
  const page = readFileSync('docs/performance.md', 'utf8');
  assert.equal(page, renewed(page), 'npm run bench -- --doc');
});

test('a figure is reached on its own side of the target, and without a target it is not judged', () => {
  const figure = (target: object, median: number): Figure => ({
    title: '',
    unit: '',
    median,
    min: median,
    max: median,
    ...target,
  });
  assert.equal(reached(figure({ atMost: 60 }, 60)), true);
  assert.equal(reached(figure({ atMost: 60 }, 60.1)), false);
  assert.equal(reached(figure({ atLeast: 15_000 }, 15_000)), true);
  assert.equal(reached(figure({ atLeast: 15_000 }, 14_999)), false);
  assert.equal(reached(figure({ atMost: 60 }, Number.NaN)), false, 'what was not measured is not reached');
  assert.equal(reached(figure({}, 1)), null);
});

const quiet: Left = {
  heapUsed: 30e6,
  external: 0,
  rss: 90e6,
  resources: { UDPWrap: 1, Timeout: 2 },
  waiting: 512,
  clientTransactions: 0,
  subscriptions: 0,
  sockets: 4,
};

function report(rounds: readonly Partial<Left>[], after: Partial<Left>): SoakReport {
  const readings = rounds.map((round) => ({ ...quiet, ...round }));
  return { operations: 1, seconds: 1, rounds: readings, rests: [], before: quiet, after: { ...quiet, ...after } };
}

test('a soak whose heap stays and that leaves nothing behind is good', () => {
  assert.deepEqual(verdict(report(Array(6).fill({}), {})), []);
  assert.deepEqual(verdict(report([{ heapUsed: 10e6 }, {}, {}, {}, {}, {}], { resources: { UDPWrap: 1 } })), []);
});

test('a soak names a heap that grows, and every kind of thing left behind', () => {
  const growing = Array.from({ length: 9 }, (_, round) => ({ heapUsed: 30e6 + round * 1e6, rss: 90e6 + round * 20e6 }));
  assert.equal(verdict(report(growing, {})).length, 2);
  for (const [after, words] of [
    [{ subscriptions: 1 }, /1 subscriptions/],
    [{ sockets: 5 }, /1 sockets/],
    [{ resources: { UDPWrap: 1, Timeout: 3 } }, /1 of Timeout/],
    [{ waiting: 514 }, /2 more are left: waiting/],
    [{ clientTransactions: 1 }, /1 more are left: clientTransactions/],
  ] as const) {
    const wrong = verdict(report(Array(6).fill({}), after));
    assert.equal(wrong.length, 1);
    assert.match(wrong[0] ?? '', words);
  }
});
