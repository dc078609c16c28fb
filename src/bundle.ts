import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

/** Where the build puts the program in one file (test/run/bundle.ts): dist/bundle. */
export const bundleUrl = new URL('../bundle/program.cjs', import.meta.url);

/** What V8 made of it, by the side of it; begins with the mark that the bundle ends with. */
export const codeCacheUrl = new URL('../bundle/program.cache', import.meta.url);

/** What `tsc` writes last; not in a package. */
const modulesUrl = new URL('../.tsbuildinfo', import.meta.url);

/** Of one build: V8 itself compares no more than lengths, and would run the code of yesterday. Hexadecimal digits. */
export const markLength = 64;

type Program = typeof import('./cli/program.ts');

/**
 * The program from one file: finding, reading and compiling a thousand modules is two thirds of what a start costs. null
 * where the build has made none, or modules are newer than it: then they are loaded one by one.
 */
export function bundled(): Program | null {
  const script = compiled();
  return script === null ? null : run(script);
}

/** The bundle, not run yet; with what V8 made of it before, where that is of this V8 and these flags. */
export function compiled(): Script | null {
  const madeAt = changedAt(bundleUrl);
  if (madeAt === null || madeAt < (changedAt(modulesUrl) ?? 0)) return null;
  const source = readFileSync(bundleUrl, 'latin1');
  const cachedData = codeOf(source.slice(-markLength));
  return new Script(source, { filename: fileURLToPath(bundleUrl), ...(cachedData === null ? {} : { cachedData }) });
}

function codeOf(mark: string): Buffer | null {
  if (changedAt(codeCacheUrl) === null) return null;
  const kept = readFileSync(codeCacheUrl);
  return kept.toString('latin1', 0, markLength) === mark ? kept.subarray(markLength) : null;
}

/** What is kept of a script that has run, for the next start. */
export function codeCache(script: Script): Buffer {
  const mark = readFileSync(bundleUrl).subarray(-markLength);
  return Buffer.concat([mark, script.createCachedData()]);
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

/** Milliseconds; null: it is not there. */
function changedAt(url: URL): number | null {
  return statSync(url, { throwIfNoEntry: false })?.mtimeMs ?? null;
}
