import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

/** Where the build puts the program in one file (test/run/bundle.ts): dist/bundle. */
export const bundleUrl = new URL('../bundle/program.cjs', import.meta.url);

/**
 * What V8 made of it, by the side of it: the mark of the bundle, the SHA-256 of what follows, and that. V8 itself compares no more
 * than lengths: it would run the code of yesterday, and a damaged page would end every command in the middle of V8. It takes none
 * made with other flags, so there is one for daemons and one for commands.
 */
export const codeCacheUrl = new URL(`../bundle/program${isDaemon() ? '.daemon' : ''}.cache`, import.meta.url);

/** What `tsc` writes beside the modules; not in a package. */
const modulesUrl = new URL('../.tsbuildinfo', import.meta.url);

/** The last line of a bundle: the SHA-256 of the `.tsbuildinfo` it was made of, and that of its own text before, the mark. */
const ending = /\/\/([0-9a-f]{64}) ([0-9a-f]{64})$/;
const markLength = 64;
const cacheHead = 2 * markLength;
const endingLength = '//'.length + markLength + ' '.length + markLength;

type Program = typeof import('./cli/program.ts');

/** By the one flag that both V8 looks at and a daemon is started with. */
function isDaemon(): boolean {
  return [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].some((flag) =>
    flag.includes('--max-semi-space-size'),
  );
}

/**
 * The program from one file: finding, reading and compiling a thousand modules is two thirds of what a start costs. null
 * where the build has made none that is whole, or of other modules than are there now: then they are loaded one by one.
 */
export function bundled(): Program | null {
  const script = compiled();
  return script === null ? null : run(script);
}

/** The bundle, not run yet; with what V8 made of it before, where that is of this V8 and these flags. */
export function compiled(): Script | null {
  const bytes = contentOf(bundleUrl) ?? Buffer.alloc(0);
  const end = Math.max(bytes.length - endingLength, 0);
  const [, modules, mark] = ending.exec(bytes.toString('latin1', end)) ?? [];
  if (modules === undefined || mark === undefined) return null;
  const present = contentOf(modulesUrl);
  if (present !== null && sha256(present) !== modules) return null;
  // 4 ms for 4 MB: a page that the disk has lost would be found where its functions are called, days later
  if (sha256(bytes.subarray(0, end)) !== mark) return null;
  const cachedData = codeOf(mark);
  return new Script(bytes.toString('latin1'), {
    filename: fileURLToPath(bundleUrl),
    ...(cachedData === null ? {} : { cachedData }),
  });
}

/** `text` with its last line; Latin-1, as it is read, so `text` must have no other signs than those of ASCII. */
export function sealed(text: string): string {
  const modules = contentOf(modulesUrl);
  return `${text}//${modules === null ? ''.padEnd(markLength, '0') : sha256(modules)} ${sha256(Buffer.from(text, 'latin1'))}`;
}

function codeOf(mark: string): Buffer | null {
  const kept = contentOf(codeCacheUrl);
  if (kept === null || kept.toString('latin1', 0, markLength) !== mark) return null;
  const code = kept.subarray(cacheHead);
  return kept.toString('latin1', markLength, cacheHead) === sha256(code) ? code : null;
}

/** What is kept of a script that has run, for the next start. */
export function codeCache(script: Script): Buffer {
  const mark = readFileSync(bundleUrl).subarray(-markLength);
  const code = script.createCachedData();
  return Buffer.concat([mark, Buffer.from(sha256(code), 'latin1'), code]);
}

/**
 * Runs it: a function of what Node gives a module, of the place by which its modules find their files and threads, and of
 * `import()`, which a script has not (vm.Script's own, an experiment of Node's, fails where the code is of the cache).
 */
export function run(script: Script): Program {
  const module = { exports: {} as Program };
  const body = script.runInThisContext() as (...given: unknown[]) => void;
  const load = (specifier: string) => import(specifier);
  body(createRequire(bundleUrl), module, module.exports, bundleUrl.href, load);
  return module.exports;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** null: it is not there, or not for us to read. */
function contentOf(url: URL): Buffer | null {
  try {
    return readFileSync(url);
  } catch {
    return null;
  }
}
