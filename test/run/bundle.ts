// After `tsc`: makes the program of src/bundle.ts, one file of all its modules, and what V8 makes of that in a daemon's first
// seconds. Where nothing has changed since the last one, it stays.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build, type OnLoadArgs, type OnLoadResult } from 'esbuild';
import { bundleUrl, codeCacheUrl, compiled, sealed } from '../../src/bundle.ts';
import { daemonFlags } from './started.ts';

const bundle = fileURLToPath(bundleUrl);
const dist = fileURLToPath(new URL('../../', import.meta.url));
/** What npm writes last: the packages in the bundle may be others now. */
const packages = fileURLToPath(new URL('../../../node_modules/.package-lock.json', import.meta.url));

/** A daemon that says nothing for so long will not; milliseconds. */
const learningMs = 120_000;

/** A daemon as most start it, with the rehearsal, which uses most of its code. */
const learning = (folder: string) => `version: 1
domain: pbx.test
sip: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'] }
http: { listen: '127.0.0.1:0' }
store: { path: '${folder}/daemon.db' }
pbx:
  - { name: sim, type: simulated, extensions: ['1000-1009'] }
`;

const newest = Math.max(changedAt(packages), changedAt(fileURLToPath(import.meta.url)));
const madeAt = Math.min(changedAt(bundle), changedAt(fileURLToPath(codeCacheUrl)));
if (madeAt <= newest || compiled() === null) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../../src/cli/program.js', import.meta.url))],
    outfile: bundle,
    write: false,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    sourcemap: 'external',
    sourcesContent: false,
    banner: { js: '(function (require, module, exports, bundleHref, load) {' },
    footer: { js: '})' },
    // With addons, and what only one kind of PBX needs, in a thread of its own.
    external: ['better-sqlite3', 'koffi', 'ari-client', 'modesl'],
    logLevel: 'warning',
    plugins: [{ name: 'where each module is', setup: ({ onLoad }) => onLoad({ filter: /\.js$/ }, placed) }],
  });
  mkdirSync(dirname(bundle), { recursive: true });
  for (const name of readdirSync(dirname(bundle)).filter((one) => one.endsWith('.cache')))
    rmSync(join(dirname(bundle), name));
  for (const { path, text } of outputFiles) {
    // under another name first: a start may read it at this moment
    writeFileSync(`${path}.part`, path === bundle ? sealed(plain(text)) : text);
    renameSync(`${path}.part`, path);
  }
  // what a build of these flags, none, looks for is made last
  for (const flags of [daemonFlags, []]) await learn(flags);
}

/** In signs of ASCII alone: V8 reads one byte a sign twice as fast. esbuild leaves others in patterns and comments. */
function plain(text: string): string {
  return text.replace(/[^\0-\x7f]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/**
 * A module that takes itself to be where it was, and finds its files and threads there; what is none of ours it loads as
 * src/bundle.ts says.
 */
function placed({ path }: OnLoadArgs): OnLoadResult | null {
  if (relative(dist, path).startsWith('..')) return null;
  const here = `new URL(${JSON.stringify(relative(dirname(bundle), path))}, bundleHref).href`;
  const text = readFileSync(path, 'utf8').replaceAll('import.meta.url', here);
  return { contents: text.replace(/\bimport\((?!['"]\.)/g, 'load(') };
}

/** Starts a daemon from the bundle and stops it: at its end it keeps what V8 made of the code (test/run/learn.ts). */
async function learn(flags: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lamplighter-'));
  try {
    const config = join(folder, 'lamplighter.yaml');
    writeFileSync(config, learning(folder));
    const script = fileURLToPath(new URL('./learn.js', import.meta.url));
    const child = spawn(process.execPath, [...flags, script, 'start', '--config', config], {
      // with other flags V8 makes other code
      env: Object.fromEntries(
        Object.entries(process.env).filter(([name]) => !name.startsWith('LAMPLIGHTER_') && name !== 'NODE_OPTIONS'),
      ),
      timeout: learningMs,
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
    if (code !== 0) throw new Error(`the daemon of the bundle ended with ${String(code)}:\n${output.join('\n')}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
