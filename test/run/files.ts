// Writes down what `npm test` runs, in dist/batches/files, and the daemon that it starts. Each file is a process of its own, but where that is half of its time: tests of rooms without
// processes and globals share one for each folder (257 processes are 45 s of two cores, 120 are 25).
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { bundle } from './bundle.ts';

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
writeFileSync(
  join(batches, 'files'),
  `${[...batched, ...singles.map((name) => join('dist/test', name))].join('\n')}\n`,
);
// Loading 600 modules is half of what a start costs, 150 times. Commands, and the interop suite, start src/main.js itself.
writeFileSync(join(batches, 'daemon.cjs'), bundle(resolve('dist/src/main.js')));
