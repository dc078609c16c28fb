import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

/** What a file and all that it imports statically need from outside the project, with who needs it. */
function packagesOf(start: string): Map<string, string> {
  const found = new Map<string, string>();
  const seen = new Set<string>();
  const walk = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, named = '', from = ''] of text.matchAll(/^(?:im|ex)port ([^;]*?)from '([^']+)';/gm)) {
      if (named.startsWith('type ')) continue;
      if (from.startsWith('.')) walk(join(dirname(file), from));
      else if (!from.startsWith('node:')) found.set(from, file);
    }
  };
  walk(start);
  assert.ok(seen.size > 20, 'it was followed');
  return found;
}

test('every command waits for commander alone to be loaded: the rest comes when it is needed', () => {
  assert.deepEqual([...packagesOf('src/cli/program.ts').keys()], ['commander']);
});
