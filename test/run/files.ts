// Prints what `npm test` runs. Each file is a process of its own, but where that is half of its time: tests of rooms without
// processes and globals share one for each folder (257 processes are 45 s of two cores, 120 are 25).
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';

/** Folders below test/ whose files may share a process. */
const shared = [
  'adapters/asterisk',
  'adapters/simulated',
  'commands',
  'compositor',
  'config',
  'event-packages',
  'model',
  'notifier',
  'sip/auth',
  'sip/front',
  'sip/locate',
  'sip/message',
  'state',
  'truth',
  'watcher',
];

const batches = 'dist/batches';
const files = readdirSync('dist/test', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js') && !name.startsWith(`interop${sep}`))
  .map((name) => name.replaceAll(sep, '/'))
  .sort();

rmSync(batches, { recursive: true, force: true });
mkdirSync(batches);
const singles = files.filter((name) => !shared.some((folder) => name.startsWith(`${folder}/`)));
const batched = shared.map((folder) => {
  const imports = files.filter((name) => name.startsWith(`${folder}/`)).map((name) => `import '../test/${name}';`);
  const path = join(batches, `${folder.replaceAll('/', '-')}.test.js`);
  writeFileSync(path, `${imports.join('\n')}\n`);
  return path;
});
process.stdout.write(`${[...batched, ...singles.map((name) => join('dist/test', name))].join('\n')}\n`);
