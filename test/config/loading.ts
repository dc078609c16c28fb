import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { type LoadResult, loadConfig } from '../../src/config/load.ts';
import { type ConfigProblem, describe } from '../../src/config/problems.ts';
import type { Config } from '../../src/config/schema.ts';

const asterisk = z.strictObject({
  ami: z.strictObject({ host: z.string(), password: z.string() }).optional(),
  features: z.enum(['freepbx', 'astdb']).default('freepbx'),
});
const types: Readonly<Record<string, z.ZodType>> = { asterisk, simulated: z.strictObject({}) };

/** A file with these lines, and others beside it; `HERE` in it is their folder. null: no file. */
export function load(
  yaml: string | null,
  environment: Record<string, string> = {},
  files: Record<string, string | Buffer> = {},
): LoadResult {
  const folder = mkdtempSync(join(tmpdir(), 'lamplighter-config-'));
  try {
    const file = yaml === null ? null : join(folder, 'lamplighter.yaml');
    if (file !== null) writeFileSync(file, (yaml ?? '').replaceAll('HERE', folder));
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    return loadConfig({
      file,
      environment,
      optionsOf: (type) => types[type] ?? null,
      adapterTypes: Object.keys(types),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function problemsOf(result: LoadResult): readonly ConfigProblem[] {
  assert.equal(result.ok, false);
  return result.ok ? [] : result.problems;
}

export function configOf(result: LoadResult): Config {
  assert.ok(result.ok, result.ok ? '' : describe(result.problems, result.file));
  return result.config;
}
