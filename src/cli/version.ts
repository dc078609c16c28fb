import { readFileSync } from 'node:fs';

/** The version in package.json, which stands beside `dist` and beside `src`. */
export const version = readVersion();

function readVersion(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const text = readFileSync(new URL(path, import.meta.url), 'utf8');
      return (JSON.parse(text) as { version: string }).version;
    } catch {
      // the other place
    }
  }
  return 'unknown';
}
