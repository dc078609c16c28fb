import { idleSettings } from '../config/drachtio-schema.ts';
import { readConfig } from './read-config.ts';

/** Prints every problem of the file, or that there is none. Exit code 0, or 2. */
export function checkConfig(file: string): number {
  const config = readConfig(file);
  if (typeof config === 'number') return config;
  const note = idleSettings(config.sip);
  process.stdout.write(`${file}: no errors\n${note === null ? '' : `${note}\n`}`);
  return 0;
}
