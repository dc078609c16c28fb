import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { anySign } from '../support/any-sign.ts';

test('texts of any sign have short and long ones, no half ones, and the words that objects mind', () => {
  const texts = fc.sample(fc.string({ unit: anySign }), { numRuns: 5_000, seed: 1 });
  const has = (pattern: RegExp) => texts.some((text) => pattern.test(text));
  assert.deepEqual(
    [/[\0-\x7f]/, /[\u0800-\uffff]/, /[\u{10000}-\u{10ffff}]/u, /__proto__/].map(has),
    Array(4).fill(true),
  );
  assert.ok(!has(/\p{Cs}/u));
});

test('the ends of what there is are drawn, and both sides of the halves', () => {
  const drawn = [...'\0\ud7ff\ue000\u{10ffff}'];
  for (const sign of drawn) assert.ok(anySign.canShrinkWithoutContext(sign), JSON.stringify(sign));
  for (const none of ['', 'ab', '\ud800', '\udfff']) assert.ok(!anySign.canShrinkWithoutContext(none), none);
});
