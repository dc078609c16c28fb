import { demoNote, notesOn } from '../config/notes.ts';
import { readConfig } from './read-config.ts';

/** Prints every problem of the file, or that there is none and what is odd all the same. Exit code 0, or 2. */
export function checkConfig(file: string): number {
  const config = readConfig(file);
  if (typeof config === 'number') return config;
  const demo = demoNote(config);
  const notes = [...(demo === null ? [] : [demo]), ...notesOn(config.sip)].map((note) => `${note}\n`);
  process.stdout.write(`${file}: no errors\n${notes.join('')}`);
  return 0;
}
