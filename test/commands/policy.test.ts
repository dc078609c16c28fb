import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeTarget, makePolicy } from '../../src/commands/policy.ts';
import { aorOf, userOf } from '../../src/model/aor.ts';
import { compilePatterns } from '../../src/model/patterns.ts';

const domain = 'pbx.example.com';
const extensions = new Set(['1001', '1002', '1003', '110', 'alice']);

function judged(
  target: string,
  settings: { allow?: string[]; deny?: string[] } = {},
  forwards: Record<string, string[]> = {},
): string {
  const policy = makePolicy(settings);
  assert.ok(policy.ok);
  const refusal = judgeTarget(policy.value, aorOf('1001', domain), target, {
    isExtension: (aor) => aor.endsWith(`@${domain}`) && extensions.has(userOf(aor)),
    forwardsOf: (aor) => forwards[userOf(aor)] ?? [],
  });
  return refusal?.code ?? 'ok';
}

const builtIn: readonly (readonly [string, string])[] = [
  ['1002', 'ok'],
  ['alice', 'ok'],
  ['110', 'ok'],
  ['*97', 'ok'],
  ['*981002', 'ok'],
  ['*981001', 'ok'],
  ['vm', 'ok'],
  ['1001', 'self-forward'],
  ['1099', 'external-target'],
  ['030123456', 'external-target'],
  ['112', 'emergency'],
  ['911', 'emergency'],
  ['19005551234', 'premium'],
  ['9005551234', 'premium'],
  ['0900123456', 'premium'],
  ['+88212345', 'premium'],
  ['0097912345', 'premium'],
  ['+4930123456', 'international'],
  ['004930123456', 'international'],
  ['01149301234', 'international'],
  ['*72', 'feature-code'],
  ['*985555', 'feature-code'],
  ['#21', 'feature-code'],
  ['1234567890123456', 'too-long'],
];

for (const [target, code] of builtIn) {
  test(`without a policy ${target} is ${code}`, () => assert.equal(judged(target), code));
}

test('an explicit allow beats every built-in refusal of a kind of number', () => {
  for (const [target, code] of builtIn) {
    if (code === 'ok' || code === 'self-forward') continue;
    assert.equal(judged(target, { allow: [`^${target.replace(/[*+]/g, '\\$&')}$`] }), 'ok', target);
  }
});

test('an allow beats neither self nor loops, and a deny beats an allow', () => {
  assert.equal(judged('1001', { allow: ['.*'] }), 'self-forward');
  assert.equal(judged('1002', { allow: ['.*'] }, { 1002: ['1001'] }), 'forward-loop');
  assert.equal(judged('1002', { allow: ['.*'], deny: ['^1002$'] }), 'denied');
});

test('loops are found over several hops, over circles that leave the user out, and over chains of more than ten', () => {
  assert.equal(judged('1002', {}, { 1002: ['1003'], 1003: ['1001'] }), 'forward-loop');
  assert.equal(judged('1002', {}, { 1002: ['1003'] }), 'ok');
  assert.equal(judged('1002', {}, { 1002: ['1003'], 1003: ['1002'] }), 'forward-loop');
  const chain = (hops: number) =>
    Object.fromEntries(Array.from({ length: hops - 1 }, (_, n) => [n === 0 ? '1002' : `x${n}`, [`x${n + 1}`]]));
  assert.equal(judged('1002', {}, chain(10)), 'ok');
  assert.equal(judged('1002', {}, chain(11)), 'forward-loop');
});

test('two ways to one target are no loop', () => {
  assert.equal(judged('1002', {}, { 1002: ['1003', '110'], 110: ['1003'] }), 'ok');
});

test('a pattern that is no regular expression, or can run for ever, is refused by name', () => {
  for (const pattern of [
    '(',
    '[',
    '(\\d+)+$',
    '((a*)b)*',
    '(\\d{1,4})+',
    '(?:1\\d+){2,}',
    '^(\\d|\\d\\d)+x$',
    '^(?:\\d\\d?)*#$',
    '((1|2)3)+',
  ]) {
    const outcome = compilePatterns(['^1$', pattern]);
    assert.equal(outcome.ok, false, pattern);
    if (!outcome.ok) {
      assert.equal(outcome.refusal.code, 'bad-pattern');
      assert.ok(outcome.refusal.message.startsWith(pattern));
    }
  }
});

test('usual patterns compile', () => {
  const usual = [
    '^1\\d{3}$',
    '^\\*97$',
    '^(\\+49|0049)?30\\d+$',
    '^[(+]*\\d+$',
    '^(1\\d{3})+$',
    '^(?:[2-9]\\d{2}){2}\\d{4}$',
    '^(?:\\+49|0049|0)[1-9]\\d{5,11}$',
    '^(?!0900)0[1-9]\\d+$',
  ];
  assert.equal(compilePatterns(usual).ok, true);
});
