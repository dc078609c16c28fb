import { readFileSync } from 'node:fs';

/** A file below `test/fixtures`, as bytes; found from the compiled test, wherever it was built to. */
export function fixture(path: string): Buffer {
  return readFileSync(new URL(`../../../test/fixtures/${path}`, import.meta.url));
}
