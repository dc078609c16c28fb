// The program from its bundle; at the end, when V8 has seen what it uses, that is kept for later starts (src/bundle.ts).
import { renameSync, writeFileSync } from 'node:fs';
import { codeCache, codeCacheUrl, compiled, run } from '../../src/bundle.ts';

const script = compiled();
if (script === null) throw new Error('there is no bundle, or it is made of other modules');
process.once('exit', () => {
  const part = new URL(`${codeCacheUrl.href}.part`);
  writeFileSync(part, codeCache(script));
  renameSync(part, codeCacheUrl);
});
await run(script).program().parseAsync(process.argv);
