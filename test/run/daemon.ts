// Starts the daemon of dist/batches (test/run/files.ts) from what V8 made of its text before: most of what a start costs is
// reading code. Where there is nothing of before, or it is of another V8, the text is read.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { constants, Script } from 'node:vm';

const file = fileURLToPath(new URL('../../batches/daemon.cjs', import.meta.url));
const known = `${file}.cache`;
const script = new Script(`(function (require, exports, module) {${readFileSync(file, 'utf8')}\n})`, {
  filename: file,
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  ...(existsSync(known) ? { cachedData: readFileSync(known) } : {}),
});
// At the end, when V8 has seen what a daemon uses.
if (process.env['TEST_DAEMON_LEARN'] !== undefined) {
  process.once('exit', () => writeFileSync(known, script.createCachedData()));
}
script.runInThisContext()(createRequire(file), {}, {});
