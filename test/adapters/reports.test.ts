import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reports } from '../../adapters/reports.ts';
import { emptied, joined, type SnapshotPart } from '../../adapters/snapshot-parts.ts';
import type { Report } from '../../adapters/worker.ts';
import { crowd } from './threaded/puppet.ts';

const picture = (users: number): Report => ({
  report: 'event',
  event: { source: 'main', type: 'snapshot', epoch: 'one', snapshot: crowd(users) },
  at: 0,
});
const answer: Report = { report: 'answer', id: 1, value: null };

/** What was posted, in a word each. */
function word(report: Report): string {
  if (report.report !== 'event') return report.report;
  return report.event.type === 'snapshot' ? 'snapshot' : 'event';
}

test('a large picture waits for the main thread after each part; answers wait behind it, heartbeats do not', () => {
  const posted: Report[] = [];
  const reports = new Reports((report) => posted.push(report));
  reports.send(picture(1_000));
  reports.send(answer);
  reports.aside({ report: 'beat' });
  assert.deepEqual(posted.map(word), ['part', 'part', 'part', 'beat']);
  // two parts of each of three lists, a call, a group
  for (let count = 3; count < 8; count += 1) reports.more();
  assert.deepEqual(posted.map(word), ['part', 'part', 'part', 'beat', ...new Array<string>(5).fill('part')]);
  reports.more();
  assert.deepEqual(posted.map(word).slice(-2), ['snapshot', 'answer']);
  const parts = posted.flatMap((report) => (report.report === 'part' ? [report.part] : []));
  assert.ok(parts.every(({ rows }) => rows.length <= 500));
  assert.deepEqual(joined(emptied(crowd(1_000)), parts), crowd(1_000));
});

test('a second large picture behind the first has its own parts; a small one goes at once', () => {
  const posted: Report[] = [];
  const reports = new Reports((report) => posted.push(report));
  reports.send(picture(10));
  assert.deepEqual(posted.map(word), ['snapshot']);
  for (const users of [1_000, 2_000]) reports.send(picture(users));
  reports.send(answer);
  let parts: SnapshotPart[] = [];
  const sizes: number[] = [];
  for (let at = 1; at < posted.length; at += 1) {
    const report = posted[at]!;
    if (report.report === 'part') {
      parts.push(report.part);
      reports.more();
    } else if (report.report === 'event' && report.event.type === 'snapshot') {
      sizes.push(joined(report.event.snapshot, parts).extensions.length);
      parts = [];
    }
  }
  assert.deepEqual(sizes, [1_000, 2_000]);
  assert.equal(posted.at(-1), answer);
});

test('of large pictures that wait the newest is brought; the one under way is brought to its end', () => {
  const posted: Report[] = [];
  const reports = new Reports((report) => posted.push(report));
  for (const users of [1_000, 2_000, 3_000]) reports.send(picture(users));
  reports.send(answer);
  const sizes: number[] = [];
  let parts: SnapshotPart[] = [];
  for (let at = 0; at < posted.length; at += 1) {
    const report = posted[at]!;
    if (report.report === 'part') {
      parts.push(report.part);
      reports.more();
    } else if (report.report === 'event' && report.event.type === 'snapshot') {
      sizes.push(joined(report.event.snapshot, parts).extensions.length);
      parts = [];
    }
  }
  assert.deepEqual(sizes, [1_000, 3_000]);
  assert.equal(posted.at(-1), answer);
});

test('who waits for an answer to a wish has it before the worker ends', () => {
  const posted: Report[] = [];
  const reports = new Reports((report) => posted.push(report));
  reports.send(picture(1_000));
  reports.send(answer);
  reports.end({ report: 'stopped' });
  reports.more();
  assert.deepEqual(posted.map(word), ['part', 'part', 'part', 'answer', 'stopped']);
});

test('an absent list stays absent', () => {
  const { groups, ...without } = crowd(1_000);
  assert.equal('groups' in joined(emptied(without), []), false);
  assert.equal(groups?.length, 1);
});
