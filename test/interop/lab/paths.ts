import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file under test/ that the compiler does not copy, seen from the sources and from the compiled tree alike. */
export function testFile(...path: readonly string[]): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    if (folder === dirname(folder)) throw new Error('no package.json above the tests');
    folder = dirname(folder);
  }
  return join(folder, 'test', ...path);
}
