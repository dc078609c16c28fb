// Writes down what `npm test` runs, in dist/batches/files. Each test file is a process of its own, but where that is half of
// its time: tests of rooms without daemons and globals share one (and hooks such as `beforeEach` stand in a `describe` there,
// or they are run for each test of every file), and so do, by the handful, those that start daemons.
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

/**
 * Folders whose files share a process by the handful, each in a `describe` of its own: its hooks are run for its tests alone,
 * and its daemons live as long as these. No helper of theirs has hooks: they would be those of who imports it first.
 */
const dealt: readonly string[] = ['examination', 'flows'];
const handful = 7;

/** Not those of them that change what a process has one of, measure time, or are long enough as they are. */
const alone: readonly string[] = [
  'flows/drachtio',
  'flows/freeswitch',
  'flows/lamp-property',
  'flows/log-fails',
  'flows/native-keys',
  'flows/start-stop',
  'flows/stop',
  'flows/transports',
].map((name) => `${name}.test.js`);

const batches = 'dist/batches';

const files = readdirSync('dist/test', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js') && !name.startsWith(`interop${sep}`))
  .map((name) => name.replaceAll(sep, '/'))
  .sort();
const within = (folders: readonly string[], name: string) => folders.some((folder) => name.startsWith(`${folder}/`));

const handfuls = dealt.flatMap((folder) => {
  const names = files.filter((name) => name.startsWith(`${folder}/`) && !alone.includes(name));
  return Array.from({ length: Math.ceil(names.length / handful) }, (_, at) => {
    return { name: `${folder}-${at + 1}`, files: names.slice(at * handful, (at + 1) * handful) };
  });
});

rmSync(batches, { recursive: true, force: true });
mkdirSync(batches);
const batched = shared.map((folders) => {
  const imports = files.filter((name) => within(folders, name)).map((name) => `import '../test/${name}';`);
  return written((folders[0] ?? '').replace('/', '-'), imports);
});
const dealtOut = handfuls.map(({ name, files }) => {
  // what is imported within belongs to the suite: the runner follows it across the `await`
  const suites = files.map((file) => `describe('${file}', async () => void (await import('../test/${file}')));`);
  return written(name, [`import { describe } from 'node:test';`, ...suites]);
});
const together = new Set(handfuls.flatMap((one) => one.files));
const singles = files.filter((name) => !within(shared.flat(), name) && !together.has(name));
const processes = [...batched, ...dealtOut, ...singles.map((name) => join('dist/test', name))];
writeFileSync(join(batches, 'files'), `${processes.join('\n')}\n`);

function written(name: string, lines: readonly string[]): string {
  const path = join(batches, `${name}.test.js`);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}
