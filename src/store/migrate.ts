import { Fault } from '../model/errors.ts';
import type { Driver } from './driver.ts';
import { first } from './migrations/0001-first.ts';
import { pulses } from './migrations/0002-pulses.ts';
import { extras } from './migrations/0003-extras.ts';
import { publications } from './migrations/0004-publications.ts';
import { profiles } from './migrations/0005-profiles.ts';
import { registrations } from './migrations/0006-registrations.ts';
import { dialogLines } from './migrations/0007-dialog-lines.ts';
import { makePrivate } from './privacy.ts';

/** Step n leads from schema n to n+1. Steps are never edited once released. */
const steps: readonly string[] = [first, pulses, extras, publications, profiles, registrations, dialogLines];

/** The schema that this version writes. */
export const schemaVersion = steps.length;

/**
 * Brings the schema up to date, each step in a transaction of its own. Before an existing database is changed a copy is
 * left beside it (`PATH.before-vN`). Throws `store-newer` where a later Lamplighter wrote it.
 */
export function migrate(driver: Driver, path: string): void {
  const version = Number(driver.pragma('user_version'));
  if (version > steps.length) {
    throw new Fault('store-newer', `database ${path}: schema ${version}, this version knows ${steps.length}`);
  }
  if (version > 0 && version < steps.length) {
    const copy = `${path}.before-v${steps.length}`;
    makePrivate(copy);
    driver.prepare('VACUUM INTO ?').run(copy);
  }
  for (const [index, sql] of steps.entries()) {
    if (index < version) continue;
    driver.transaction(() => {
      driver.exec(sql);
      driver.pragma(`user_version = ${index + 1}`);
    });
  }
}
