import type { Versions } from '../config/documents.ts';
import { type MigratedFile, migrateFiles } from '../config/migrate-files.ts';
import { describe } from '../config/problems.ts';
import { Fault } from '../model/errors.ts';
import { exits } from './exits.ts';
import { asJson, printable, type Terminal } from './terminal.ts';

/** Says what became of each file. Exit code 0, or 2 where one of them is wrong: then none was written. */
export function migrateConfig(
  file: string,
  { dryRun, json }: { readonly dryRun: boolean; readonly json: boolean },
  terminal: Pick<Terminal, 'out' | 'err'>,
  versions?: Versions,
): number {
  try {
    const result = migrateFiles(file, dryRun, versions);
    if (!result.ok) {
      terminal.err(`${describe(result.problems, file)}\n`);
      return exits.configuration;
    }
    terminal.out(json ? asJson({ files: result.files }) : result.files.map((one) => textOf(one, dryRun)).join(''));
    return exits.ok;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    terminal.err(`${error.message}\nTo do: ${error.fix}\n`);
    return error.exit;
  }
}

function textOf({ file, steps, backup }: MigratedFile, dryRun: boolean): string {
  const name = printable(file);
  if (steps.length === 0) return `${name}: nothing to do\n`;
  const end = dryRun ? 'not written (--dry-run)' : `written; as it was: ${printable(backup ?? '')}`;
  return [...steps, end].map((line) => `${name}: ${line}\n`).join('');
}
