// The daemon module by module, not from the bundle: a probe finds its classes there (test/bench/preload.ts).
import { program } from '../../src/cli/program.ts';

await program().parseAsync(process.argv);
