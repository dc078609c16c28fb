import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bundleUrl } from '../src/bundle.ts';
import { createLogger } from '../src/log.ts';
import { inSources } from '../src/log-stack.ts';

const own = readFileSync(new URL('../../test/log-stack.test.ts', import.meta.url), 'utf8').split('\n');
const lineOf = (text: string) => own.findIndex((line) => line.includes(text)) + 1;

test('an error is logged with the line of its source, and so is its cause', () => {
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', format: 'json', write: (line) => lines.push(line) });
  const cause = new Error('the cause'); // here the cause
  logger.error({ err: new Error('a fault', { cause }) }, 'went wrong'); // here the fault
  const { stack } = JSON.parse(lines[0] ?? '').err;
  assert.match(stack, new RegExp(`test/log-stack\\.test\\.ts:${lineOf('// here the cause')}:\\d+`));
  assert.match(stack, new RegExp(`test/log-stack\\.test\\.ts:${lineOf('// here the fault')}:\\d+`));
  assert.doesNotMatch(stack, /dist\/test/);
});

test('a place in the bundle is told as the line of the module it was made of', () => {
  const bundle = fileURLToPath(bundleUrl);
  const at = readFileSync(bundle, 'utf8')
    .split('\n')
    .findIndex((line) => line.startsWith('function restoreRows('));
  const told = inSources(`Error: no\n    at restoreRows (${bundle}:${at + 1}:10)\n    at node:internal/timers:1:2`);
  const source = readFileSync(new URL('../../src/notifier/restore.ts', import.meta.url), 'utf8').split('\n');
  const line = source.findIndex((text) => text.includes('function restoreRows(')) + 1;
  assert.match(told, new RegExp(`^Error: no\\n    at restoreRows \\(src/notifier/restore\\.ts:${line}:\\d+\\)\\n`));
  assert.match(told, /node:internal\/timers:1:2$/);
});

test('where there is no map a place stays as it is', () => {
  const stack = 'Error\n    at f (/nowhere/at-all.js:1:2)\n    at file:///nowhere/else.js:3:4';
  assert.equal(inSources(stack), stack);
});

test('a message is no place: neither long paths in it nor files it names make work', { timeout: 20_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'lamplighter-'));
  try {
    writeFileSync(join(folder, 'evil.js.map'), readFileSync(`${fileURLToPath(bundleUrl)}.map`));
    const stack = `Error: ${'/a.js'.repeat(100_000)}${'/'.repeat(500_000)} ${join(folder, 'evil.js')}:1:2`;
    assert.equal(inSources(stack), stack);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('no way out of our folder is followed', () => {
  const outside = mkdtempSync(join(tmpdir(), 'lamplighter-'));
  try {
    const bundle = fileURLToPath(bundleUrl);
    writeFileSync(join(outside, 'evil.js.map'), readFileSync(`${bundle}.map`));
    const line = readFileSync(bundle, 'utf8')
      .split('\n')
      .findIndex((text) => text.startsWith('function restoreRows('));
    const ours = fileURLToPath(new URL('../..', import.meta.url));
    const way = `${ours}${relative(ours, join(outside, 'evil.js'))}:${line + 1}:10`;
    for (const stack of [`at f (${way})`, `at f (file://${way})`]) assert.equal(inSources(stack), stack);
  } finally {
    rmSync(outside, { recursive: true });
  }
});

test('our folder, said again and again, is not read to the end from each of them', () => {
  const ours = fileURLToPath(new URL('../..', import.meta.url));
  const cost = (length: number): number =>
    Math.min(
      ...Array.from({ length: 5 }, () => {
        const stack = ours.repeat(length / ours.length);
        const begin = performance.now();
        inSources(stack);
        return performance.now() - begin;
      }),
    );
  const [small, large] = [cost(64_000), cost(512_000)];
  assert.ok(large < 8 * 3 * small + 50, `${small} ms, ${large} ms`);
});

test('what is logged as an error and is none is logged as it is', () => {
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', format: 'json', write: (line) => lines.push(line) });
  for (const err of [null, undefined, 'text', { code: 7 }]) logger.error({ err }, 'went wrong');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).err),
    [null, undefined, 'text', { code: 7 }],
  );
});
