#!/usr/bin/env node
import { bundled } from './bundle.ts';

const { program } = bundled() ?? (await import('./cli/program.ts'));
await program().parseAsync(process.argv);
