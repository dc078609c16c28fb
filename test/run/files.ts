// Writes down what `npm test` runs, in dist/batches/files, and makes the daemon that it starts. Each test file is a process of
// its own, but where that is half of its time: tests of rooms without daemons and globals share one (and hooks such as
// `beforeEach` stand in a `describe` there, or they are run for each test of every file).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { build, type OnLoadArgs, type OnLoadResult } from 'esbuild';

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
  ['trace', 'provision'],
];

const batches = 'dist/batches';

/** A daemon as most tests start it, with the rehearsal, which uses most of its code. */
const learning = `version: 1
domain: pbx.test
sip: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'] }
http: { listen: '127.0.0.1:0' }
store: { path: '${batches}/daemon.db' }
pbx:
  - { name: sim, type: simulated, extensions: ['1000-1009'] }
`;

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
// Loading its modules is most of what a start costs, 150 times: test/run/daemon.ts spares them that. Commands, and the interop
// suite, start src/main.js itself.
await build({
  stdin: {
    contents: "import { program } from './cli/program.js'; program().parseAsync(process.argv);",
    resolveDir: 'dist/src',
  },
  outfile: join(batches, 'daemon.cjs'),
  bundle: true,
  platform: 'node',
  target: 'node20',
  external: ['better-sqlite3'],
  logLevel: 'warning',
  plugins: [{ name: 'where each module is', setup: ({ onLoad }) => onLoad({ filter: /\.js$/ }, placed) }],
});
await learn();

/** A module that takes itself to be where it was, and finds its files and threads there. */
function placed({ path }: OnLoadArgs): OnLoadResult | null {
  if (path.includes('node_modules')) return null;
  const url = JSON.stringify(pathToFileURL(path).href);
  return { contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', url) };
}

/** Starts that daemon and stops it, and keeps what V8 made of its code. */
async function learn(): Promise<void> {
  const config = join(batches, 'daemon.yaml');
  writeFileSync(config, learning);
  const child = spawn(process.execPath, ['dist/test/run/daemon.js', 'start', '--config', config], {
    env: { ...process.env, TEST_DAEMON_LEARN: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      output.push(line);
      if (line.includes('Panel and API')) child.kill('SIGTERM');
    });
  }
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`the daemon ended with ${String(code)}:\n${output.join('\n')}`);
}
