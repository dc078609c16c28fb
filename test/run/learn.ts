// The program from its bundle; at the end, when V8 has seen what it uses, that is kept for later starts (src/bundle.ts).
import { writeFileSync } from 'node:fs';
import { codeCache, codeCacheUrl, compiled, run } from '../../src/bundle.ts';

const script = compiled();
if (script === null) throw new Error('there is no bundle, or it is older than the modules');
process.once('exit', () => writeFileSync(codeCacheUrl, codeCache(script)));
await run(script).program().parseAsync(process.argv);
