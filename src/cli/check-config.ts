import { adapterKinds, adapterOptions } from '../../adapters/index.ts';
import { describe, loadConfig } from '../config/load.ts';
import { Fault } from '../model/errors.ts';

/** Prints every problem of the file, or that there is none. Exit code 0, or 2. */
export function checkConfig(file: string): number {
  try {
    const result = loadConfig({
      file,
      environment: process.env,
      optionsOf: adapterOptions,
      adapterTypes: Object.keys(adapterKinds),
    });
    if (result.ok) {
      process.stdout.write(`${file}: no errors\n`);
      return 0;
    }
    process.stderr.write(`${describe(result.problems, result.file)}\n`);
    return 2;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    process.stderr.write(`${error.message}\nTo do: ${error.fix}\n`);
    return error.exit;
  }
}
