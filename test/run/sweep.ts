// After `tsc`: removes what is left in dist of sources that are gone, so that no build runs a test of yesterday.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join, sep } from 'node:path';

for (const name of readdirSync('dist', { recursive: true, encoding: 'utf8' })) {
  if (!name.endsWith('.js') || ['batches', 'panel'].some((folder) => name.startsWith(folder + sep))) continue;
  if (existsSync(`${name.slice(0, -'.js'.length)}.ts`)) continue;
  for (const file of [name, `${name}.map`]) rmSync(join('dist', file), { force: true });
}
