import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { HooksConfig } from './hooks-schema.ts';

/** Files that the section names and that are not there, `path: what is wrong` each. A program may also be found by PATH. */
export function missingHookFiles(hooks: HooksConfig | undefined): readonly string[] {
  const [command = ''] = hooks?.program ?? [];
  const named = [
    ['hooks.module', hooks?.module],
    ['hooks.program', command.includes('/') ? command : undefined],
    ['hooks.webhook.ca', hooks?.webhook?.ca],
  ] as const;
  return named.flatMap(([path, file]) =>
    file === undefined || existsSync(file) ? [] : [`${path}: there is no file ${resolve(file)}`],
  );
}
