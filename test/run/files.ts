// Writes down what `npm test` runs, in dist/batches/files. Each test file is a process of its own, but where that is half of
// its time: tests of rooms without daemons and globals share one (and hooks such as `beforeEach` stand in a `describe` there,
// or they are run for each test of every file).
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';

/** Folders below test/ whose files share a process; what takes longest comes first. */
const shared: readonly (readonly string[])[] = [
  ['adapters/freeswitch'],
  ['event-packages'],
  ['adapters/asterisk', 'adapters/simulated'],
  ['hooks', 'ops', 'wiring'],
  ['sip/embedded'],
  ['cli/typed'],
  ['config', 'model', 'profiles', 'push', 'store'],
  ['support-tests'],
  ['truth'],
  ['sip/auth', 'sip/drachtio', 'sip/front', 'sip/inline', 'sip/locate', 'sip/message', 'sip/watch'],
  ['commands', 'compositor', 'notifier', 'state', 'watcher'],
  ['trace', 'provision', 'xml'],
];

const batches = 'dist/batches';

const files = readdirSync('dist/test', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js') && !name.startsWith(`interop${sep}`))
  .map((name) => name.replaceAll(sep, '/'))
  .sort();
const within = (folders: readonly string[], name: string) => folders.some((folder) => name.startsWith(`${folder}/`));

rmSync(batches, { recursive: true, force: true });
mkdirSync(batches);
const batched = shared.map((folders) => {
  const imports = files.filter((name) => within(folders, name)).map((name) => `import '../test/${name}';`);
  const path = join(batches, `${(folders[0] ?? '').replace('/', '-')}.test.js`);
  writeFileSync(path, `${imports.join('\n')}\n`);
  return path;
});
const singles = files.filter((name) => !within(shared.flat(), name)).map((name) => join('dist/test', name));
writeFileSync(join(batches, 'files'), `${[...batched, ...singles].join('\n')}\n`);
