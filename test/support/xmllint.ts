import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Why documents cannot be held against schemas here; false where they can. */
export const noXmllint: string | false =
  spawnSync('xmllint', ['--version']).status === 0 ? false : 'xmllint is missing (Debian: libxml2-utils)';

/** A schema of `test/fixtures/schemas`, found from the compiled test, wherever it was built to. */
function schemaPath(name: string): string {
  return fileURLToPath(new URL(`../../../test/fixtures/schemas/${name}`, import.meta.url));
}

/** What xmllint says against each of these documents; '' where it has nothing to say. One process for all of them. */
export function objections(schema: string, documents: readonly string[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'lamplighter-schema-'));
  try {
    const files = documents.map((document, at) => {
      const file = join(folder, `${at}.xml`);
      writeFileSync(file, document);
      return file;
    });
    // Nothing is fetched, whatever a document names.
    const args = ['--nonet', '--noout', '--schema', schemaPath(schema), ...files];
    const { stderr, error } = spawnSync('xmllint', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
    if (error !== undefined) throw error;
    const lines = stderr.split('\n');
    const valid = new Set(lines.filter((line) => line.endsWith(' validates')).map((line) => line.slice(0, -10)));
    return files.map((file) => {
      if (valid.has(file)) return '';
      return lines.filter((line) => line.startsWith(`${file}:`)).join('\n') || `not validated: ${stderr.slice(0, 500)}`;
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
