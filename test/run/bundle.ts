// After `tsc`: makes the program of src/bundle.ts, one file of all its modules, and what V8 makes of that in a daemon's first
// seconds. Where nothing has changed since the last one, it stays.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build, type OnLoadArgs, type OnLoadResult } from 'esbuild';
import { bundleUrl, codeCacheUrl, markLength } from '../../src/bundle.ts';

const bundle = fileURLToPath(bundleUrl);
const modules = fileURLToPath(new URL('../../.tsbuildinfo', import.meta.url));

/** A daemon as most start it, with the rehearsal, which uses most of its code. */
const learning = (folder: string) => `version: 1
domain: pbx.test
sip: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'] }
http: { listen: '127.0.0.1:0' }
store: { path: '${folder}/daemon.db' }
pbx:
  - { name: sim, type: simulated, extensions: ['1000-1009'] }
`;

const newest = Math.max(changedAt(modules), changedAt(fileURLToPath(import.meta.url)));
if (Math.min(changedAt(bundle), changedAt(fileURLToPath(codeCacheUrl))) <= newest) {
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
  for (const { path, text } of outputFiles) {
    const mark = createHash('sha256').update(text).digest('hex').slice(0, markLength);
    writeFileSync(path, path === bundle ? `${text}//${mark}` : text);
  }
  await learn();
}

function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/**
 * A module that takes itself to be where it was, and finds its files and threads there; what is none of ours it loads as
 * src/bundle.ts says.
 */
function placed({ path }: OnLoadArgs): OnLoadResult | null {
  if (path.includes('node_modules')) return null;
  const here = `new URL(${JSON.stringify(relative(dirname(bundle), path))}, bundleHref).href`;
  const text = readFileSync(path, 'utf8').replaceAll('import.meta.url', here);
  return { contents: text.replace(/\bimport\((?!['"]\.)/g, 'load(') };
}

/** Starts a daemon from the bundle and stops it: at its end it keeps what V8 made of the code (test/run/learn.ts). */
async function learn(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lamplighter-'));
  try {
    const config = join(folder, 'lamplighter.yaml');
    writeFileSync(config, learning(folder));
    const script = fileURLToPath(new URL('./learn.js', import.meta.url));
    const child = spawn(process.execPath, ['--v8-pool-size=1', script, 'start', '--config', config], {
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LAMPLIGHTER_'))),
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
