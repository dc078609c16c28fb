import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { isAnchored, policyNotAnchored, policyTooWide } from '../../src/examination/forward-policy.ts';
import type { Finding } from '../../src/model/check.ts';
import { compilePatterns } from '../../src/model/patterns.ts';
import { configOf } from '../cli/seen.ts';
import { look } from './seen.ts';

const listed = (patterns: readonly string[]) => `[${patterns.map((one) => `'${one}'`).join(', ')}]`;

async function found(allow: readonly string[], deny: readonly string[] = []): Promise<readonly Finding[]> {
  const config = configOf(`features: { policy: { allow: ${listed(allow)}, deny: ${listed(deny)} } }`);
  return [...(await look(policyTooWide, { config })), ...(await look(policyNotAnchored, { config }))];
}

async function complaints(allow: readonly string[], deny: readonly string[] = []): Promise<readonly string[]> {
  return (await found(allow, deny)).map(({ check, level }) => `${check}: ${level}`);
}

/** The patterns of the line that a fix tells to add. */
function denyIn(fix: string | null): readonly string[] {
  const [, list = ''] = /deny: \[(.*?')\]/.exec(fix ?? '') ?? [];
  return [...list.matchAll(/'([^']+)'/g)].map(([, pattern = '']) => pattern);
}

describe('where calls may be forwarded to', () => {
  test('a policy that is meant has no complaint', async () => {
    assert.deepEqual(await complaints([]), []);
    const premium = '^(0|\\+49|0049)(900|190|137)';
    for (const [allow, ...deny] of [
      ['^1\\d{3}$'],
      ['^\\*97$'],
      ['^112$'],
      ['^0[1-9]\\d{5,11}$', '^0(900|190|137)'],
      ['^(?:\\+49|0049|0)[1-9]\\d{5,11}$', premium],
      ['^\\+371[2-9]\\d{7}$'],
      ['^1?[2-8]\\d{9}$'],
    ] as const) {
      assert.deepEqual(await complaints([allow], deny), [], allow);
    }
  });

  test('numbers abroad, premium ones, votes and directories are each enough for a warning, which names one', async () => {
    for (const [allow, number, what] of [
      ['^0\\d{5,14}$', '0037167000000', 'abroad'],
      ['^\\+\\d+$', '+37167000000', 'abroad'],
      ['^011[2-9]\\d+$', '01137167000000', 'abroad'],
      ['^00[89]\\d+$', '00870773111234', 'a satellite or a premium service'],
      ['^\\+1[2-9]\\d{9}$', '+19005550100', 'a satellite or a premium service'],
      ['^0[1-9]\\d{5,11}$', '09001234567', 'a premium service'],
      ['^\\+49[1-9]\\d{5,11}$', '+499001234567', 'a premium service'],
      ['^01[6-9]\\d{5,11}$', '0190123456', 'a premium service'],
      ['^01[2-5]\\d{5,11}$', '01371234567', 'a premium service'],
      ['^11\\d{3,4}$', '11833', 'a directory service'],
      ['^1[2-9]\\d{9}$', '19005550100', 'a premium service'],
    ] as const) {
      const [finding, ...more] = await found(['^1\\d{3}$', allow]);
      assert.deepEqual(more, [], allow);
      assert.equal(finding?.check, 'policy-too-wide', allow);
      assert.ok(finding?.text.includes(`has ${allow}: `), finding?.text);
      assert.ok(finding?.text.includes(`forward calls to ${number}, which is ${what},`), finding?.text);
    }
  });

  test('the line that a warning tells to add is enough, and a pattern', async () => {
    for (const allow of ['^0\\d+$', '^0[1-9]\\d{5,11}$', '^\\d+$', '^\\+?\\d+$', '^\\+49\\d+$', '^1?[2-9]\\d{9}$']) {
      const [finding] = await found([allow]);
      const deny = denyIn(finding?.fix ?? null);
      assert.ok(deny.length > 0, finding?.fix ?? allow);
      assert.ok(compilePatterns(deny).ok);
      assert.deepEqual(await complaints([allow], deny), [], `${allow} with ${listed(deny)}`);
      assert.deepEqual(await complaints([allow], ['^9999$']), ['policy-too-wide: warn'], 'another deny stops nothing');
    }
  });

  test('a pattern that is not held at both ends is told, and every number is both', async () => {
    const both = ['policy-too-wide: warn', 'policy-not-anchored: warn'];
    for (const open of ['.*', '.', '^', '^.+', '\\d+', '^0', '0[1-9]\\d{5,11}']) {
      assert.deepEqual(await complaints([open]), both, open);
    }
    assert.deepEqual(await complaints(['^\\*97']), ['policy-not-anchored: warn']);
    for (const open of ['1\\d{3}$', '^1\\d{3}', '^1$|2', '(^1$|2$)', '^1\\$', '(?:^1)|(?:2$)', '(?=^1$)']) {
      assert.equal(isAnchored(open), false, open);
    }
    for (const held of ['^1$', '^1$|^2$', '(^1$|^2$)', '(?:(^1$)|^[|]$)', '^(?:1|2)$', '^(?!0900)0[1-9]\\d+$']) {
      assert.equal(isAnchored(held), true, held);
    }
  });

  test('what README shows is a policy without complaint', async () => {
    const [, line = ''] = /^ {2}policy: (\{.*\}) *#/m.exec(readFileSync('README.md', 'utf8')) ?? [];
    const config = configOf(`features: { policy: ${line} }`);
    assert.ok(config.features.policy.allow.length > 0);
    assert.deepEqual([...(await look(policyTooWide, { config })), ...(await look(policyNotAnchored, { config }))], []);
  });
});
